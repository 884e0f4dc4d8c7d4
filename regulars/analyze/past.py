"""Events read back from the journal with whose they are now: for recomputed persons, new traits and evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from regulars.app import App
from regulars.model import Body, Event
from regulars.store import queries

SQL = queries(__package__)
# Events decoded at once while reading a long past: bounds memory, not statements.
CHUNK_EVENTS = 5_000

_body = msgspec.json.Decoder(Body).decode

Owned = tuple[int, Event]


def of_customers(app: App, customers: list[int], last_seq: int) -> Iterator[list[Owned]]:
    """All events of these customers up to `last_seq`, in chunks."""
    return _chunks(app, SQL.events_of_customers, {"customers": customers, "last_seq": last_seq})


def between(app: App, after: int, to: int) -> Iterator[list[Owned]]:
    """Events with `after` < seq <= `to` that are somebody's, in chunks."""
    return _chunks(app, SQL.events_between, {"after": after, "to": to})


def newest(app: App, customer: int, names: list[str], kinds: list[str], limit: int) -> list[Event]:
    """The newest events of one customer with one of these names or kinds, newest first."""
    given = {"customer": customer, "names": names, "kinds": kinds, "limit": limit}
    sources = _sources(app)
    return [_event(row, sources)[1] for row in app.db.execute(SQL.newest_events_of, given).fetchall()]


def _chunks(app: App, query: Any, given: dict[str, Any]) -> Iterator[list[Owned]]:
    sources = _sources(app)
    with app.db.cursor(name="past") as rows:
        rows.execute(query, given)
        while found := rows.fetchmany(CHUNK_EVENTS):
            yield [_event(row, sources) for row in found]


def _event(row: tuple[Any, ...], sources: dict[int, tuple[str, str, str]]) -> Owned:
    customer, seq, source, message_id, kind, name, occurred_at, received_at, body = row
    source_name, source_kind, login_space = sources[source]
    return customer, Event(
        seq=seq,
        source=source_name,
        source_kind=source_kind,
        login_space=login_space,
        message_id=message_id,
        kind=kind,
        name=name,
        occurred_at=occurred_at,
        received_at=received_at,
        body=_body(body),
    )


def _sources(app: App) -> dict[int, tuple[str, str, str]]:
    return {ident: (name, kind, space) for ident, name, kind, space in app.db.execute(SQL.all_sources).fetchall()}
