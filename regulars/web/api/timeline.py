"""One time line of a customer: events of all sources, points, messages that did not go out, moments, notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import collect, profile
from regulars.app import App
from regulars.kit.clock import from_microseconds, microseconds
from regulars.kit.errors import InputRefused
from regulars.profile import TOPICS, Entry
from regulars.store import queries
from regulars.web import access, audit, words
from regulars.web.site import House

SQL = queries("regulars.web")
TIMELINE_ROWS = 30
BIGGEST = 2**63 - 1
# From 1899 to far ahead: no event lies outside.
MICROSECONDS_MIN, MICROSECONDS_MAX = -(2**51), 2**57
NOTES = "notes"
MOMENTS = "moments"
# What the line can be narrowed to, in the order of the buttons.
CHOICES = {
    **{name: topic.title for name, topic in TOPICS.items() if name not in ("identity", "segments")},
    MOMENTS: "Moments",
    NOTES: "Notes",
    **{name: TOPICS[name].title for name in ("identity", "segments")},
}
# At the same instant in this order, the first is the latest.
ORIGINS = ("hand", "moment", "message", "points", "event")
Place = tuple[datetime, int, int]
"""Instant, origin, number in it: the whole order."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, as a sentence."""

    origin: str
    """hand, moment, message, points or event."""
    kind: str
    """Of the event: track, identify, page, screen, group or alias; empty for what is none."""
    id: int
    at: datetime
    source: str
    source_kind: str
    name: str
    """Of the event, of the movement of points, of the state of a message."""
    summary: str
    seq: int | None
    """The event behind it."""
    properties: dict[str, Any]
    generated: bool


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one customer's time line, latest first."""

    customer: int
    kind: str
    """What it is narrowed to; empty: everything."""
    items: list[Line]
    older: str | None
    """Ask for what was before this to go on."""


def timeline(app: App, customer: int, before: str = "", kind: str = "") -> Timeline:
    """What happened with them across all sources. Raises InputRefused for a `before` or `kind` that is none."""
    if kind and kind not in CHOICES:
        raise InputRefused(f"'{kind[:40]}' is no kind of the time line", f"Use one of: {', '.join(CHOICES)}")
    place = place_of(before) if before else None
    found: list[Line] = []
    for origin, read in READERS.items():
        if not kind or kind in SHOWN_UNDER[origin] or origin == "event":
            found += read(app, customer, anchor(place, ORIGINS.index(origin)), kind)
    found.sort(key=order, reverse=True)
    items = found[:TIMELINE_ROWS]
    older = cursor(items[-1]) if len(found) > TIMELINE_ROWS else None
    return Timeline(customer=customer, kind=kind, items=items, older=older)


def order(line: Line) -> tuple[datetime, int, int]:
    """Greatest is latest."""
    return line.at, -ORIGINS.index(line.origin), line.id


def cursor(line: Line) -> str:
    """A place of the line, for an address."""
    return f"{microseconds(line.at)}.{ORIGINS.index(line.origin)}.{line.id}"


def place_of(text: str) -> Place:
    """The place a cursor names. Raises InputRefused."""
    try:
        at, origin, id = (int(part) for part in text.split("."))
    except ValueError:
        at = origin = id = -BIGGEST
    if not MICROSECONDS_MIN <= at <= MICROSECONDS_MAX or not 0 <= origin < len(ORIGINS) or abs(id) > BIGGEST:
        raise InputRefused(f"'{text[:60]}' is no place of a time line", "Use the one that the last page gave")
    return from_microseconds(at), origin, id


def anchor(place: Place | None, origin: int) -> tuple[datetime, int] | None:
    """Rows of this origin that come after the place are those below it by (instant, number)."""
    if place is None:
        return None
    at, of, id = place
    return at, id if origin == of else BIGGEST if origin > of else -BIGGEST


def _events(app: App, customer: int, before: tuple[datetime, int] | None, kind: str) -> list[Line]:
    if kind in (NOTES, MOMENTS):
        return []
    return [
        Line(
            origin="event", kind=item.kind, id=item.seq, at=item.at, source=item.source, source_kind=item.source_kind,
            name=collect.shown_name(item.name or item.kind), summary=collect.shown_name(item.summary), seq=item.seq,
            properties=item.properties, generated=item.generated,
        )
        for item in profile.timeline(app, customer, before, TIMELINE_ROWS + 1, kind)
    ]  # fmt: skip


