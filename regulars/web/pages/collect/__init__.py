"""Sources and refusals."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars.web import access, render, words
from regulars.web.api import collect as api
from regulars.web.charts import Figure
from regulars.web.pages.collect import tabs
from regulars.web.pages.collect.kinds import KINDS
from regulars.web.site import House


@get("/sources", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def sources_page(app: House, request: Request[Any, Any, Any], before: FromQuery[int | None] = None) -> Response[str]:
    """Per source: events, last seen, refused; below, every refusal with its reason and how to mend it."""
    with app.transaction() as inside:
        shown, pulse = api.sources(inside, before), api.pulse(inside)
    outside = [use for use in shown.sources if use.source.kind != "own"]
    return render.page(
        app,
        "pages/collect/sources.html",
        request,
        title=title(len(outside), pulse),
        figures=figures(len(outside), pulse),
        shown=shown,
        most=max((use.events for use in shown.sources), default=0),
        kinds=KINDS,
    )


@get("/sources/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def source_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], tab: FromQuery[str] = ""
) -> Response[str]:
    """One source, at the tab asked for."""
    return tabs.page(app, request, name, tab)


def title(sources: int, pulse: api.Pulse) -> str:
    """What was found, as a sentence that can be wrong."""
    if not sources:
        return "No source is connected yet"
    was = "was" if pulse.refused == 1 else "were"
    refused = f"{words.plural(pulse.refused, 'event')} {was} refused" if pulse.refused else "nothing was refused"
    return f"{words.plural(sources, 'source')} connected; {refused}"


def figures(sources: int, pulse: api.Pulse) -> list[Figure]:
    """Four figures: what came, what waits, who was found, what was refused."""
    share = words.percent(pulse.refused / (pulse.events + pulse.refused), 3) if pulse.events else ""
    return [
        Figure(
            name="Events",
            value=words.number(pulse.events),
            live="events",
            than=f"from {words.plural(sources, 'source')}",
        ),
        Figure(
            name="Waiting for the flow", value=words.number(pulse.behind), live="behind", than="of what has arrived"
        ),
        Figure(
            name="People found",
            value=words.number(pulse.customers),
            live="customers",
            than=f"and {pulse.anonymous:,} anonymous visitors",
        ),
        Figure(
            name="Refused",
            value=words.number(pulse.refused),
            live="refused",
            than=f"{share} of all, each with a reason" if pulse.refused else "every event was taken",
        ),
    ]


routes = [sources_page, source_page, *(route for _, tab in tabs.tabs.items() for route in tab.routes)]
