"""The events of one customer for programs: filtered, in either order, page by page; and when it all began and ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from regulars.app import App
from regulars.profile.read import SQL


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which events. Names are those of track events, else the kind: page, identify …"""

    start: datetime = datetime(1, 1, 1, tzinfo=UTC)
    end: datetime = datetime(9999, 12, 31, tzinfo=UTC)
    """Not including this instant."""
    include: list[str] | None = None
    """None: every name."""
    exclude: list[str] = []
    ascending: bool = False
    after: int | None = None
    """The last position already seen."""
    limit: int


class HeldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was sent."""

    seq: int
    message_id: str
    source: str
    kind: str
    name: str
    at: datetime
    body: dict[str, Any]


class Lifetime(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last event of a customer; None for somebody without events."""

    first: HeldEvent | None
    last: HeldEvent | None


def events(app: App, customer: int, asked: Asked) -> list[HeldEvent]:
    """This customer's events in the order asked for; at the same instant by position."""
    given = {
        "customer": customer, "start": asked.start, "end": asked.end, "include": asked.include,
        "exclude": asked.exclude, "after": asked.after, "limit": asked.limit,
    }  # fmt: skip
    statement = SQL.events_oldest_first if asked.ascending else SQL.events_newest_first
    return [_event(row) for row in app.db.execute(statement, given)]


def lifetime(app: App, customer: int) -> Lifetime:
    """When we first and last heard of a customer."""
    oldest = events(app, customer, Asked(ascending=True, limit=1))
    newest = events(app, customer, Asked(limit=1))
    return Lifetime(first=next(iter(oldest), None), last=next(iter(newest), None))


def groups(app: App, customer: int, limit: int) -> list[tuple[str, datetime]]:
    """What groups (accounts) her events say she belongs to, with the first time, in that order."""
    return app.db.execute(SQL.groups_of, {"customer": customer, "limit": limit}).fetchall()


def _event(row: tuple[Any, ...]) -> HeldEvent:
    seq, message_id, source, kind, name, at, body = row
    return HeldEvent(seq=seq, message_id=message_id, source=source, kind=kind, name=name, at=at, body=body)
