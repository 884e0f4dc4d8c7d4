"""What a chart says, apart from how it is drawn: the finding, the numbers, a sentence for those who cannot see it."""

from __future__ import annotations

import msgspec

COLORS = ("--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6")


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One line or one set of bars; None where nothing was observed."""

    name: str
    values: list[float | None]
    color: str = COLORS[0]
    role: str = "observed"
    """observed, before (the earlier period) or predicted."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Title = finding. `kind` is line, steps, columns or bars; every chart also shows as a table."""

    title: str
    measure: str
    over: str
    """What the labels are: Week, Category."""
    labels: list[str]
    series: list[Series]
    sentence: str
    kind: str = "line"
    stacked: bool = False
    from_zero: bool = True
    decimals: int = 0
    prefix: str = ""
    suffix: str = ""
    note: str = ""

    @property
    def legend(self) -> bool:
        """A single series is named by the title."""
        return len(self.series) > 1 or bool(self.note)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One key figure: number, unit, and what it is compared with."""

    name: str
    value: str
    unit: str = ""
    delta: str = ""
    falls: bool = False
    tone: str = ""
    than: str = ""
    live: str = ""
    spark: list[float] = []
