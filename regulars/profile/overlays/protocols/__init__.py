"""The shelf of protocols: how a provider of bought data is asked over HTTPS.

A plug-in is a `Protocol`, registered under the name that `ask` of a declaration gives: `protocols.add("batch")(…)`. It
only writes a question and reads an answer; who is asked about, when, how often and at what cost is not its business.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from regulars.kit.registry import Shelf

Positive = Annotated[float, msgspec.Meta(gt=0)]
Cents = Annotated[float, msgspec.Meta(ge=0)]


class Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every `ask` says; a plug-in adds what its protocol needs."""

    protocol: str
    """batch, lookup, …"""
    url: str
    headers: dict[str, str] = {}
    """Of every question; a secret one as `file:/path` or `env:NAME`, whole as it is sent."""
    keys_per_request: Annotated[int, msgspec.Meta(ge=1)] = 100
    """At most so many, and no more than the protocol takes."""
    requests_per_minute: Annotated[float, msgspec.Meta(gt=0, le=6_000)] = 60
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=120)] = 10
    tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 4
    """Of one question, before the run is given up."""
    every_hours: Annotated[float, msgspec.Meta(ge=0.1, le=8_784)] = 24
    """So often those are asked about who came since."""
    cost_cents_per_key: Cents = 0.0
    """What a question costs for each key in it, whatever is known; beside what a match costs."""
    daily_cost_cents: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Never more a day of the brand; needed where anything costs."""


class Question(NamedTuple):
    """What is sent."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]


class Protocol(NamedTuple):
    """How one kind of provider is asked."""

    settings: type[Asking]
    """What `ask` must say."""
    keys_max: int
    """In one question."""
    question: Callable[[Any, Sequence[str]], Question]
    """About these keys: SHA-256 in hex."""
    answer: Callable[[Any, Sequence[str], bytes], dict[str, dict[str, Any]]]
    """What is known, by key: a record each. Raises Unreadable."""
    wrong: Callable[[Any], str] = lambda _: ""
    """Why these settings cannot be used; empty: they can."""
    knows_nobody: frozenset[int] = frozenset()
    """Statuses that say that nobody of these is known."""


class Unreadable(ValueError):
    """An answer that is not what the protocol says. Its text names no value."""


protocols: Shelf[Protocol] = Shelf("protocols", __name__)
