"""Shelf of reports: what was found, in one sentence, with the rows that prove it and the chart that shows them.

A report is one file here. Its title is a finding that could be wrong, in words and money; chart, table and CSV are the
same rows. A report reads (the lake through DuckDB, or PostgreSQL) and writes nothing.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from regulars.app import App
from regulars.kit.registry import Shelf
from regulars.optimize.errors import ParameterRefused
from regulars.optimize.words import dated

Unit = Literal["", "cents", "count", "days", "share", "points", "day", "hour", "number"]
"""Of a column: cents, shares (0 to 1), points (difference of shares, 0.01 is one point), day numbers …"""
Value = str | int | float | None
"""Of a cell; None is "not known"."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may choose. `default` None means: the report chooses."""

    name: str
    title: str
    hint: str = ""
    """What holds where nothing is chosen, if the default does not say it."""
    type: Literal["whole", "day", "choice"]
    """A day is written as 2026-11-22."""
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 1_000_000


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the rows."""

    name: str
    title: str
    unit: Unit = ""
    absent: str = "Not known"
    """What a page says where a cell holds nothing."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is drawn. `role` decides its color: now, the base of comparison, a category, or little to much."""

    column: str
    title: str
    role: Literal["now", "before", "category", "amount"] = "now"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """How to draw the rows; the page draws, a report does not.

    line: x and series. bars: x down the side and series as lengths. matrix: x across, y down, one series as color and
    number. parts: one stacked bar a series, x names its parts.
    """

    kind: Literal["line", "bars", "matrix", "parts"]
    x: str
    series: tuple[Series, ...]
    y: str | None = None


class ReportResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and its evidence."""

    name: str
    title: str
    """The finding, a sentence."""
    measure: str
    """What was measured, over which period, on which base."""
    unit: Unit
    columns: list[Column]
    rows: list[list[Value]]
    chart: Chart | None
    verdict: str = ""
    """How sure, in words."""
    as_of_day: int | None = None
    """The last day that is in it; None: there is nothing in it."""


class Report(Protocol):
    """One report. Attributes are constants of the class."""

    name: str
    title: str
    """What it answers, as a question."""
    parameters: tuple[Parameter, ...]

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        """The finding for these parameters, which are complete and of their types. Call inside a transaction."""
        ...


UNTIL = Parameter(name="until", title="Last day", hint="The last day with an order, if left empty", type="day")


def days(default: int, most: int) -> Parameter:
    """The length of the period, which ends on the day of UNTIL."""
    return Parameter(name="days", title="Days", hint="Length of the period", type="whole", default=default, most=most)


# Said by what compares two periods.
TOO_EARLY = "It is too early to say: no order has reached the lake on two days up to then"


def in_order(first: int, last: int) -> None:
    """Raises ParameterRefused when a report was asked about a time that ends before it begins."""
    if first > last:
        raise ParameterRefused(
            f"The first day ({dated(first)}) is after the last one ({dated(last)})",
            "Choose an earlier first day, or a later last one",
        )


reports: Shelf[Report] = Shelf("report", __name__)


def nothing(report: Report, why: str) -> ReportResult:
    """A result without rows that says why there are none."""
    return ReportResult(
        name=report.name, title="Nothing to report yet", measure=why, unit="", columns=[], rows=[], chart=None
    )


__all__ = [
    "TOO_EARLY",
    "UNTIL",
    "Chart",
    "Column",
    "Parameter",
    "Report",
    "ReportResult",
    "Series",
    "Unit",
    "Value",
    "days",
    "in_order",
    "nothing",
    "reports",
]
