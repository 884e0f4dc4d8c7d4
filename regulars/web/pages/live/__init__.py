"""Events as they arrive, and one event's way through the rooms."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from msgspec.structs import replace

from regulars import collect
from regulars.app import App
from regulars.collect import Arrived, Heads, Look, Search
from regulars.web import access, audit, clear, render, words
from regulars.web.api import live as api
from regulars.web.site import House

# Verdict: tone and icon. What is as it should be is grey.
LOOKS = {
    "accepted": ("", "check"),
    "violating": ("warn", "alert"),
    "duplicate": ("", "cycle"),
    "refused": ("bad", "x"),
    "conflicting": ("bad", "split"),
    "set aside": ("bad", "alert"),
    "withdrawn": ("", "undo"),
}
OWN_SOURCE = "regulars"


@get("/live", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def live_page(
    app: House,
    request: Request[Any, Any, Any],
    source: FromQuery[str] = "",
    verdict: FromQuery[str] = "",
    name: FromQuery[str] = "",
    q: FromQuery[str] = "",
    before: FromQuery[str] = "",
    paused: FromQuery[str] = "",
) -> Response[str]:
    """The latest arrivals of a search; new ones wait behind a button."""
    search = api.search_of(source, verdict, name, q)
    with app.transaction() as inside:
        ends = collect.heads(inside)
        shown = collect.arrivals(inside, search, collect.cursor_of(before) if before else None)
        shown = replace(shown, arrivals=api.listed(shown.arrivals))
        sources = [use.source.name for use in collect.list_sources(inside)]
    return render.page(
        app,
        "pages/live/live.html",
        request,
        title=title(shown.arrivals, search, ends),
        shown=shown,
        search=search,
        asked=asked(search),
        ends=ends,
        sources=[each for each in sources if each != OWN_SOURCE],
        own=OWN_SOURCE,
        verdicts=collect.VERDICTS,
        looks=LOOKS,
        paused=bool(paused),
        is_first=not before,
        who=who,
        within=LOOKED_THROUGH,
        passed_over=PASSED_OVER,
    )


LOOKED_THROUGH = f"{collect.LOOKED_THROUGH_ROWS:,}"
PASSED_OVER = f"{collect.PASSED_OVER_ROWS:,}"


@get("/live/news", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def news_part(
    app: House,
    request: Request[Any, Any, Any],
    after: FromQuery[str] = "0.0.0",
    source: FromQuery[str] = "",
    verdict: FromQuery[str] = "",
    name: FromQuery[str] = "",
    q: FromQuery[str] = "",
    seen: FromQuery[int] = 0,
) -> Response[Any]:
    """How many arrived since; no content while that is what the page says already."""
    search = api.search_of(source, verdict, name, q)
    with app.transaction() as inside:
        count = collect.count_new(inside, search, collect.cursor_of(after))
    if count == seen:
        return Response(None, status_code=204, media_type=MediaType.HTML)
    return render.page(app, "pages/live/news.html", request, count=count, after=after, asked=asked(search))


@get("/live/{seq:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def event_page(app: House, request: Request[Any, Any, Any], seq: FromPath[int]) -> Response[str]:
    """One event, what it says of people masked."""
    audit.write(app, request.user, "read an event", f"event:{seq}")
    return one(app, request, seq, collect.hidden)


@post("/live/{seq:int}/clear", opt=access.OFFICE, include_in_schema=False, status_code=200, sync_to_thread=True)
def clear_page(
    app: House, request: Request[Any, Any, Any], seq: FromPath[int], data: URLEncodedBody[clear.Reason]
) -> Response[str]:
    """The same in the clear, for a reason."""
    clear.note(app, request, f"event:{seq}", data)
    return one(app, request, seq, collect.in_the_clear)


def one(app: App, request: Request[Any, Any, Any], seq: int, look: Look) -> Response[str]:
    """The page of one event, its message as `look` shows it."""
    with app.transaction() as inside:
        shown = api.event_path(inside, seq, look)
    return render.page(
        app,
        "pages/live/event.html",
        request,
        shown=shown,
        event=shown.event,
        title=event_title(shown),
        verdict=verdict_of(shown),
        looks=LOOKS,
        message=json.dumps(shown.event.message, indent=2, ensure_ascii=False),
        is_clear=look is collect.in_the_clear,
    )


def asked(search: Search) -> str:
    """The search as it stands in an address."""
    given = {"source": search.source, "verdict": search.verdict, "name": search.name, "q": search.text}
    return urlencode({key: value for key, value in given.items() if value})


def who(row: Arrived) -> str:
    """Whom an arrival is about, masked, by the strongest it says."""
    for kind, value in row.who.items():
        return f"{words.sentence(kind)} {words.masked(value)}"
    return "Names nobody"


def title(arrivals: list[Arrived], search: Search, ends: Heads) -> str:
    """What was found among the latest, as a sentence that can be wrong."""
    if not arrivals and asked(search):
        return "Nothing has arrived like this"
    if not arrivals:
        return "No source has sent anything lately" if ends.cursor.seq else "Nothing has arrived yet"
    count = Counter(row.verdict for row in arrivals)
    said = [
        f"{number} {words_of}"
        for number, words_of in (
            (count["refused"], "refused"),
            (count["conflicting"], "conflicting"),
            (count["violating"], "breaking the plan"),
            (count["duplicate"], "sent again"),
            (count["set aside"], "set aside"),
        )
        if number
    ]
    latest = f"the latest {len(arrivals)} arrivals" if len(arrivals) > 1 else "the latest arrival"
    if not said:
        return f"All of {latest} accepted" if len(arrivals) > 1 else "The latest arrival was accepted"
    return f"Of {latest} {', '.join(said)}"


def verdict_of(shown: api.EventPath) -> str:
    """What became of the event at the door and after."""
    event = shown.event
    if event.is_withdrawn:
        return "withdrawn"
    if event.aside:
        return "set aside"
    return "violating" if event.violations else "accepted"


def event_title(shown: api.EventPath) -> str:
    """The event and what it led to."""
    name = shown.event.name or words.sentence(shown.event.kind)
    if shown.event.is_withdrawn:
        return f"{name} was withdrawn"
    if shown.event.aside:
        return f"{name} could not be carried and is set aside"
    if not shown.is_carried:
        return f"{name} is accepted and waits for the flow"
    if shown.customer is None:
        return f"{name} belongs to nobody we know"
    effects = len(shown.fields) + len(shown.consents) + len(shown.points) + len(shown.joined)
    about = f"{name} belongs to customer {shown.customer}"
    return f"{about} and set {words.plural(effects, 'thing')}" if effects else about


routes = [live_page, news_part, event_page, clear_page]
