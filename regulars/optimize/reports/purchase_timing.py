"""When do customers buy: weekday and hour in the brand's zone, and what moved since the period before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regulars.app import App
from regulars.kit.clock import from_microseconds
from regulars.optimize import intervals, sales
from regulars.optimize.intervals import Difference
from regulars.optimize.reports import TOO_EARLY, Chart, Column, Parameter, ReportResult, Series, nothing, reports
from regulars.optimize.reports.purchase_trends import PERIOD
from regulars.optimize.words import WEEKDAYS, money, points

QUARTER_US = 900_000_000
HOURS = 24
Grid = NDArray[np.int64]


class PurchaseTiming:
    """Orders and revenue by weekday and hour."""

    name = "purchase_timing"
    title = "When do customers buy?"
    parameters: tuple[Parameter, ...] = PERIOD

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        found = sales.compared(app, params, sales.SQL.orders_by_quarter_hour, sales.SQL.revenue_by_weekday_and_owner)
        if found is None:
            return nothing(self, TOO_EARLY)
        period, (quarters, by_customer) = found
        orders, revenue = grids(quarters, app)
        shifts = weekday_shifts(by_customer)
        return ReportResult(
            name=self.name,
            title=finding(revenue[1], shifts, period.days, app.settings.brand_currency),
            measure=f"Revenue by weekday and hour, {period.told}",
            unit="cents",
            columns=[
                Column(name="weekday", title="Weekday"),
                Column(name="hour", title="Hour", unit="hour"),
                Column(name="orders", title="Orders", unit="count"),
                Column(name="revenue_cents", title="Revenue", unit="cents"),
                Column(name="before_cents", title="Revenue before", unit="cents"),
            ],
            rows=[
                [WEEKDAYS[d], h, int(orders[1, d, h]), int(revenue[1, d, h]), int(revenue[0, d, h])]
                for d in range(len(WEEKDAYS))
                for h in range(HOURS)
            ],
            chart=Chart(
                kind="matrix",
                x="hour",
                y="weekday",
                series=(Series(column="revenue_cents", title="Revenue", role="amount"),),
            ),
            verdict="; ".join(_told(day, shift) for day, shift in enumerate(shifts) if shift.is_proven)
            or "no weekday's part of revenue moved beyond chance",
            as_of_day=period.until,
        )


def grids(quarters: dict[str, NDArray[Any]], app: App) -> tuple[Grid, Grid]:
    """Orders and revenue as (before and now, weekday, hour)."""
    orders = np.zeros((2, len(WEEKDAYS), HOURS), dtype=np.int64)
    revenue = np.zeros_like(orders)
    # Zones change on quarter hours only, and a year has 35,000 of them however many orders it has.
    rows = zip(*(quarters[name].tolist() for name in ("quarter", "is_now", "orders", "revenue_cents")), strict=True)
    for quarter, is_now, count, cents in rows:
        local = from_microseconds(quarter * QUARTER_US).astimezone(app.settings.zone)
        orders[is_now, local.weekday(), local.hour] += count
        revenue[is_now, local.weekday(), local.hour] += cents
    return orders, revenue


def weekday_shifts(columns: dict[str, NDArray[Any]]) -> list[Difference]:
    """How each weekday's part of revenue moved, customers being the independent units."""
    owners, at = np.unique(columns["owner"], return_inverse=True)
    spend = np.zeros((2, len(WEEKDAYS), len(owners)))
    np.add.at(spend, (columns["is_now"], columns["weekday"], at.reshape(-1)), columns["revenue"])
    total = spend.sum(axis=1)
    return [
        intervals.of_ratios((spend[1, day], total[1]), (spend[0, day], total[0]), among=len(WEEKDAYS))
        for day in range(len(WEEKDAYS))
    ]


def finding(revenue: Grid, shifts: list[Difference], days: int, currency: str) -> str:
    """One sentence: the strongest hour, and the weekday that moved most, if any did."""
    if not revenue.any():
        return "Nobody bought in this period"
    day, hour = np.unravel_index(int(revenue.argmax()), revenue.shape)
    weekly = float(revenue[day, hour]) * sales.WEEK_DAYS / days
    told = (
        f"{WEEKDAYS[int(day)]} {hour}:00 to {int(hour) + 1}:00 is the strongest hour, {money(weekly, currency)} a week"
    )
    proven = [(day, shift) for day, shift in enumerate(shifts) if shift.is_proven]
    if not proven:
        return f"{told}; no weekday's part moved beyond chance"
    return f"{told}; {_told(*max(proven, key=lambda pair: abs(pair[1].change)))}"


def _told(day: int, shift: Difference) -> str:
    verb = "gained" if shift.change > 0 else "lost"
    return f"{WEEKDAYS[day]} {verb} {points(abs(shift.change))[1:]} of revenue"


reports.add(PurchaseTiming.name)(PurchaseTiming())
