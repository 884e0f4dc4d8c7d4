"""Segments: the list, one with its people, and why somebody is in it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from regulars.kit.clock import day_date
from regulars.web import access, render, words
from regulars.web.api import analyze as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

HISTORY_DAYS = 400


@get("/segments", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def segments_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """All segments."""
    with app.transaction() as inside:
        listed = api.segments(inside)
        known = api.known_customers(inside)
    return render.page(app, "pages/analyze/segments.html", request, listed=listed, known=known)


@get("/segments/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def segment_page(app: House, request: Request[Any, Any, Any], name: str, after: int | None = None) -> Response[str]:
    """One segment: rule, size over time, members, overlap, reach."""
    with app.transaction() as inside:
        view = api.segment(inside, name, after)
    part = request.headers.get("hx-target") == "more"
    template = "pages/analyze/members.html" if part else "pages/analyze/segment.html"
    return render.page(app, template, request, view=view, drawn=history(view))


def history(view: api.SegmentPage) -> Chart | None:
    """Size at the end of each day on which it changed; None before there are two."""
    sizes = view.history[-HISTORY_DAYS:]
    if len(sizes) < 2:
        return None
    first, last = sizes[0], sizes[-1]
    labels = [f"{day_date(size.day).day} {day_date(size.day):%b %Y}" for size in sizes]
    peak = max(sizes, key=lambda size: size.size)
    title = grown(first.size, last.size)
    return Chart(
        title=title,
        measure="People in it at the end of each day on which it changed",
        over="Day",
        labels=labels,
        series=[Series(name="People", values=[float(size.size) for size in sizes])],
        sentence=f"{title}: {first.size:,} people on {labels[0]}, {last.size:,} on {labels[-1]}; most were {peak.size:,}.",
    )


def grown(first: int, last: int) -> str:
    """How the size moved, as a sentence."""
    if first == last:
        return f"It has {words.number(last)} people, as at the beginning"
    verb = "grew" if last > first else "shrank"
    return f"It {verb} from {first:,} to {last:,} people"


routes = [segments_page, segment_page]
