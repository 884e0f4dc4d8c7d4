"""Who moved where: customers by grade on one day against another, as a matrix whose rows add up to the sizes then."""

from __future__ import annotations

from typing import Any

import msgspec

from regulars.analyze import scores
from regulars.app import App
from regulars.optimize.reports import Chart, Column, Parameter, ReportResult, Series, Value, in_order, nothing, reports
from regulars.optimize.sales import PG
from regulars.optimize.words import percent, span

DEFAULT_DAYS = 91
NEW = "not yet a customer"
GONE = "no longer scored"
MODELS = ("rfm", "lifetime_value")


class Shift(msgspec.Struct, frozen=True):
    """Customers who stood at `before` and stand at `after`."""

    before: str
    after: str
    customers: int


class SegmentShift:
    """Migration between the grades of a score: who climbed, who slipped, who came, who left."""

    name = "segment_shift"
    title = "Who moved where?"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="by", title="Groups of", type="choice", default="rfm", choices=MODELS),
        Parameter(name="start", title="From", hint="A quarter before the last day, if left empty", type="day"),
        Parameter(name="until", title="To", hint="The last day on which groups changed, if left empty", type="day"),
    )

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        model = params["by"]
        first, last = app.db.execute(PG.graded_days, {"model": model}).fetchone() or (None, None)
        if last is None:
            return nothing(self, "No customer has been scored yet")
        until = last if params["until"] is None else params["until"]
        start = min(max(until - DEFAULT_DAYS, first), until) if params["start"] is None else params["start"]
        in_order(start, until)
        days = {"model": model, "from_day": start, "to_day": until}
        shifts = [Shift(b or NEW, a or GONE, n) for b, a, n in app.db.execute(PG.grade_moves, days)]
        grades = list(scores[model].grades)
        return ReportResult(
            name=self.name,
            title=finding(shifts, grades),
            measure=f"Customers by {scores[model].title.lower()}, {span(start, until)}; rows: where they stood",
            unit="count",
            columns=[
                Column(name="before", title="Stood at"),
                Column(name="after", title="Stands at"),
                Column(name="customers", title="Customers", unit="count"),
                Column(name="share", title="Part of those who stood there", unit="share"),
            ],
            rows=matrix(shifts, grades),
            chart=Chart(
                kind="matrix",
                x="after",
                y="before",
                series=(Series(column="customers", title="Customers", role="amount"),),
            ),
            as_of_day=until,
        )


def matrix(shifts: list[Shift], grades: list[str]) -> list[list[Value]]:
    """Every cell, best group first; the customers of a row add up to the size of its group on the first day."""
    counts = {(shift.before, shift.after): shift.customers for shift in shifts}
    order = grades[::-1]
    rows: list[list[Value]] = []
    for before in [*order, NEW]:
        cells = [(after, counts.get((before, after), 0)) for after in [*order, GONE]]
        size = sum(count for _, count in cells)
        for after, count in cells:
            rows.append([before, after, count, count / size if size else 0.0])
    return rows


def finding(shifts: list[Shift], grades: list[str]) -> str:
    """One sentence: climbed against slipped, and the largest single move."""
    rank = {grade: at for at, grade in enumerate(grades)}
    both = [shift for shift in shifts if shift.before in rank and shift.after in rank]
    base = sum(shift.customers for shift in both)
    new = sum(shift.customers for shift in shifts if shift.before == NEW)
    if not base:
        return f"{new:,} customers are new; nobody was scored on both days"
    up = sum(shift.customers for shift in both if rank[shift.after] > rank[shift.before])
    down = sum(shift.customers for shift in both if rank[shift.after] < rank[shift.before])
    told = f"{up:,} customers climbed ({percent(up / base)}) and {down:,} slipped ({percent(down / base)})"
    moves = [shift for shift in both if shift.before != shift.after]
    if not moves:
        return f"Nobody moved between groups; {new:,} customers are new"
    most = max(moves, key=lambda shift: (shift.customers, shift.before, shift.after))
    return f"{told}; most of all from {most.before} to {most.after} ({most.customers:,})"


reports.add(SegmentShift.name)(SegmentShift())
