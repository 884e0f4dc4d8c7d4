"""What happened, as the journal holds it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Body(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The message as it was sent, in the field's common (Segment) shape; what we do not name stays in the journal."""

    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One journal row. `seq` is its position, given once at the door; times are UTC and aware."""

    seq: int
    source: str
    source_kind: str
    """tills, web, crm, email, calls, own or other."""
    login_space: str
    """Logins of one name space identify one person."""
    current: Sequence[str] = ()
    """Fields (email, phone) of which this source says the one that holds now: another one ends the former."""
    message_id: str
    kind: str
    """identify, track, page, screen, group or alias."""
    name: str
    """The event's name for track ("Order Completed"), the page's name for page and screen, else empty."""
    occurred_at: datetime
    received_at: datetime
    body: Body
    facts: list[tuple[Any, ...]] | None = None
    """Its typed rows, where they were made already while it was read ahead."""
    evidence: object | None = None
    """What it says about who did it, where that was read ahead as well; only `resolve` knows what that is."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive journal rows, by `seq`."""

    events: list[Event]
    last_seq: int
    """Where the checkpoint stands once this batch is carried."""
