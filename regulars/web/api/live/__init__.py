"""Events as they arrive, and the path of one event through the rooms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec.structs import replace

from regulars import collect
from regulars.app import App
from regulars.collect import ArrivalPage, Arrived, Heads, Look, Search, StoredEvent
from regulars.store import queries
from regulars.web import access, audit, clear, words
from regulars.web.site import House

SQL = queries("regulars.web.api.live")

ROWS_SHOWN = 50
# What a batch moves is written when the batch is carried: a moment after it arrived, or at its own time in a replay.
NEAR = timedelta(minutes=5)
EVIDENCE = {0: "joins", 1: "is barred by a decision", 2: "says nothing of a person", 3: "does not count"}
TEXT_MAX_CHARACTERS = 200


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the record and what it does."""

    type: str
    value: str
    """Masked."""
    does: str


class Field(msgspec.Struct, frozen=True):
    """One golden field that stands because of the event; the value masked."""

    field: str
    value: str
    verified: bool


class Said(msgspec.Struct, frozen=True):
    """A yes or no to being written to."""

    channel: str
    purpose: str
    allowed: bool


class Joined(msgspec.Struct, frozen=True):
    """A merge or split that the event brought about."""

    kind: str
    customer: int
    other: int


class Movement(msgspec.Struct, frozen=True):
    """Points moved by the event."""

    kind: str
    customer: int
    points: int
    day: int


class SegmentStep(msgspec.Struct, frozen=True):
    """She entered or left a segment when the event was carried."""

    segment: str
    entered: bool
    at: datetime


class JourneyEntry(msgspec.Struct, frozen=True):
    """She entered a journey when the event was carried."""

    journey: str
    status: str
    entered_at: datetime


class Wish(msgspec.Struct, frozen=True):
    """Something wanted to reach her when the event was carried."""

    template: str
    channel: str
    state: str
    created_at: datetime


class EventPath(msgspec.Struct, frozen=True, kw_only=True):
    """One event through all rooms. `nearby` lists are by time: which event caused them is not stored."""

    event: StoredEvent
    is_carried: bool
    is_in_lake: bool
    signature: int | None
    """None: not carried yet."""
    signature_is_new: bool
    """The event is the first of its signature."""
    signed_out: bool
    by_session: bool
    """The device is shared: it belongs to whoever's session it was."""
    customer: int | None
    known: bool
    evidence: list[Carried]
    fields: list[Field]
    consents: list[Said]
    joined: list[Joined]
    points: list[Movement]
    moves: list[SegmentStep]
    entries: list[JourneyEntry]
    wishes: list[Wish]


def search_of(source: str, verdict: str, name: str, q: str) -> Search:
    """What the address asks for; a verdict there is none of asks for all."""
    return Search(
        source=source.strip()[:TEXT_MAX_CHARACTERS],
        verdict=verdict if verdict in collect.VERDICTS else "",
        name=name.strip()[:TEXT_MAX_CHARACTERS],
        text=q.strip()[:TEXT_MAX_CHARACTERS],
    )


def listed(arrivals: list[Arrived]) -> list[Arrived]:
    """Arrivals with ids and names that could name somebody masked."""
    return [
        replace(
            row,
            name=collect.shown_name(row.name),
            why=collect.shown_name(row.why),
            message_id=collect.hidden(row.message_id, ("messageId",)),
        )
        for row in arrivals
    ]


