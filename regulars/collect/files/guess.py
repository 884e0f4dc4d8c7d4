"""What a file seems to hold, from its first rows: how it is written, what each column is and where it belongs. Pure
but for the reading. A guess proposes; a person, or the mapping that is given, decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from regulars.collect.files.imports import format_of, suffix
from regulars.collect.files.mapping import (
    AMOUNT_MAX_CHARACTERS,
    BAGS,
    EPOCH,
    FIELDS_BY_COLUMN,
    PROPERTIES,
    TRAITS,
    Mapping,
)
from regulars.collect.formats import Dialect, FileRow, Place

SAMPLE_ROWS = 500
SHOWN_SAMPLES = 3
SHOWN_CHARACTERS = 40
# A column is what so many of its filled cells look like.
SURE = 0.9

CUSTOMERS, ORDERS, LINES, EVENTS, MESSAGES = "customers", "orders", "order lines", "events", "messages"
ROW_KINDS = (CUSTOMERS, ORDERS, LINES, EVENTS, MESSAGES)
EVENT_BY_KIND = {ORDERS: "Order Completed", LINES: "Product Purchased"}

# Patterns of times, those that cannot be mistaken first; day and month are told apart by what does not fit.
TIMES = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%d.%m.%y", "%m/%d/%y",
    "%d %b %Y %H:%M", "%d %b %Y", "%b %d, %Y", "%a, %d %b %Y %H:%M:%S %z",
)  # fmt: skip


SIGNS = {
    "%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%p": "AM",
    "%b": "Mon", "%a": "Day", "%z": "+hhmm", EPOCH: "seconds since 1970",
}  # fmt: skip


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a file."""

    name: str
    type: str
    """text, number, amount, time, date, e-mail, phone, yes or no, or empty."""
    filled: float
    """Share of the rows looked at."""
    samples: list[str]
    place: str
    """Where it belongs in the message; empty: it is left out."""
    reason: str
    pattern: str = ""
    """Of times that are not in ISO 8601."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What a file seems to hold."""

    format: str
    dialect: Dialect
    rows: int
    """Rows looked at."""
    unreadable: int
    kind: str
    """customers, orders, order lines, events or messages (which need no mapping)."""
    reason: str
    columns: list[Column]
    mapping: Mapping
    zone: str
    """What is known of the zone of its times, in words."""


class _Look(NamedTuple):
    """What cells may look like."""

    type: str
    words: str
    fits: Callable[[str], object]
    only: str = ""
    """Believed of columns alone whose name leads to this place; many numbers look like a phone's."""


class _Hint(NamedTuple):
    """Where a column belongs whose name says what it is."""

    spellings: str
    customer: str
    """Place in a message about a customer; empty: none of its own."""
    deed: str
    """Place in a message about something that was done."""


EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
PHONE = re.compile(r"\+?[\d()/ .-]{7,20}")
AMOUNTS = {
    ".": re.compile(r"[$€£¥]?\s*-?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{2}(?:\s*[$€£¥])?"),
    ",": re.compile(r"[$€£¥]?\s*-?(?:\d{1,3}(?:\.\d{3})+|\d+),\d{2}(?:\s*[$€£¥])?"),
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BOOLEAN = re.compile("true|false|yes|no|[yn01]", re.IGNORECASE)
EPOCHS = re.compile(r"1\d{9}(?:\.\d+)?|1\d{12}")
WORDS = re.compile(r"[^a-z0-9]+")

HINTS = (
    _Hint("user_id userid customer_id customer_no customer_number client_id member_id", "userId", "userId"),
    _Hint("anonymous_id anonymousid cookie cookie_id visitor_id", "anonymousId", "anonymousId"),
    _Hint("message_id messageid event_id", "messageId", "messageId"),
    _Hint("event event_name", "event", "event"),
    _Hint("email e_mail email_address mail", "traits.email", "properties.email"),
    _Hint("phone phone_number mobile telephone telefon", "traits.phone", "properties.phone"),
    _Hint("loyalty_card card card_no card_number loyalty_id", "traits.loyalty_card", "properties.loyalty_card"),
    _Hint("first_name firstname given_name vorname", "traits.first_name", ""),
    _Hint("last_name lastname surname family_name nachname", "traits.last_name", ""),
    _Hint("birth_date birthday date_of_birth dob born", "traits.birth_date", ""),
    _Hint("street address address_line_1 strasse", "traits.address.street", ""),
    _Hint("city town ort stadt", "traits.address.city", ""),
    _Hint("postcode postal_code zip zip_code plz", "traits.address.postcode", ""),
    _Hint("order_id order_no order_number receipt_id receipt_no receipt transaction_id bon", "", "properties.order_id"),
    _Hint("total order_total amount revenue grand_total paid sum betrag summe umsatz", "", "properties.revenue"),
    _Hint("currency currency_code", "", "properties.currency"),
    _Hint("store store_id store_no shop shop_id filiale", "", "properties.store_id"),
    _Hint("channel", "", "properties.channel"),
    _Hint("product_id sku article article_no item_id ean upc", "", "properties.product_id"),
    _Hint("quantity qty pieces menge", "", "properties.quantity"),
    _Hint("price unit_price", "", "properties.price"),
    _Hint("category product_category", "", "properties.category"),
    _Hint("discount", "", "properties.discount"),
    _Hint("timestamp occurred_at date time created_at order_date ordered_at sold_at when", "timestamp", "timestamp"),
)  # fmt: skip
HINT_BY_NAME = {spelling: hint for hint in HINTS for spelling in hint.spellings.split()}


def guess(path: Path, dialect: Dialect | None = None, kind: str = "") -> Guess:
    """What the first SAMPLE_ROWS rows say. Raises FileRefused; reads no more of a text than these rows.

    A `kind` that a person chose is believed.
    """
    form = format_of(path)
    chosen = dialect or form.look(path)
    return judge(suffix(path), chosen, list(islice(form.read(path, chosen, Place()), SAMPLE_ROWS)), kind)


def judge(format: str, dialect: Dialect, rows: Sequence[FileRow], kind: str = "") -> Guess:
    """What these rows seem to hold."""
    contents = [row.content for row in rows if isinstance(row.content, dict)]
    names = list(dict.fromkeys(name for content in contents for name in content))
    kind, reason = (kind, "chosen by you") if kind else _kind(names, contents)
    looked = [_column(name, [content[name] for content in contents if name in content], len(rows)) for name in names]
    columns = [] if kind == MESSAGES else _placed(looked, kind)
    return Guess(
        format=format,
        dialect=dialect,
        rows=len(rows),
        unreadable=len(rows) - len(contents),
        kind=kind,
        reason=reason,
        columns=columns or looked,
        mapping=_mapping(columns, kind, names),
        zone=_zone(columns),
    )


def _kind(names: list[str], contents: list[dict[str, Any]]) -> tuple[str, str]:
    """What a row is."""
    said = {HINT_BY_NAME[_plain(name)].deed for name in names if _plain(name) in HINT_BY_NAME}
    types = [content.get("type") for content in contents]
    if contents and all(isinstance(each, str) for each in types) and not any(name.startswith(BAGS) for name in names):
        return MESSAGES, "every row is an event already"
    if "event" in said:
        return EVENTS, "a column names what happened"
    if "properties.order_id" in said and said & {"properties.product_id", "properties.quantity"}:
        return LINES, "it has an order and a product in each row; each row becomes an event of its own"
    if "properties.order_id" in said or {"properties.revenue", "timestamp"} <= said:
        return ORDERS, "it has orders with what was paid"
    return CUSTOMERS, "no column is an order or names what happened"


def _column(name: str, values: list[Any], rows: int) -> Column:
    texts = [str(value).strip() for value in values]
    look, share = _look(name, texts)
    distinct = list(dict.fromkeys(text for text in texts if text))
    samples = [text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…" for text in distinct]
    pattern = look.type.partition(":")[2] if look else ""
    return Column(
        name=name,
        type=look.type.partition(":")[0] if look else "text" if texts else "empty",
        filled=len(texts) / rows if rows else 0.0,
        samples=samples[:SHOWN_SAMPLES],
        place="",
        reason=f"looks like {look.words}: {share:.0%} of {len(texts)}" if look else "",
        pattern=pattern,
    )


def _look(name: str, texts: list[str]) -> tuple[_Look | None, float]:
    """What a column looks like, and how many of its cells do."""
    if not texts:
        return None, 0.0
    hint = HINT_BY_NAME.get(_plain(name))
    for look in (*LOOKS, *(_written(pattern) for pattern in TIMES)):
        if look.only and (hint is None or hint.deed != look.only):
            continue
        fitting = sum(bool(look.fits(text)) for text in texts)
        if fitting >= SURE * len(texts):
            return _swapped(look, texts), fitting / len(texts)
    return None, 0.0


def _swapped(look: _Look, texts: list[str]) -> _Look:
    """Of times in which no day is above the 12th, the same look with a word of warning."""
    other = look.type.replace("%m/%d", "%d/%m").partition(":")[2]
    if "%m/%d" not in look.type or not all(_written(other).fits(text) for text in texts):
        return look
    return look._replace(words=f"{look.words} (day and month could be the other way round)")


def _written(pattern: str) -> _Look:
    def fits(text: str) -> bool:
        try:
            return bool(datetime.strptime(text, pattern))
        except ValueError:
            return False

    return _Look(
        f"{'time' if '%H' in pattern or '%I' in pattern else 'date'}:{pattern}", f"times like {readable(pattern)}", fits
    )


def readable(pattern: str) -> str:
    """A pattern of times as people write it: DD.MM.YYYY."""
    for sign, words in SIGNS.items():
        pattern = pattern.replace(sign, words)
    return pattern


def _is_amount(decimal: str, text: str) -> bool:
    return len(text) <= AMOUNT_MAX_CHARACTERS and AMOUNTS[decimal].fullmatch(text) is not None


def _is_iso(text: str) -> bool:
    try:
        return len(text) > 8 and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


LOOKS = (
    _Look("e-mail", "an e-mail", EMAIL.fullmatch),
    _Look("time", "times in ISO 8601", _is_iso),
    _Look(f"time:{EPOCH}", "seconds or milliseconds since 1970", EPOCHS.fullmatch, "timestamp"),
    _Look("phone", "a phone number", PHONE.fullmatch, "properties.phone"),
    _Look("amount", "amounts", partial(_is_amount, ".")),
    _Look("amount:,", "amounts with a decimal comma", partial(_is_amount, ",")),
    _Look("yes or no", "yes or no", BOOLEAN.fullmatch),
    _Look("number", "numbers", NUMBER.fullmatch),
)


def _placed(columns: list[Column], kind: str) -> list[Column]:
    """Each column with its place; no two share one, the better reason first."""
    bag = TRAITS if kind == CUSTOMERS else PROPERTIES
    taken: set[str] = set()
    above: set[str] = set()
    by_name: dict[str, Column] = {}
    for wanted in (_by_hint, _by_look, _by_name):
        for column in columns:
            if column.name in by_name:
                continue
            place, reason = wanted(column, kind, bag)
            if place and place not in taken | above and taken.isdisjoint(_above(place)):
                taken.add(place)
                above.update(_above(place))
                told = f"{reason}; {column.reason}" if reason and column.reason else reason or column.reason
                by_name[column.name] = msgspec.structs.replace(column, place=place, reason=told)
    return [by_name.get(column.name, column) for column in columns]


def _above(place: str) -> list[str]:
    """The objects in which a place lies: what stands there cannot be a value."""
    parts = place.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def _by_hint(column: Column, kind: str, bag: str) -> tuple[str, str]:
    direct = FIELDS_BY_COLUMN.get(column.name) or (column.name if column.name.startswith(BAGS) else "")
    if direct:
        return direct, "named like a field of an event"
    hint = HINT_BY_NAME.get(_plain(column.name))
    place = (hint.customer if kind == CUSTOMERS else hint.deed) if hint else ""
    if place == "timestamp" and column.type not in ("time", "date"):
        return "", ""
    return place, "the name says so" if place else ""


def _by_look(column: Column, kind: str, bag: str) -> tuple[str, str]:
    if column.type == "e-mail":
        return f"{bag}email", ""
    if column.type == "time" and kind != CUSTOMERS:
        return "timestamp", ""
    if column.type == "amount" and kind == ORDERS:
        return "properties.revenue", ""
    return "", ""


def _by_name(column: Column, kind: str, bag: str) -> tuple[str, str]:
    """Everything else is kept under its own name: nothing that a brand has is lost by default."""
    return bag + _plain(column.name), "kept under its own name" if _plain(column.name) else ""


def _plain(name: str) -> str:
    return WORDS.sub("_", name.lower()).strip("_")


def _mapping(columns: list[Column], kind: str, names: list[str]) -> Mapping:
    if kind == MESSAGES:
        return Mapping()
    amounts = [column for column in columns if column.type == "amount"]
    decimal: Literal["", ".", ","] = "," if any(column.pattern == "," for column in amounts) else "." if amounts else ""
    return Mapping(
        kind="identify" if kind == CUSTOMERS else "track",
        event=EVENT_BY_KIND.get(kind, ""),
        fields={column.name: column.place for column in columns if column.place},
        times={column.name: column.pattern for column in columns if column.pattern and column.type in ("time", "date")},
        decimal=decimal,
    )


def _zone(columns: list[Column]) -> str:
    column = next((column for column in columns if column.place == "timestamp"), None)
    if column is None:
        return "No column tells when: every event happens when it arrives"
    ends = [text for text in column.samples if re.search(r"(Z|[+-]\d\d:?\d\d)$", text)]
    if column.pattern == EPOCH or "%z" in column.pattern or (ends and len(ends) == len(column.samples)):
        return "Its times name their zone"
    return "Its times name no zone: they are read as the brand's own clock showed them"
