"""Sources and audit: what the brand has, how good it is, what to connect next."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from regulars import collect, resolve, worker
from regulars.resolve import Audit, joinable
from regulars.web import access, audit, render, words
from regulars.web.api import collect as api
from regulars.web.charts import Figure
from regulars.web.pages.collect import matching, systems, tabs
from regulars.web.pages.collect.kinds import KINDS
from regulars.web.site import House


@get("/sources", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def sources_page(app: House, request: Request[Any, Any, Any], sort: FromQuery[str] = "-records") -> Response[str]:
    """The finding, then each source with how full, joinable and fresh it is, what joins what, and what to do next."""
    with app.transaction() as inside:
        pulse, found, reading = api.pulse(inside), resolve.overview(inside), worker.reading(inside)
    named, parts = matching.revenue(found)
    return render.page(
        app,
        "pages/collect/sources.html",
        request,
        title=title(found),
        figures=figures(found, pulse),
        audit=found,
        sources=matching.sorted_sources(found, sort),
        columns=matching.SOURCE_COLUMNS,
        sort=sort,
        joinable=joinable,
        grid=matching.grid(found),
        joining=matching.joining(found),
        named=named,
        parts=parts,
        open_systems=[system for system in found.systems if system.status != "connected"],
        unread=found.report.journal_until - found.report.read_until,
        reading=reading,
        kinds=KINDS,
    )


@post("/sources/read", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def read_again(app: House, request: Request[Any, Any, Any]) -> Redirect:
    """Have the worker read what came since now, instead of in its idle time."""
    with app.transaction() as inside:
        worker.ask_reading(inside)
    audit.write(app, request.user, "read the audit again", "sources")
    return Redirect("/sources", status_code=303)


@get("/sources/audit/reading", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def reading_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """How far the reading is, for a page that waits for it; once it is done, the page is to be loaded again."""
    with app.transaction() as inside:
        reading, until = worker.reading(inside), collect.read_until(inside)
        whole = collect.journal_until(inside)
    if reading is None:
        return Response("", headers={"hx-refresh": "true"}, media_type="text/html")
    return render.page(
        app, "pages/collect/reading.html", request, reading=reading, read_until=until, journal_until=whole
    )


@get("/sources/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def source_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], tab: FromQuery[str] = ""
) -> Response[str]:
    """One source, at the tab asked for."""
    return tabs.page(app, request, name, tab)


def title(found: Audit) -> str:
    """What was found, as a sentence that can be wrong."""
    if not found.connected:
        return "No source is connected yet"
    connected = f"{found.connected} of {words.plural(len(found.systems), 'system')} connected"
    if found.report.read_until == 0 < found.report.journal_until:
        return f"{connected}; what they brought is yet to be read"
    if found.named_share is None:
        return f"{connected}; no revenue has arrived yet"
    return f"{connected}; {words.percent(found.named_share)} of revenue has a name"


def figures(found: Audit, pulse: api.Pulse) -> list[Figure]:
    """Four figures: what came, who was found, what of it has a name, what was refused."""
    share = words.percent(pulse.refused / (pulse.records + pulse.refused), 3) if pulse.refused else ""
    carried = sum(match.carried for match in found.matches if not match.type)
    return [
        Figure(
            name="Records",
            value=words.number(pulse.records),
            live="records",
            than=f"{pulse.behind:,} wait for the flow"
            if pulse.behind
            else f"from {words.plural(found.connected, 'source')}",
        ),
        Figure(
            name="People found",
            value=words.number(pulse.customers),
            live="customers",
            than=f"from {carried:,} records with an identifier"
            if carried
            else f"and {pulse.anonymous:,} anonymous visitors",
        ),
        Figure(
            name="Revenue tied to a person",
            value=words.percent(found.named_share),
            than="of all that was sold" if found.named_share is not None else "No order has been read yet",
        ),
        Figure(
            name="Refused",
            value=words.number(pulse.refused),
            live="refused",
            than=f"{share} of all, each with a reason" if pulse.refused else "every event was taken",
        ),
    ]


routes = [
    sources_page,
    read_again,
    reading_part,
    source_page,
    *systems.routes,
    *(route for _, tab in tabs.tabs.items() for route in tab.routes),
]