def event_path(app: App, seq: int, look: Look = collect.hidden) -> EventPath:
    """What became of one event; what it says of people as `look` shows it. Raises NotFound."""
    event = collect.stored_event(app, seq, look)
    owner = app.db.execute(SQL.owner_of_event, {"seq": seq}).fetchall()[0]
    signature, signed_out, first_seq, by_session, customer, known, carried, in_lake = owner
    here, limit = {"seq": seq}, {"limit": ROWS_SHOWN}
    evidence = app.db.execute(SQL.evidence_of_event, limit | {"signature": signature}).fetchall()
    near: dict[str, Any] = limit | {"customer": customer}
    at = min(event.occurred_at, event.received_at), max(event.occurred_at, event.received_at)
    moves: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    wishes: list[tuple[Any, ...]] = []
    if customer is not None:
        # Two moments: when it happened (a replay lives in that time) and when it came.
        for start in sorted(set(at)):
            near |= {"from": start, "to": start + NEAR}
            moves += app.db.execute(SQL.moves_near_event, near).fetchall()
            entries += app.db.execute(SQL.entries_near_event, near).fetchall()
            wishes += app.db.execute(SQL.intents_near_event, near).fetchall()
    return EventPath(
        event=event,
        is_carried=bool(carried),
        is_in_lake=bool(in_lake),
        signature=signature,
        signature_is_new=first_seq == seq,
        signed_out=bool(signed_out),
        by_session=bool(by_session),
        customer=customer,
        known=bool(known),
        evidence=[
            Carried(type=kind, value=words.masked(shown) or "", does=_does(state, shared, generic))
            for kind, shown, state, shared, generic in evidence
        ],
        fields=[Field(name, _hidden(value), good) for name, value, good in app.db.execute(SQL.fields_of_event, here)],
        consents=[Said(*row) for row in app.db.execute(SQL.consents_of_event, here)],
        joined=[Joined(*row) for row in app.db.execute(SQL.identity_of_event, here)],
        points=[Movement(*row) for row in app.db.execute(SQL.points_of_event, here)],
        moves=[SegmentStep(*row) for row in dict.fromkeys(moves)],
        entries=[JourneyEntry(*row) for row in dict.fromkeys(entries)],
        wishes=[Wish(*row) for row in dict.fromkeys(wishes)],
    )


def _does(state: int, shared: bool, generic: bool) -> str:
    if shared:
        return "is shared by several people, so it joins nobody"
    return EVIDENCE[2] if generic else EVIDENCE[state]


def _hidden(value: str) -> str:
    return words.masked(value) or ""


@get("/api/live", opt=access.office("events:read"), sync_to_thread=True)
def live_json(
    app: House,
    request: Request[Any, Any, Any],
    source: FromQuery[str] = "",
    verdict: FromQuery[str] = "",
    name: FromQuery[str] = "",
    q: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> dict[str, Any]:
    """Arrivals, newest first, with their verdict; `older` continues the list, `now` is where everything ends."""
    search = replace(search_of(source, verdict, name, q), in_bodies=access.may_search_messages(request.user))
    with app.transaction() as inside:
        ends: Heads = collect.heads(inside)
        shown: ArrivalPage = collect.arrivals(inside, search, collect.cursor_of(before) if before else None)
    rows = [
        replace(row, who={kind: _hidden(value) for kind, value in row.who.items()}) for row in listed(shown.arrivals)
    ]
    return {"arrivals": rows, "older": str(shown.older) if shown.older else None, "now": str(ends.cursor)}


@get("/api/live/{seq:int}", opt=access.office("events:read"), sync_to_thread=True)
def event_json(app: House, request: Request[Any, Any, Any], seq: FromPath[int]) -> EventPath:
    """The path of one event through the rooms; its message masked."""
    audit.write(app, request.user, "read an event", f"event:{seq}")
    with app.transaction() as inside:
        return event_path(inside, seq)


@post("/api/live/{seq:int}/clear", opt=access.office("personal:read"), status_code=200, sync_to_thread=True)
def clear_json(
    app: House, request: Request[Any, Any, Any], seq: FromPath[int], data: JSONBody[clear.Reason]
) -> EventPath:
    """The same with its message in the clear, for a stated reason, which is written down."""
    clear.note(app, request, f"event:{seq}", data)
    with app.transaction() as inside:
        return event_path(inside, seq, collect.in_the_clear)


routes = [live_json, event_json, clear_json]
