"""How does it move: revenue, orders and buyers week by week."""

from __future__ import annotations

from typing import Any

from regulars.app import App
from regulars.kit.clock import day_number
from regulars.optimize import sales
from regulars.optimize.reports import UNTIL, Chart, Column, Parameter, ReportResult, Series, Value, nothing, reports
from regulars.optimize.words import money, percent, span

DEFAULT_WEEKS = 52
MONDAY_SHIFT = 3


class SalesByWeek:
    """One row a whole week, Monday to Sunday."""

    name = "sales_by_week"
    title = "How does revenue move?"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="weeks", title="Weeks shown", type="whole", default=DEFAULT_WEEKS, most=520),
        UNTIL,
    )

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        with sales.opened(app) as lake:
            if lake is None:
                return nothing(self, "No order has reached the lake")
            until = lake.last_day if params["until"] is None else params["until"]
            # Whole weeks only: half a week would look like a fall, and so would one whose Sunday is still running.
            until = min(until, day_number(app.clock.now(), app.settings.zone) - 1)
            end = (until + 1 + MONDAY_SHIFT) // sales.WEEK_DAYS * sales.WEEK_DAYS - MONDAY_SHIFT - 1
            start = max(end - params["weeks"] * sales.WEEK_DAYS + 1, _monday_from(lake.first_day))
            found = lake.rows(sales.SQL.by_week, start=start, until=end)
        if not found:
            return nothing(self, "No whole week has passed yet")
        rows: list[list[Value]] = [
            [week * sales.WEEK_DAYS - MONDAY_SHIFT, revenue, orders, buyers] for week, orders, revenue, buyers in found
        ]
        return ReportResult(
            name=self.name,
            title=finding([row[2] for row in found], app.settings.brand_currency),
            measure=f"Revenue a week, Monday to Sunday, {span(start, end)}",
            unit="cents",
            columns=[
                Column(name="week", title="Week from", unit="day"),
                Column(name="revenue_cents", title="Revenue", unit="cents"),
                Column(name="orders", title="Orders", unit="count"),
                Column(name="buyers", title="Customers who bought", unit="count"),
            ],
            rows=rows,
            chart=Chart(kind="line", x="week", series=(Series(column="revenue_cents", title="Revenue"),)),
            as_of_day=end,
        )


def finding(revenue: list[int], currency: str) -> str:
    """The last week against the mean of the four before it."""
    last = f"The last whole week brought {money(revenue[-1], currency)}"
    before = revenue[-5:-1]
    if not before or sum(before) <= 0:
        return last
    mean = sum(before) / len(before)
    share = revenue[-1] / mean - 1
    weeks = "the week" if len(before) == 1 else f"the mean of the {len(before)} weeks"
    return f"{last}, {percent(share)} {'above' if share >= 0 else 'below'} {weeks} before ({money(mean, currency)})"


def _monday_from(day: int) -> int:
    return -(-(day + MONDAY_SHIFT) // sales.WEEK_DAYS) * sales.WEEK_DAYS - MONDAY_SHIFT


reports.add(SalesByWeek.name)(SalesByWeek())
