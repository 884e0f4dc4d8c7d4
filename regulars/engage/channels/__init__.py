"""Shelf of channels: how a message reaches somebody.

A channel is one file here that registers itself (`@channels.add("email")`) and is four verbs: `compose` a message for
one customer, `connect` to whatever carries it, `send` it there, and tell what was `accepted` after an interruption.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

import msgspec

from regulars.app import App
from regulars.engage.signing import Signer
from regulars.kit.registry import Shelf


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way to one customer: where, which template, and what the template may say."""

    key: str
    customer: int
    address: str
    template: str
    message_id: str
    at: datetime
    offer_until: date | None = None
    """Last day of what it offers."""
    facts: dict[str, Any]
    """Plain values alone: text, numbers, lists and dicts of them."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier said. Of the message: accepted, refused (never again), gone (refused, and the address exists no
    more), unfit (cannot be carried), again (later). Of the line: down (it took nothing), lost (nobody knows)."""

    outcome: str
    words: str = ""


class Line(Protocol):
    """An open connection to the carrier, used for many messages."""

    def send(self, address: str, message: bytes) -> Answer:
        """Hand over one message."""
        ...


class Channel(Protocol):
    """How one channel carries messages."""

    def compose(self, app: App, parcel: Parcel, signer: Signer) -> bytes:
        """The message as it goes over the line."""
        ...

    def connect(self, app: App) -> AbstractContextManager[Line]:
        """An open line, closed at the end. Raises MailUnreachable (or its like) if there is none."""
        ...

    def accepted(self, app: App, sent_at: Mapping[str, datetime]) -> dict[str, bool]:
        """Did the carrier take these messages, by its own record? By message id, given when each was on its way.

        What the record cannot answer for is not in the answer.
        """
        ...


channels: Shelf[Channel] = Shelf("channels", __name__)
