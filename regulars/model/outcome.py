"""What we want to do about it, what became of that, and the card for a moment."""

from datetime import datetime
from typing import Any

import msgspec


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that wants to reach a customer. Nothing reaches anybody except through the arbiter.

    `key` is unique for all time ("journey:<enrolment>:<node>:<visit>"): the same intent twice is one.
    """

    key: str
    customer: int
    channel: str
    purpose: str
    template: str
    origin: str
    """What wants it, in words a marketer knows: "journey win-back"."""
    priority: int = 50
    not_before: datetime | None = None
    valid_until: datetime | None = None
    held: bool = False
    """Held out on purpose: the arbiter treats it like any other, then writes it as `held` instead of sending."""
    payload: dict[str, Any] = {}


class Plays(msgspec.Struct, frozen=True, kw_only=True):
    """Intents of one batch or tick, with the instant they were formed."""

    intents: list[Intent]
    at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one batch or tick, for logs and tests."""

    events: int = 0
    customers_touched: int = 0
    intents: int = 0
    by_state: dict[str, int] = {}


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody stands at a till, opens a page or calls: one identifier and the place."""

    kind: str
    """card, phone, email or customer."""
    value: str
    place: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What the associate should see: who, three facts, one action, points."""

    customer: int
    name: str
    greeting: str
    facts: list[str]
    action: str | None
    action_why: str | None
    points: int
    as_of: datetime
