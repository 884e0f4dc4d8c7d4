"""Is the brand selling more, and why: revenue taken apart into buyers, visits and carts, against the period before."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from numpy.typing import NDArray

from regulars.app import App
from regulars.optimize import intervals, sales
from regulars.optimize.intervals import Difference
from regulars.optimize.reports import (
    TOO_EARLY,
    UNTIL,
    Chart,
    Column,
    Parameter,
    ReportResult,
    Series,
    Unit,
    Value,
    days,
    nothing,
    reports,
)
from regulars.optimize.words import money, moved

# Whole weeks, so that both periods have the same weekdays.
DEFAULT_DAYS = 28
PERIOD = (days(DEFAULT_DAYS, most=366), UNTIL)
# What to say when a driver rose, and when it fell.
BUYERS = ("more people bought", "fewer people bought")
VISITS = ("they came more often", "they came less often")
CARTS = ("they spent more each time", "they spent less each time")
Columns = dict[str, NDArray[Any]]


class Measure(msgspec.Struct, frozen=True):
    """One line of the report."""

    title: str
    unit: Unit
    difference: Difference
    driver: tuple[str, str] | None = None
    """Why revenue moved, if this is a part of it."""


class PurchaseTrends:
    """Revenue, buyers, visits, checkout value, cart size and discounts."""

    name = "purchase_trends"
    title = "Is the brand selling more, and why?"
    parameters: tuple[Parameter, ...] = PERIOD

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        found = sales.compared(app, params, sales.SQL.totals_by_owner)
        if found is None:
            return nothing(self, TOO_EARLY)
        period, (columns,) = found
        lines = measures(columns)
        contributions = dict(zip([line.title for line in lines if line.driver], drivers(lines), strict=True))
        return ReportResult(
            name=self.name,
            title=finding(lines, contributions, app.settings.brand_currency),
            measure=period.told,
            unit="cents",
            columns=[
                Column(name="measure", title="Measure"),
                Column(name="unit", title="Unit"),
                Column(name="now", title="Now", unit="number"),
                Column(name="before", title="Before", unit="number"),
                Column(name="change", title="Change", unit="share"),
                Column(name="low", title="Change at least", unit="share"),
                Column(name="high", title="Change at most", unit="share"),
                Column(
                    name="contribution_cents", title="Part of the change of revenue", unit="cents", absent="No driver"
                ),
                Column(name="verdict", title="Verdict"),
            ],
            rows=[_row(line, contributions.get(line.title)) for line in lines],
            chart=Chart(kind="bars", x="measure", series=(Series(column="change", title="Change"),)),
            verdict=lines[0].difference.verdict,
            as_of_day=period.until,
        )


def measures(c: Columns) -> list[Measure]:
    """Every measure with its interval; customers are the independent units."""
    orders = c["orders_now"].astype(float), c["orders_before"].astype(float)
    revenue = c["revenue_now"], c["revenue_before"]
    buyers = (orders[0] > 0).astype(float), (orders[1] > 0).astype(float)

    def each(top: str, base: tuple[NDArray[Any], NDArray[Any]]) -> Difference:
        return intervals.of_ratios((c[f"{top}_now"], base[0]), (c[f"{top}_before"], base[1]))

    return [
        Measure("Revenue", "cents", intervals.of_totals(*revenue)),
        Measure("Customers who bought", "count", intervals.of_totals(*buyers), BUYERS),
        Measure("Orders a customer", "number", each("orders", buyers), VISITS),
        Measure("Checkout value", "cents", each("revenue", orders), CARTS),
        Measure("Pieces a cart", "number", each("pieces", orders)),
        Measure("Saved a cart", "cents", each("saved", orders)),
        Measure("Orders", "count", intervals.of_totals(*orders)),
    ]


def drivers(lines: list[Measure]) -> list[float]:
    """Cents of the change of revenue that each driver carries; they add up to it, in no order of blame."""
    revenue = lines[0].difference
    parts = [line.difference for line in lines if line.driver]
    if revenue.now <= 0 or revenue.before <= 0 or any(p.now <= 0 or p.before <= 0 for p in parts):
        return [0.0] * len(parts)
    growth = math.log(revenue.now / revenue.before)
    weight = revenue.change / growth if abs(growth) > 1e-12 else revenue.now
    return [weight * math.log(part.now / part.before) for part in parts]


def finding(lines: list[Measure], contributions: dict[str, float], currency: str) -> str:
    """One sentence."""
    revenue = lines[0].difference
    if not revenue.before:
        return f"Revenue was {money(revenue.now, currency)}; there is nothing before it to compare with"
    told = f"Revenue is {moved(revenue)}: {money(revenue.now, currency)} after {money(revenue.before, currency)}"
    same_way = [line for line in lines if line.driver and contributions[line.title] * revenue.change > 0]
    if not revenue.is_proven or not same_way:
        return told
    main = max(same_way, key=lambda line: abs(contributions[line.title]))
    assert main.driver is not None
    more, fewer = main.driver
    share = abs(contributions[main.title])
    return f"{told}; mostly because {more if main.difference.change > 0 else fewer} ({money(share, currency)})"


def _row(line: Measure, contribution: float | None) -> list[Value]:
    d = line.difference
    low, high = (d.low / d.before, d.high / d.before) if d.before else (None, None)
    figures: list[Value] = [round(d.now, 4), round(d.before, 4), d.share, low, high]
    return [line.title, line.unit, *figures, None if contribution is None else round(contribution), d.verdict]


reports.add(PurchaseTrends.name)(PurchaseTrends())
