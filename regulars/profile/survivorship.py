"""What events say about persons, read and cleaned: facts, and the words a customer is found by. Pure.

A fact is what one event says about one field of one person. Which of them holds is decided in `choice`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple, cast
from zoneinfo import available_timezones

import phonenumbers

from regulars.model import Event
from regulars.profile.declared import USUAL, Declared, FieldRule
from regulars.resolve import normalize

MAX_VALUE_CHARS = 500
# A word is part of a key, and a key holds some 2,700 bytes; folding can make one sign into many.
MAX_TOKEN_CHARS = 256
ADDRESS_KEYS = {
    "street": ("street",),
    "city": ("city",),
    "postcode": ("postcode", "postalCode", "postal_code", "zip"),
    "state": ("state", "region"),
    "country": ("country",),
}
WORDS = re.compile(r"\w+")
# Before an e-mail among the words to search by.
EMAIL_MARK = "="
# Before or behind the point.
NUMBER_MAX_DIGITS = 30
YES_OR_NO = {"true": "yes", "yes": "yes", "y": "yes", "1": "yes", "false": "no", "no": "no", "n": "no", "0": "no"}


# Control characters and lone surrogates, as Unicode names their categories.
UNSTORABLE = frozenset({"Cc", "Cs"})
NOTHING: dict[str, Any] = {}


class Fact(NamedTuple):
    """One field of one customer as one source stated it."""

    customer: int
    field: str
    value: str
    verified: bool
    occurred_at: datetime
    seq: int
    source: str


def facts_of(events: Iterable[tuple[Event, int | None]], country: str, declared: Declared = USUAL) -> list[Fact]:
    """All facts about persons in these (event, customer) pairs; events without traits cost next to nothing.

    Read are the traits of identify, `context.traits` of any event, and e-mail and phone of track properties, except
    those of the e-mail tool, which only repeats the address it was given. `country` completes local phone numbers.
    """
    facts: list[Fact] = []
    for event, customer in events:
        traits = traits_of(event) if customer is not None else None
        if customer is None or not traits:
            continue
        facts += [
            Fact(customer, field, value, verified, event.occurred_at, event.seq, event.source)
            for field, value, verified in fields_of(traits, country, declared)
            if not is_unborn(field, value, event.occurred_at)
        ]
    return facts


def traits_of(event: Event) -> dict[str, Any]:
    """What an event says about a person, before anything is read; mostly nothing."""
    body = event.body
    traits: object = body.traits or body.context.get("traits")
    # The door promises that the context is an object, not what stands in it.
    if traits and isinstance(traits, dict):
        return cast(dict[str, Any], traits)
    properties = body.properties
    if event.source_kind == "email" or not ("email" in properties or "phone" in properties):
        return NOTHING
    return {name: value for name, value in properties.items() if name in CONTACTS}


def fields_of(traits: dict[str, Any], country: str, declared: Declared = USUAL) -> list[tuple[str, str, bool]]:
    """(field, clean value, verified) of each usable trait, a field once; what cannot be read is left out."""
    found: dict[str, tuple[str, str, bool]] = {}
    for name, (field, clean) in READERS.items():
        raw = traits.get(name)
        if raw is None or raw == "" or field in found:
            continue
        value = clean_phone(raw, country) if field == "phone" else clean(raw)
        if value:
            found[field] = (field, value, traits.get(f"{field}_verified") is True)
    for name, field in declared.readers.items():
        raw = traits.get(name)
        if raw is not None and field not in found and (value := clean_custom(raw, declared.fields[field])):
            found[field] = (field, value, traits.get(f"{field}_verified") is True)
    return list(found.values())


def clean_custom(raw: object, rule: FieldRule) -> str | None:
    """A value of a declared field as its type writes it."""
    match rule.type:
        case "number":
            return clean_number(raw)
        case "date":
            return clean_date(raw)
        case "yes_no":
            return YES_OR_NO.get(str(raw).strip().lower())
        case "choice":
            wanted = str(raw).strip().casefold()
            return next((choice for choice in rule.choices if choice.casefold() == wanted), None)
        case _:
            return clean_text(raw)


def clean_field(field: str, raw: object, country: str, declared: Declared) -> str | None:
    """A value for this field as somebody typed it, clean; None for what cannot be one."""
    if field in declared.custom:
        return clean_custom(raw, declared.fields[field])
    if field == "phone":
        return clean_phone(raw, country)
    return next((clean(raw) for name, clean in READERS.values() if name == field), None)


def clean_number(raw: object) -> str | None:
    """A decimal number in plain digits."""
    if isinstance(raw, bool):
        return None
    try:
        value = Decimal(str(raw).strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or not -NUMBER_MAX_DIGITS <= value.adjusted() <= NUMBER_MAX_DIGITS:
        return None
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return None if len(text) > MAX_VALUE_CHARS else "0" if text in ("-0", "") else text


def clean_text(raw: object) -> str | None:
    """Trimmed text with single spaces, without control characters and lone surrogates: no column takes a NUL."""
    text = str(raw) if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) not in UNSTORABLE)
    return " ".join(text.split())[:MAX_VALUE_CHARS] or None


def clean_email(raw: object) -> str | None:
    """A mailbox in lower case; None for fillers, as the resolver sees them."""
    return normalize.email(normalize.text_of(raw))


def clean_phone(raw: object, country: str) -> str | None:
    """E.164; None for fillers, as the resolver sees them."""
    return normalize.phone(normalize.text_of(raw), country)


def clean_date(raw: object) -> str | None:
    """ISO date."""
    try:
        return date.fromisoformat(str(raw)[:10]).isoformat()
    except ValueError:
        return None


def clean_birth(raw: object) -> str | None:
    """ISO date on which somebody who lives may have been born; the resolver reads no earlier one either."""
    found = clean_date(raw)
    return None if found is None or found < f"{normalize.FIRST_BIRTH_YEAR}-01-01" else found


def is_unborn(field: str, value: str, on: datetime) -> bool:
    """Whether this says that somebody is born after that day, which nobody can state."""
    return field == "birth_date" and value > on.date().isoformat()


def clean_zone(raw: object) -> str | None:
    """An IANA zone that exists."""
    return str(raw) if str(raw) in _zones() else None


def clean_address(raw: object) -> str | None:
    """The address as canonical JSON with our keys, None without a single part."""
    if not isinstance(raw, dict):
        return None
    given = cast(dict[str, Any], raw)
    parts = {
        key: value
        for key, names in ADDRESS_KEYS.items()
        if (value := next((text for name in names if (text := clean_text(given.get(name)))), None))
    }
    return json.dumps(parts, ensure_ascii=False, sort_keys=True) if parts else None


READERS: dict[str, tuple[str, Callable[[object], str | None]]] = {
    "first_name": ("first_name", clean_text),
    "firstName": ("first_name", clean_text),
    "last_name": ("last_name", clean_text),
    "lastName": ("last_name", clean_text),
    "email": ("email", clean_email),
    "phone": ("phone", clean_text),
    "birth_date": ("birth_date", clean_birth),
    "birthday": ("birth_date", clean_birth),
    "address": ("address", clean_address),
    "timezone": ("zone", clean_zone),
    "language": ("language", clean_text),
}
CONTACTS = ("email", "phone", "email_verified", "phone_verified")
SEARCHED = ("first_name", "last_name", "email", "phone")


def tokens_of(values: dict[str, str]) -> set[str]:
    """The words a customer is found by, from her fields."""
    tokens: set[str] = set()
    for field in SEARCHED:
        value = values.get(field)
        if not value:
            continue
        if field == "phone":
            tokens |= phone_tokens(value)
        else:
            tokens |= email_tokens(value) if field == "email" else set(words_of(value))
    return {token[:MAX_TOKEN_CHARS] for token in tokens}


def email_tokens(email: str) -> set[str]:
    """The whole of it, its domain, and the words before the @; marked, so that "a" is not every address with an a."""
    local, _, domain = plain(email).rpartition("@")
    return {EMAIL_MARK + plain(email), f"@{domain}", *words_of(local)}


def phone_tokens(phone: str) -> set[str]:
    """Digits with and without the country code."""
    digits = "".join(filter(str.isdigit, phone))
    try:
        return {digits, str(phonenumbers.parse(phone).national_number)}
    except phonenumbers.NumberParseException:
        return {digits}


def words_of(text: str) -> list[str]:
    """Folded words of a text."""
    return WORDS.findall(plain(text))


def plain(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


@cache
def _zones() -> set[str]:
    return available_timezones()
