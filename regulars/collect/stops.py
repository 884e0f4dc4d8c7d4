"""The stop list: people whose data must not come in again, by any door, and of whom we keep no name to know them by.

An entry is HMAC-SHA256 over (type, name space, normalized value) with a secret of the brand. `journal.append` asks in
the transaction that appends, so nothing gets past an entry that is committed; while the list is empty, nothing is
hashed. What is kept out is counted by source and leaves no other trace.
"""

from __future__ import annotations

import hmac
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

import msgspec
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from regulars.app import App
from regulars.collect.audit.fields import CAMEL, RULE_BY_NAME
from regulars.collect.errors import StopRefused
from regulars.collect.keys import JOURNAL_LOCK, SQL, Source
from regulars.kit.errors import NotFound

TYPES = ("email", "phone", "card", "login", "payment", "device", "cookie")
SECRET_BYTES = 32
HASH_BYTES = 32
# A statement's worth; the journal waits meanwhile.
STOP_MAX_ENTRIES = 5_000
SPELLINGS_REMEMBERED = 65_536
VALUE_MAX_CHARACTERS = 320
ORDERS_SHOWN_MAX = 100
REASON_MAX_CHARACTERS = 200

EMAIL_INSIDE = re.compile(r"[^\s\"'<>,;:()\[\]{}\\]{1,64}@[^\s\"'<>,;:()\[\]{}\\]{1,255}")
PHONE = re.compile(r"\+[\d\s().-]{7,24}")
PHONE_INSIDE = re.compile(r"\+\d[\d\s().-]{6,22}\d")
NOT_IN_CARDS = re.compile(r"[\s\-./]")


class Stop(NamedTuple):
    """An identifier that is not to come in again. A login is of one name space; an empty one means all of them."""

    type: str
    value: str
    space: str = ""


class StopOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Why entries are on the list."""

    id: int
    reason: str
    actor: str
    at: datetime
    entries: int
    """0 once it is undone."""
    undone_at: datetime | None
    undone_by: str | None


class StopUse(msgspec.Struct, frozen=True):
    """What one source sent of people on the list."""

    source: str
    messages: int
    last_at: datetime


def order_stop(app: App, reason: str, actor: str) -> int:
    """A new reason to stop people, without entries yet. Raises StopRefused without a reason."""
    why = " ".join(reason.split())[:REASON_MAX_CHARACTERS]
    if not why:
        raise StopRefused("An entry of the stop list has a reason", "Say why these people's data must not come in")
    row = app.db.execute(SQL.order_stop, {"reason": why, "actor": actor, "now": app.clock.now()}).fetchone()
    assert row is not None
    return row[0]


def stop(app: App, order: int, entries: Sequence[Stop | bytes]) -> int:
    """Put identifiers, or hashes made by `stop_hash`, on the list; how many are new. At most STOP_MAX_ENTRIES.

    What cannot be read as an identifier of its type is left out. Under the journal's lock: from the commit on nothing
    gets past them.
    """
    assert len(entries) <= STOP_MAX_ENTRIES, "one statement, and the journal waits for it"
    key, country = secret(app), app.settings.brand_country
    hashes: set[bytes] = set()
    for entry in entries:
        made = entry if isinstance(entry, bytes) else stop_hash(key, entry, country)
        if made is not None:
            hashes.add(made)
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    return app.db.execute(SQL.stop, {"hashes": sorted(hashes), "order": order}).rowcount


def undo_stop(app: App, order: int, actor: str) -> int:
    """Let the people of an order in again; how many entries went. Raises NotFound."""
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    given = {"order": order, "actor": actor, "now": app.clock.now()}
    if app.db.execute(SQL.undo_stop_order, given).rowcount == 0:
        raise NotFound(f"There is no order {order} on the stop list that stands", "regulars stop-list list shows them")
    return app.db.execute(SQL.drop_stopped, {"order": order}).rowcount


def stop_orders(app: App) -> list[StopOrder]:
    """Newest first, at most ORDERS_SHOWN_MAX."""
    rows = app.db.execute(SQL.stop_orders, {"limit": ORDERS_SHOWN_MAX})
    return [StopOrder(**dict(zip(StopOrder.__struct_fields__, row, strict=True))) for row in rows]


def stop_uses(app: App) -> list[StopUse]:
    """What was kept out, by source, most first."""
    return [StopUse(*row) for row in app.db.execute(SQL.stop_uses)]


def secret(app: App) -> bytes:
    """Key of the hashes, made by the first who needs it."""
    app.db.execute(SQL.make_stop_secret, {"secret": app.dice.token(SECRET_BYTES)})
    row = app.db.execute(SQL.stop_secret).fetchone()
    assert row is not None
    return row[0]


def stop_hash(key: bytes, entry: Stop, country: str) -> bytes | None:
    """The keyed hash of an identifier in its one spelling; None where it is none of its type. Pure."""
    text = spelled(entry.type, entry.value, country)
    return None if text is None else _hash(key, entry.type, entry.space if entry.type == "login" else "", text)


def _hash(key: bytes, type: str, space: str, text: str) -> bytes:
    return hmac.digest(key, f"{type}\x1f{space}\x1f{text}".encode("utf-8", "backslashreplace"), "sha256")


@lru_cache(SPELLINGS_REMEMBERED)
def spelled(type: str, value: str, country: str) -> str | None:
    """The one spelling of an identifier of a type; None for what is none. Pure."""
    text = value.strip()
    if not text or len(text) > VALUE_MAX_CHARACTERS:
        return None
    if type == "email":
        return _email(text.lower())
    if type == "phone":
        return _phone(text, country)
    return NOT_IN_CARDS.sub("", text).upper() if type == "card" else text


def _email(text: str) -> str | None:
    # What is plain has one spelling, its lower case; the library would cost more than everything else of a message.
    if text.isascii() and "xn--" not in text:
        return text if EMAIL_INSIDE.fullmatch(text) else None
    try:
        return validate_email(text, check_deliverability=False, globally_deliverable=False).normalized.lower()
    except EmailNotValidError:
        return None


def _phone(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    is_one = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_one else None


def judge(app: App, messages: Sequence[tuple[Source | None, datetime, str]]) -> set[int]:
    """Places of the messages (source, arrival, text) that name somebody on the list; counted. In a transaction.

    Two statements, however many messages there are.
    """
    key, country = secret(app), app.settings.brand_country
    by_place: list[set[bytes]] = []
    for source, _, text in messages:
        space = source.login_space if source else ""
        by_place.append({made for stop in named(text, space) if (made := stop_hash(key, stop, country))})
    everything = sorted(set[bytes]().union(*by_place))
    on_it = {row[0] for row in app.db.execute(SQL.which_stopped, {"hashes": everything})}
    kept_out = {place for place, hashes in enumerate(by_place) if not on_it.isdisjoint(hashes)}
    _count(app, [(source, at) for place, (source, at, _) in enumerate(messages) if source and place in kept_out])
    return kept_out


def _count(app: App, kept_out: list[tuple[Source, datetime]]) -> None:
    if kept_out:
        counts = Counter(source.id for source, _ in kept_out)
        last = {source.id: at for source, at in kept_out}
        given = {"source_id": list(counts), "messages": list(counts.values()), "at": [last[one] for one in counts]}
        app.db.execute(SQL.count_stopped, given)


def named(text: str, space: str) -> Iterator[Stop]:
    """Everything in a message that could name somebody on the list. Pure.

    An e-mail or an international phone number counts wherever it stands; cards, logins and the like by the names of
    their fields. Of what is no JSON, e-mails and international numbers are found.
    """
    try:
        body: object = json.loads(text)
    except (ValueError, RecursionError):
        yield from (Stop("email", found.rstrip(".")) for found in EMAIL_INSIDE.findall(text))
        yield from (Stop("phone", found) for found in PHONE_INSIDE.findall(text))
        return
    waiting: list[tuple[str, str, object]] = [("", "", body)]
    while waiting:
        above, name, value = waiting.pop()
        if isinstance(value, dict):
            inside = cast(dict[str, Any], value)
            if "id" in inside and isinstance(inside.get("type"), str):
                waiting.append(("", inside["type"], inside["id"]))
            waiting += [(name, key, each) for key, each in inside.items()]
        elif isinstance(value, list):
            waiting += [(above, name, each) for each in cast(list[object], value)]
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield from _of_field(above, name, str(value), space)


def _of_field(above: str, name: str, text: str, space: str) -> Iterable[Stop]:
    rule = RULE_BY_NAME.get(CAMEL.sub("_", name).replace("-", "_").lower())
    type = rule.judge if rule else "device" if (above, name) == ("device", "id") else ""
    if type == "login":
        # A number of one system is another person's in the next: a login is stopped in its name space, or in all.
        return (Stop(type, text, space), Stop(type, text))
    found = [Stop(type, text)] if type in TYPES else []
    if "@" in text and type != "email":
        found += [Stop("email", each.rstrip(".")) for each in EMAIL_INSIDE.findall(text)]
    if type != "phone" and PHONE.fullmatch(text):
        found.append(Stop("phone", text))
    return found
