"""Profiles as people read them: one customer, or a search as you type."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.model import Moment
from regulars.profile.errors import NoSuchCustomer
from regulars.profile.survivorship import MAX_TOKEN_CHARS, plain
from regulars.store import queries

SQL = queries(__package__ or "")

SEARCH_LIMIT = 20
# More than this share the first letters typed: the next letter will tell them apart.
SEARCH_CANDIDATES = 2_000
PHONE_LIKE = re.compile(r"[\d\s()+./-]+")
WORD = re.compile(r"[\w@.+-]+")
LAST_SIGN = chr(0x10FFFF)


class Field(msgspec.Struct, frozen=True):
    """A golden value and where it comes from. `name` is a column of `profile`, or address (JSON)."""

    name: str
    value: str
    verified: bool
    stated_at: datetime
    seq: int
    source: str | None


class Consent(msgspec.Struct, frozen=True):
    """What holds for one channel, purpose and address, and the decision it rests on."""

    channel: str
    purpose: str
    address: str
    allowed: bool
    decided_at: datetime
    seq: int
    evidence: str | None
    collection_point: str | None
    expires_at: datetime | None
    """When this yes ends, or ended, by itself."""


class Profile(msgspec.Struct, frozen=True):
    """What we know about one customer."""

    customer: int
    name: str
    fields: list[Field]
    consents: list[Consent]

    def value(self, field: str) -> str | None:
        """The golden value of a field, None if nobody ever stated one."""
        return next((held.value for held in self.fields if held.name == field), None)


class Hit(msgspec.Struct, frozen=True):
    """One line of a search result."""

    customer: int
    name: str
    email: str | None
    phone: str | None
    city: str | None


def read(app: App, customer: int) -> Profile:
    """The profile of a customer, by her id or one that was merged into hers. Raises NoSuchCustomer."""
    (current,) = app.db.execute(SQL.current_id, {"customer": customer}).fetchone() or (customer,)
    given = {"customer": current}
    fields = [Field(*row) for row in app.db.execute(SQL.fields_with_provenance, given)]
    if not fields and not (app.db.execute(SQL.is_customer, given).fetchone() or (False,))[0]:
        raise NoSuchCustomer(f"There is no customer {customer}", "Search by name, e-mail, phone or card instead")
    consents = [Consent(*row) for row in app.db.execute(SQL.consents_of, given | {"now": app.clock.now()})]
    values = {field.name: field.value for field in fields}
    return Profile(current, display_name(values.get("first_name"), values.get("last_name"), current), fields, consents)


def search(app: App, text: str, limit: int = SEARCH_LIMIT) -> list[Hit]:
    """Customers whose name, e-mail or phone has words starting with those typed, or who carry exactly this card."""
    words = [word[:MAX_TOKEN_CHARS] for word in query_words(text)]
    if not words:
        return []
    first, *rest = sorted(words, key=len, reverse=True)
    given = {"first": first, "end": first + LAST_SIGN, "rest": rest, "candidates": SEARCH_CANDIDATES, "limit": limit}
    rows = app.db.execute(SQL.search, given).fetchall()
    if not rows and len(words) == 1:
        rows = _by_card(app, text.strip())
    return [
        Hit(customer, display_name(given_name, surname, customer), email, phone, city)
        for customer, given_name, surname, email, phone, city in rows
    ]


def _by_card(app: App, card: str) -> list[tuple[Any, ...]]:
    """A card is scanned or typed whole, so the resolver's look-up answers."""
    customer = resolve.look_up(app, Moment(kind="card", value=card))
    if customer is None:
        return []
    found = app.db.execute(SQL.hit, {"customer": customer}).fetchone()
    return [found] if found else [(customer, None, None, None, None, None)]


def query_words(text: str) -> list[str]:
    """What was typed as search words: a phone number is one word of digits, an e-mail stays whole."""
    folded = plain(text.strip())
    if PHONE_LIKE.fullmatch(folded):
        digits = "".join(filter(str.isdigit, folded))
        return [digits] if digits else []
    return [part for word in WORD.findall(folded) for part in parts_of(word)]


def parts_of(word: str) -> list[str]:
    """An e-mail as it is, anything else by its words."""
    return [word] if "@" in word else re.findall(r"\w+", word)


def display_name(first_name: str | None, last_name: str | None, customer: int) -> str:
    """How a customer is called on pages."""
    return " ".join(filter(None, [first_name, last_name])) or f"Customer {customer}"
