"""Shelf of channels: how a message reaches somebody.

A channel is one file here that registers itself (`@channels.add("email")`) and is four verbs: `compose` a message for
one customer, `connect` to whatever carries it, `send` it there, and tell what was `accepted` after an interruption.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
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
    facts: dict[str, Any]
    """Plain values alone: text, numbers, lists and dicts of them."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier said: accepted, refused (never again), again (later), or lost (nobody knows)."""

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

    def accepted(self, app: App, message_ids: list[str]) -> set[str] | None:
        """Which of these the carrier took, by its own record; None: there is no record to ask."""
        ...


channels: Shelf[Channel] = Shelf("channels", __name__)
