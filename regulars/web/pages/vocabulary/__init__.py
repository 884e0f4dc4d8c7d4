"""The events: published, planned, received. Searchable, each with its properties, its senders and its violations."""

from __future__ import annotations

import json
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from regulars import collect
from regulars.web import access, render, words
from regulars.web.api import vocabulary as api
from regulars.web.charts import Figure
from regulars.web.site import House

SHOW = {"": "All events", "received": "Received", "planned": "In the plan", "violating": "Breaking the plan"}


@get("/vocabulary", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def vocabulary_page(
    app: House, request: Request[Any, Any, Any], q: FromQuery[str] = "", show: FromQuery[str] = ""
) -> Response[str]:
    """Every event by group."""
    with app.transaction() as inside:
        shown = api.vocabulary(inside)
    chosen = show if show in SHOW else ""
    found = [each for each in shown.known if matches(each, q.strip().lower(), chosen)]
    return render.page(
        app,
        "pages/vocabulary/vocabulary.html",
        request,
        title=title(shown),
        figures=figures(shown),
        shown=shown,
        found=sorted(found, key=lambda each: (-each.broken, -each.events)),
        q=q,
        show=chosen,
        choices=SHOW,
    )


@get("/vocabulary/event", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def event_page(app: House, request: Request[Any, Any, Any], name: FromQuery[str]) -> Response[str]:
    """One event; its name may hold any sign, so it is no part of the path."""
    with app.transaction() as inside:
        event = api.known_event(inside, name)
        violations = collect.violation_counts(inside, name)
    return render.page(
        app,
        "pages/vocabulary/event.html",
        request,
        event=event,
        violations=violations,
        title=event_title(event, len(violations)),
        example=json.dumps(event.declared.example(), indent=2, ensure_ascii=False)
        if event.declared and event.group != api.CALLS_GROUP
        else "",
        most=max((use.events for use in event.uses), default=0),
    )


def matches(event: api.Known, text: str, show: str) -> bool:
    """Whether the event is among what is looked for."""
    if show == "received" and not event.uses:
        return False
    if show == "planned" and not event.is_planned:
        return False
    if show == "violating" and not event.broken:
        return False
    properties = event.declared.properties if event.declared else ()
    return not text or any(text in each.lower() for each in (event.name, event.meaning, *(p.name for p in properties)))


def title(shown: api.Vocabulary) -> str:
    """What was found, as a sentence that can be wrong."""
    received = [each for each in shown.known if each.uses]
    if not received:
        return "No named event has arrived yet"
    broken = [each for each in received if each.broken]
    if shown.plan is None:
        return f"{words.plural(len(received), 'event')} of your sources, checked by no plan yet"
    if not shown.is_compared:
        return f"{words.plural(len(received), 'event')} of your sources, none compared with the plan yet"
    if not broken:
        return f"{words.plural(len(received), 'event')} received; since the plan was loaded, all came as planned"
    verb = "breaks" if len(broken) == 1 else "break"
    return f"{len(broken)} of {words.plural(len(received), 'event')} {verb} the plan"


def event_title(event: api.Known, ways: int) -> str:
    """The event, and whether it comes as declared, or in how many ways it does not."""
    name = collect.shown_name(event.name)
    if not event.uses:
        return f"{name} has not arrived yet"
    if ways:
        least = "at least " if ways == collect.FAULTS_LISTED_MAX else ""
        return f"{name} breaks the plan in {least}{words.plural(ways, 'way')}"
    return f"{name} came {words.plural(event.events, 'time')}"


def figures(shown: api.Vocabulary) -> list[Figure]:
    """Four figures: published, received, planned, broken."""
    received = [each for each in shown.known if each.uses]
    strange = sum(each.declared is None for each in received)
    broken = sum(each.broken for each in shown.known)
    plan = shown.plan
    return [
        Figure(name="Declared", value=words.number(sum(each.declared is not None for each in shown.known))),
        Figure(
            name="Received",
            value=words.number(len(received)),
            than=f"{words.plural(strange, 'name')} nobody declared" if strange else "each of them declared",
        ),
        Figure(
            name="In the plan",
            value=words.number(sum(each.is_planned for each in shown.known)),
            than=f"{plan.name}, version {plan.version}" if plan else "no plan is loaded",
        ),
        Figure(
            name="Violations",
            value=words.number(broken),
            than="stored all the same" if plan else "nothing is checked without a plan",
        ),
    ]


routes = [vocabulary_page, event_page]