def _points(app: App, customer: int, before: tuple[datetime, int] | None, kind: str) -> list[Line]:
    rows = app.db.execute(SQL.timeline_points, _given(customer, before))
    return [
        _line("points", id, at, "points", name, _said_of_points(name, points, note), seq)
        for id, at, name, note, seq, points in rows
    ]


def _messages(app: App, customer: int, before: tuple[datetime, int] | None, kind: str) -> list[Line]:
    rows = app.db.execute(SQL.timeline_messages, _given(customer, before))
    return [
        _line("message", id, at, "outbox", state, _said_of_message(state, words.sentence(template), why), None)
        for id, at, state, template, why in rows
    ]


def _moments(app: App, customer: int, before: tuple[datetime, int] | None, kind: str) -> list[Line]:
    rows = app.db.execute(SQL.timeline_moments, _given(customer, before) | {"object": f"customer:{customer}"})
    return [
        _line("moment", id, at, "moment card", "Moment", f"{who} opened the moment card", None) for id, at, who in rows
    ]


def _hand(app: App, customer: int, before: tuple[datetime, int] | None, kind: str) -> list[Line]:
    stated = profile.hand.entries(app, customer)
    return [
        _line("hand", one.id, one.at, "by hand", one.kind, f"{one.actor}: {say_entry(one)}", None)
        for one in stated
        if before is None or (one.at, one.id) < before
    ]


def _given(customer: int, before: tuple[datetime, int] | None) -> dict[str, Any]:
    at, id = before or (None, None)
    return {"customer": customer, "at": at, "id": id, "limit": TIMELINE_ROWS + 1}


def _line(origin: str, id: int, at: datetime, source: str, name: str, summary: str, seq: int | None) -> Line:
    return Line(
        origin=origin, kind="", id=id, at=at, source=source, source_kind="own", name=name, summary=summary, seq=seq,
        properties={}, generated=False,
    )  # fmt: skip


def _said_of_points(kind: str, points: int, note: str) -> str:
    amount = words.plural(abs(points), "point")
    said = f"Got {amount}" if points > 0 else f"{amount} went" if points < 0 else "Points stayed as they were"
    return f"{said}: {note or POINTS.get(kind, words.sentence(kind)).lower()}"


def _said_of_message(state: str, template: str, why: str | None) -> str:
    said = MESSAGES.get(state, "{template}: " + state).replace("{template}", template)
    return f"{said}: {why}" if why else said


def say_entry(entry: Entry) -> str:
    """What was stated by hand, in words."""
    match entry.kind:
        case "note":
            return entry.value
        case "preference":
            return f"{words.opened(entry.name)}: {entry.value}"
        case "field" if entry.value:
            return f"{words.sentence(entry.name)} is {words.stated(entry.value, entry.name)}"
        case "field":
            return f"{words.sentence(entry.name)} is not known"
        case _:
            return f"Taken back{': ' + words.sentence(entry.name) if entry.name else ''}"


READERS = {"event": _events, "points": _points, "message": _messages, "moment": _moments, "hand": _hand}
SHOWN_UNDER: dict[str, Iterable[str]] = {
    "event": (),
    "points": ("points",),
    "message": ("messages",),
    "moment": (MOMENTS,),
    "hand": (NOTES,),
}
POINTS = {
    "earn": "Bought",
    "return": "Brought back",
    "redeem": "Spent",
    "restore": "Given back",
    "settle": "Ran out",
    "adjust": "Set right",
    "unearn": "Purchase withdrawn",
    "unreturn": "Return withdrawn",
}
MESSAGES = {
    "pending": "{template} waits to be decided",
    "later": "{template} waits",
    "ready": "{template} is on its way",
    "sending": "{template} is on its way",
    "failed": "{template} could not be sent",
    "unknown": "Whether {template} went out is not known",
    "held": "{template} was held back on purpose",
    "suppressed": "{template} was not sent",
}


@get("/api/customers/{customer:int}/timeline", opt=access.office("customers:read"), sync_to_thread=True)
def timeline_json(
    app: House,
    request: Request[Any, Any, Any],
    customer: FromPath[int],
    before: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Timeline:
    """What happened with one customer across all sources, latest first; `kind` narrows it."""
    audit.write(app, request.user, "read a time line", f"customer:{customer}")
    with app.transaction() as inside:
        return timeline(inside, profile.read(inside, customer).customer, before, kind)


routes = [timeline_json]
