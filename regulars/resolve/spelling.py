"""How an identifier may be written wherever it stands: as it was sent, as we normalize it, as people write it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

import phonenumbers

from regulars.model import Event
from regulars.resolve import normalize
from regulars.resolve.clean import Cleaner, bundle

# Shorter ones stand in many texts by chance.
MIN_CHARACTERS = 5
MIN_DIGITS = 7


def usual(kind: str, text: str) -> set[str]:
    """A normalized identifier in its usual spellings, those left out that stand in many texts by chance."""
    words = {text}
    if kind == "phone":
        number = phonenumbers.parse(text)
        forms = phonenumbers.PhoneNumberFormat
        national = phonenumbers.format_number(number, forms.NATIONAL)
        words |= {national, phonenumbers.format_number(number, forms.INTERNATIONAL)}
        words |= {text.removeprefix("+"), str(number.national_number)}
        words |= {
            re.sub(r"[^0-9]+", mark, phonenumbers.format_number(number, forms.NATIONAL)).strip(mark) for mark in ".- "
        }
    return told_apart_from_chance(words)


def as_sent(events: Iterable[Event], values: Mapping[int, str], cleaner: Cleaner, country: str) -> set[str]:
    """These events' own spellings of the identifiers with these numbers."""
    words: set[str] = set()
    for event in events:
        for kind, raw, clean in _fields(event, country):
            sent = normalize.text_of(raw)
            text = clean(sent) if raw is not None and sent else None
            if text is not None and cleaner.value_id(kind, text) in values:
                words.add(sent.strip())
    return told_apart_from_chance(words)


def told_apart_from_chance(words: Iterable[str]) -> set[str]:
    """Long enough to mean somebody; beside each how it stands in a URL and in JSON."""
    some = {word for word in words if len(word) >= (MIN_DIGITS if word.isdigit() else MIN_CHARACTERS)}
    return some | {quote(word, safe="") for word in some} | {json.dumps(word)[1:-1] for word in some}


def _fields(event: Event, country: str) -> list[tuple[str, object, Callable[[str], str | None]]]:
    raw = bundle(event)

    def phone(text: str) -> str | None:
        return normalize.phone(text, country)

    fields: list[tuple[str, object, Callable[[str], str | None]]] = [
        (f"login:{raw.login_space}", raw.user_id, normalize.token),
        ("cookie", raw.anonymous_id, normalize.token),
        ("device", raw.device, normalize.token),
        ("email", raw.email, normalize.email),
        ("phone", raw.phone, phone),
        ("card", raw.card, normalize.card),
        ("payment", raw.payment, normalize.token),
        ("order", raw.order, normalize.token),
    ]
    known: dict[str, tuple[str, Callable[[str], str | None]]] = {
        "email": ("email", normalize.email),
        "phone": ("phone", phone),
        "loyalty_card": ("card", normalize.card),
        "payment_token": ("payment", normalize.token),
        "order_id": ("order", normalize.token),
    }
    for kind, value in raw.external:
        name = normalize.text_of(kind)
        place, clean = known.get(name, (f"login:{name}", normalize.token))
        fields.append((place, value, clean))
    return fields
