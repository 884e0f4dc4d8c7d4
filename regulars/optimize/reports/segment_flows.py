"""Which segments grow, and whom they lose: size on one day and another, who came and who left between."""

from __future__ import annotations

from typing import Any

from regulars import analyze
from regulars.app import App
from regulars.optimize.reports import Chart, Column, Parameter, ReportResult, Series, Value, in_order, nothing, reports
from regulars.optimize.reports.segment_shift import DEFAULT_DAYS
from regulars.optimize.sales import PG
from regulars.optimize.words import span


class SegmentFlows:
    """One row a segment. A customer may be in many, so segments do not add up to the base."""

    name = "segment_flows"
    title = "Which segments grow, and whom do they lose?"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="start", title="From", hint="A quarter before the last day, if left empty", type="day"),
        Parameter(name="until", title="To", hint="The last day on which anybody moved, if left empty", type="day"),
    )

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        first, last = app.db.execute(PG.moved_days).fetchone() or (None, None)
        if last is None:
            return nothing(self, "Nobody has entered a segment yet")
        until = last if params["until"] is None else params["until"]
        start = min(max(until - DEFAULT_DAYS, first), until) if params["start"] is None else params["start"]
        in_order(start, until)
        found = app.db.execute(PG.segment_flows, {"from_day": start, "to_day": until}).fetchall()
        titles = {segment.name: segment.title for segment in analyze.segments(app, archived=True)}
        rows: list[list[Value]] = []
        for name, before, came, left in found:
            rows.append([titles.get(name, name), before, came, left, before + came - left])
        rows.sort(key=lambda row: (-int(row[4] or 0), str(row[0])))
        return ReportResult(
            name=self.name,
            title=finding(rows),
            measure=f"Customers in segments, {span(start, until)}",
            unit="count",
            columns=[
                Column(name="segment", title="Segment"),
                Column(name="before", title="Size then", unit="count"),
                Column(name="came", title="Came", unit="count"),
                Column(name="left", title="Left", unit="count"),
                Column(name="now", title="Size now", unit="count"),
            ],
            rows=rows,
            chart=Chart(
                kind="bars",
                x="segment",
                series=(
                    Series(column="now", title="Now"),
                    Series(column="before", title="Before", role="before"),
                ),
            ),
            as_of_day=until,
        )


def finding(rows: list[list[Value]]) -> str:
    """The segment that grew most and the one that shrank most, by number of customers."""
    changes = [(int(row[4] or 0) - int(row[1] or 0), str(row[0])) for row in rows]
    if not any(change for change, _ in changes):
        return "No segment changed its size"
    (most, winner), (least, loser) = max(changes), min(changes)
    grew = f"{winner} grew by {most:,}" if most > 0 else ""
    shrank = f"{loser} shrank by {-least:,}" if least < 0 else ""
    return " and ".join(part for part in (grew, shrank) if part)


reports.add(SegmentFlows.name)(SegmentFlows())
