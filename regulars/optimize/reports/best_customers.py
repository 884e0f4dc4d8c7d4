"""Who are the best customers: by spend in a period, with what they are expected to bring next."""

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
    days,
    nothing,
    reports,
)
from regulars.optimize.words import money, span


class BestCustomers:
    """Known customers with the highest spend."""

    name = "best_customers"
    title = "Who are the best customers?"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="most", title="How many", type="whole", default=20, most=1_000),
        days(365, most=3_650),
        UNTIL,
    )

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        with sales.opened(app) as lake:
            if lake is None:
                return nothing(self, "No order has reached the lake")
            until = lake.last_day if params["until"] is None else params["until"]
            start = max(until - params["days"] + 1, min(lake.first_day, until))
            best = lake.rows(sales.SQL.best_buyers, start=start, until=until, most=params["most"])
        if not best:
            return nothing(self, "Nobody we know bought in this period")
        found = app.db.execute(sales.PG.names_and_grades, {"customers": [row[0] for row in best]}).fetchall()
        people = {customer: rest for customer, *rest in found}
        rows = [_row(row, people[row[0]]) for row in best]
        total = money(sum(row[1] for row in best), app.settings.brand_currency)
        return ReportResult(
            name=self.name,
            title=f"{rows[0][1] or 'A customer'} leads the {len(rows)} best customers, who brought {total}",
            measure=f"Spend, {span(start, until)}",
            unit="cents",
            columns=[
                Column(name="customer", title="Customer id"),
                Column(name="name", title="Name"),
                Column(name="revenue_cents", title="Spend", unit="cents"),
                Column(name="orders", title="Orders", unit="count"),
                Column(name="last_day", title="Last order", unit="day"),
                Column(name="group", title="Group"),
                Column(name="next_year_cents", title="Predicted, next 52 weeks", unit="cents"),
            ],
            rows=rows,
            chart=Chart(kind="bars", x="name", series=(Series(column="revenue_cents", title="Spend"),)),
            as_of_day=until,
        )


def _row(buyer: tuple[Any, ...], person: list[Any]) -> list[Value]:
    customer, revenue, orders, last_day = buyer
    first_name, last_name, grade, value = person
    name = " ".join(part for part in (first_name, last_name) if part) or None
    return [customer, name, revenue, orders, last_day, grade, None if value is None else round(value)]


reports.add(BestCustomers.name)(BestCustomers())
