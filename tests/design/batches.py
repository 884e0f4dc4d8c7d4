"""Batches as design gets them, with the tables of identity it reads filled by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from regulars import design
from regulars.app import App
from regulars.model import Batch, Body, Changes, Event, Merge, People, Plays, SegmentMove


def record_of(app: App, seq: int, customer: int) -> None:
    """Journal row `seq` is a record of this customer (its own signature)."""
    with app.transaction() as inside:
        inside.db.execute(
            "insert into signature (id, customer, reach, first_seq, first_day, last_day)"
            " values (%(s)s, %(c)s, 1, 1, 1, 1)"
            " on conflict (id) do update set customer = excluded.customer",
            {"s": seq, "c": customer},
        )
        inside.db.execute(
            "insert into record (seq, signature, occurred_at) values (%(s)s, %(s)s, %(at)s) on conflict do nothing",
            {"s": seq, "at": app.clock.now()},
        )


def happened(app: App, seq: int, customer: int, name: str, **properties: Any) -> Event:
    """An event in the journal and with the resolver."""
    at = app.clock.now()
    with app.transaction() as inside:
        inside.db.execute(
            "insert into source (name, kind, login_space, created_at) values ('till', 'tills', 'till', %s)"
            " on conflict do nothing",
            [at],
        )
        inside.db.execute(
            "insert into journal (seq, source_id, message_id, kind, name, occurred_at, received_at, body, body_hash)"
            " overriding system value"
            " select %s, id, %s, 'track', %s, %s, %s, '{}', '' from source where name = 'till'",
            [seq, f"m{seq}", name, at, at],
        )
    record_of(app, seq, customer)
    return event(seq, at, name, **properties)


def event(seq: int, at: datetime, name: str, **properties: Any) -> Event:
    return Event(
        seq=seq, source="till", source_kind="tills", login_space="till", message_id=f"m{seq}", kind="track", name=name,
        occurred_at=at, received_at=at, body=Body(event=name, properties=properties),
    )  # fmt: skip


def react(
    app: App,
    pairs: list[tuple[Event, int | None]] | None = None,
    *,
    merged: list[Merge] | None = None,
    recompute: list[int] | None = None,
    moves: list[SegmentMove] | None = None,
    seq: int = 1_000,
) -> Plays:
    """One batch through the room."""
    pairs = pairs or []
    people = People(
        batch=Batch(events=[one for one, _ in pairs], last_seq=seq), customers=[who for _, who in pairs], created=[],
        merged=merged or [], recompute=recompute or [],
    )  # fmt: skip
    touched = sorted({who for _, who in pairs if who is not None})
    with app.transaction() as inside:
        return design.react(inside, Changes(people=people, touched=touched, moves=moves or []))


def lapse(app: App, *customers: int) -> list[SegmentMove]:
    """These lapse now."""
    at = app.clock.now()
    return [SegmentMove(segment="lapsing_regulars", customer=c, entered=True, at=at) for c in customers]


def enrolments(app: App) -> list[tuple[int, str, str]]:
    """(customer, status, node) of every enrolment, by id."""
    with app.transaction() as inside:
        return inside.db.execute("select customer, status, node from enrolment order by id").fetchall()
