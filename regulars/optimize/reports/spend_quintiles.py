"""How much of revenue hangs on the best fifth of customers."""

from __future__ import annotations

from typing import Any

from regulars.app import App
from regulars.optimize import sales
from regulars.optimize.reports import (
    UNTIL,
    Chart,
    Column,
    Parameter,
    ReportResult,
    Series,
    Value,
    in_order,
    nothing,
    reports,
)
from regulars.optimize.words import money, percent, span

FIFTHS = 5
NAMES = ("Best fifth", "Second fifth", "Third fifth", "Fourth fifth", "Last fifth")


class SpendQuintiles:
    """Customers (or the households of panel data) ranked by spend, in five groups of equal number."""

    name = "spend_quintiles"
    title = "How much hangs on the best customers?"
    parameters: tuple[Parameter, ...] = (
        Parameter(
            name="owner", title="Grouped by", type="choice", default="customer", choices=("customer", "household")
        ),
        Parameter(name="start", title="First day", hint="The first day with an order, if left empty", type="day"),
        UNTIL,
    )

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        with sales.opened(app) as lake:
            if lake is None:
                return nothing(self, "No order has reached the lake")
            last = lake.last_day if params["until"] is None else params["until"]
            first = min(lake.first_day, last) if params["start"] is None else params["start"]
            in_order(first, last)
            by = sales.SQL.spend_by_household if params["owner"] == "household" else sales.SQL.spend_by_customer
            ranked = lake.rows(by, start=first, until=last)
        if not ranked:
            return nothing(self, f"No order names a {params['owner']}")
        groups = fifths([(revenue, orders) for _, revenue, orders in ranked])
        total = sum(int(row[2] or 0) for row in groups)
        best = f"{percent(int(groups[0][2] or 0) / total if total else 0.0)} of revenue"
        whose = f"{params['owner']}s"
        return ReportResult(
            name=self.name,
            title=f"The best fifth of {whose} brings {best}: {_money(groups[0][2], app)} of {_money(total, app)}",
            measure=f"Part of revenue by fifths of {whose} ranked by spend, {span(first, last)}",
            unit="share",
            columns=[
                Column(name="fifth", title=f"{params['owner'].capitalize()}s"),
                Column(name="size", title="Number", unit="count"),
                Column(name="revenue_cents", title="Revenue", unit="cents"),
                Column(name="share", title="Part of revenue", unit="share"),
                Column(name="orders", title="Orders", unit="count"),
                Column(name="least_cents", title="Spend from", unit="cents"),
            ],
            rows=groups,
            chart=Chart(kind="parts", x="fifth", series=(Series(column="share", title="Part of revenue"),)),
            as_of_day=last,
        )


def fifths(ranked: list[tuple[int, int]]) -> list[list[Value]]:
    """One row a fifth of (cents, orders), highest first; what five do not divide goes to the upper fifths."""
    size, more = divmod(len(ranked), FIFTHS)
    total = sum(cents for cents, _ in ranked)
    rows: list[list[Value]] = []
    start = 0
    for at, name in enumerate(NAMES):
        group = ranked[start : start + size + (at < more)]
        start += len(group)
        revenue = sum(cents for cents, _ in group)
        least = group[-1][0] if group else None
        share = revenue / total if total else 0.0
        rows.append([name, len(group), revenue, share, sum(orders for _, orders in group), least])
    return rows


def _money(cents: Any, app: App) -> str:
    return money(cents, app.settings.brand_currency)


reports.add(SpendQuintiles.name)(SpendQuintiles())
