"""From the columns of a file to messages. Pure.

Without a mapping, columns that are named like fields of a message are those fields (`userId` or `user_id`, `event`,
`timestamp`, `traits.email`, `properties.revenue`), every other column is a trait (identify) or a property (track), and
a JSON line that is a message already stays as it is.
"""

import json
import math
import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from regulars.collect.door import KINDS
from regulars.collect.errors import MappingRefused
from regulars.collect.facts import AMOUNT_AS_TEXT, cents

FIELDS_BY_COLUMN = {
    spelling: field
    for field, spellings in {
        "type": ("type", "kind"),
        "messageId": ("messageId", "message_id"),
        "userId": ("userId", "user_id"),
        "anonymousId": ("anonymousId", "anonymous_id"),
        "previousId": ("previousId", "previous_id"),
        "groupId": ("groupId", "group_id"),
        "event": ("event",),
        "timestamp": ("timestamp", "occurred_at"),
    }.items()
    for spelling in spellings
}
TIMES = ("timestamp", "originalTimestamp")
PROPERTIES, TRAITS = "properties.", "traits."
BAGS = (PROPERTIES, TRAITS, "context.")
PLACES = {*FIELDS_BY_COLUMN.values(), "name"}
PLACE_PARTS_MAX = 8
# Lines of JSON may have any number of columns; the ways of so many are kept.
WAYS_MAX = 10_000
EPOCH = "epoch"
HOURS = ("%H", "%I", "%c", "%X")
UTC = ZoneInfo("UTC")
# Two digits each, and none of them like another.
PROBE = datetime(2031, 12, 24, 17, 45, 58, tzinfo=UTC)
COLUMNS_SHOWN_MAX = 20
AMOUNT, TAKEN = "amount", "taken"
# A currency's sign, the digits with their thousands grouped, the decimals: 1,234.50 or 1.234,50.
SIGN = r"[^\d\s.,-]"
GROUPED = {
    decimal: re.compile(
        rf"{SIGN}{{0,3}}\s*(?:(-)\s*)?([0-9]{{1,3}}(?:[{thousands}' ][0-9]{{3}})*|[0-9]+)"
        rf"(?:{re.escape(decimal)}([0-9]+))?(?:\s*{SIGN}{{1,3}})?"
    )
    for decimal, thousands in {".": ",", ",": "."}.items()
}
# A longer text is no amount. Signs and white space can be told apart in many ways: of a cell of thousands, for seconds.
AMOUNT_MAX_CHARACTERS = 64
# Text in these becomes a number; anything else that looks like one (a card, a postcode) must stay as it is written.
AMOUNTS = frozenset({"revenue", "total", "discount", "coupon_discount", "price"})
NUMBERS = AMOUNTS | {"quantity", "points", "score", "minutes"}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mapping file says, as TOML or JSON."""

    kind: str = ""
    """identify, track, …; left out: track where there is an event, else identify."""
    event: str = ""
    """The event's name for every row."""
    fields: dict[str, str] = {}
    """Column to place in the message: `{"total": "properties.revenue"}`; with it, columns not named are left out."""
    constants: dict[str, Any] = {}
    """Place to value, the same for every row."""
    times: dict[str, str] = {}
    """Column to the pattern of its times, as in `%d.%m.%Y %H:%M`, or `epoch` for seconds or milliseconds since 1970."""
    zone: str = ""
    """IANA zone of times that name none; empty: the brand's."""
    decimal: Literal["", ".", ","] = ""
    """The decimal sign of amounts that group their thousands ("1.234,50" has ","); empty: digits and a point."""


Mapped = Callable[[dict[str, Any]], dict[str, Any]]


class Unfit(NamedTuple):
    """A cell that the message cannot say: what it holds would be lost without a word."""

    column: str
    why: str
    """AMOUNT: money that nobody could count. TAKEN: another column's value stands there."""


Judged = Callable[[dict[str, Any]], tuple[dict[str, Any], Unfit | None]]


def load(path: Path) -> Mapping:
    """The mapping in this file. Raises MappingRefused."""
    try:
        text = path.read_text()
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        mapping = msgspec.convert(data, Mapping)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as fault:
        raise MappingRefused(f"The mapping {path.name} cannot be used: {fault}", "Mend what it names") from None
    check(mapping, f"The mapping {path.name}")
    return mapping


def check(mapping: Mapping, name: str) -> None:
    """Raise MappingRefused, naming every fault at once."""
    faults = [
        f"the place '{place}'" for place in (*mapping.fields.values(), *mapping.constants) if not _is_place(place)
    ]
    if mapping.kind and mapping.kind not in KINDS:
        faults.append(f"the kind '{mapping.kind}'")
    if mapping.zone and not _is_zone(mapping.zone):
        faults.append(f"the zone '{mapping.zone}' (one is Europe/Berlin)")
    faults += [
        f"the pattern '{pattern}' of '{column}', which no time can be read by (one is %d.%m.%Y %H:%M)"
        for column, pattern in mapping.times.items()
        if pattern != EPOCH and not _is_pattern(pattern)
    ]
    faults += [f"no finite number for {place}" for place, value in mapping.constants.items() if not _is_finite(value)]
    named = [(f"'{column}'", place) for column, place in mapping.fields.items()]
    faults += _clashes(named + [(f"the constant {place}", place) for place in mapping.constants])
    if faults:
        raise MappingRefused(
            f"{name} cannot be used: it names {'; '.join(faults)}",
            "Mend what it names; places are userId, event, timestamp, … or properties.x, traits.x, context.x, one each",
        )


def check_columns(mapping: Mapping, columns: list[str], file: str) -> None:
    """Raise MappingRefused where the file has no such columns, or two without a mapping that would go to one place."""
    missing = sorted({*mapping.fields, *mapping.times} - set(columns))
    faults = [f"no column '{column}'" for column in missing]
    if not mapping.fields:
        names_event = bool(mapping.event) or any(FIELDS_BY_COLUMN.get(column) == "event" for column in columns)
        kind = mapping.kind or ("track" if names_event else "identify")
        bag = TRAITS if kind in ("identify", "group") else PROPERTIES
        faults += [f"columns that clash: {each}" for each in _clashes([(f"'{c}'", _place(c, bag)) for c in columns])]
    if faults:
        shown = ", ".join(columns[:COLUMNS_SHOWN_MAX])
        raise MappingRefused(
            f"{file} has {'; '.join(faults)}", f"Say with a mapping where each goes; its columns are: {shown}"
        )


def _is_place(place: str) -> bool:
    parts = place.split(".")
    return place in PLACES or (place.startswith(BAGS) and len(parts) <= PLACE_PARTS_MAX and all(parts))


def _is_zone(zone: str) -> bool:
    try:
        return bool(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _is_pattern(pattern: str) -> bool:
    """Whether a time written so can be read again, with its year."""
    try:
        return datetime.strptime(PROBE.strftime(pattern), pattern).year == PROBE.year
    except (ValueError, re.error):
        return False


def _is_finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, cast(dict[str, object], value).values()))
    if isinstance(value, list):
        return all(map(_is_finite, cast(list[object], value)))
    return not isinstance(value, float) or math.isfinite(value)


def _clashes(named: list[tuple[str, str]]) -> list[str]:
    """Which of these go to one place, or one into what another is: of two values only one would be stored."""
    by_place: dict[str, str] = {}
    told: list[str] = []
    for name, place in named:
        if place in by_place:
            told.append(f"{by_place[place]} and {name}, both for {place}")
        by_place.setdefault(place, name)
    for place, name in by_place.items():
        parts = place.split(".")
        above = (".".join(parts[:depth]) for depth in range(1, len(parts)))
        told += [f"{by_place[each]} for {each} and {name} inside of it" for each in above if each in by_place]
    return told


def compiled(mapping: Mapping, zone: ZoneInfo) -> Mapped:
    """What makes a message of a row, of which nothing is said but what it became."""
    judge = judged(mapping, zone)
    return lambda row: judge(row)[0]


def judged(mapping: Mapping, zone: ZoneInfo) -> Judged:
    """What makes a message of a row: the way from each column to its place is looked up once, not once a row."""
    here = ZoneInfo(mapping.zone) if mapping.zone else zone
    ways: dict[str, dict[str, _Way | None]] = {TRAITS: {}, PROPERTIES: {}}
    names_event = bool(mapping.event) or "event" in mapping.fields.values()
    says_itself = not mapping.fields

    def mapped(row: dict[str, Any]) -> tuple[dict[str, Any], Unfit | None]:
        # A type that is no text is for the door to refuse, this row alone.
        said = row.get("type") or row.get("kind")
        if says_itself and _is_message(row):
            return in_zone(_settled(dict(row)), here), None
        unfit: Unfit | None = None
        made: dict[str, Any] = {"event": mapping.event} if mapping.event else {}
        kind = mapping.kind or said or ("track" if names_event or _names_event(row) else "identify")
        bag = TRAITS if kind in ("identify", "group") else PROPERTIES
        way_of = ways[bag]
        for column, value in row.items():
            if column not in way_of:
                if len(way_of) >= WAYS_MAX:
                    way_of.clear()
                way_of[column] = _way(column, mapping, bag)
            if (way := way_of[column]) is not None and (why := _put(made, way, value)):
                unfit = Unfit(column, why)
        for place, value in mapping.constants.items():
            _put(made, _steps(place, mapping), value)
        made["type"] = kind
        return in_zone(made, here), unfit

    return mapped


class _Way(NamedTuple):
    """How a value comes to its place."""

    path: tuple[str, ...]
    last: str
    read: Callable[[str], object] | None
    """What text becomes on the way; None: it stays as it is written."""
    is_amount: bool = False
    """Text that does not become a number is no amount."""


def _way(column: str, mapping: Mapping, bag: str) -> _Way | None:
    place = mapping.fields.get(column) if mapping.fields else _place(column, bag)
    if not place:
        return None
    pattern = mapping.times.get(column)
    way = _steps(place, mapping)
    return way._replace(read=partial(_time, pattern=pattern), is_amount=False) if pattern else way


def _steps(place: str, mapping: Mapping) -> _Way:
    *path, last = place.split(".")
    read = partial(_number, decimal=mapping.decimal) if last in NUMBERS else None
    return _Way(tuple(path), last, read, last in AMOUNTS and path[:1] == ["properties"])


def _is_message(row: dict[str, Any]) -> bool:
    said = row.get("type")
    return isinstance(said, str) and said in KINDS and not any(key.startswith(BAGS) for key in row)


def _names_event(row: dict[str, Any]) -> bool:
    return any(FIELDS_BY_COLUMN.get(column) == "event" for column in row)


def in_zone(made: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The message with its zone-less times read as local ones, as the clock on the wall of the brand showed them.

    Of an hour that the end of summer time repeats it is the first; one that its beginning skips counts from before the
    change (2:30 is what the clock shows as 3:30). What is no ISO 8601 text stays, for the door to judge.
    """
    for field in TIMES:
        told = made.get(field)
        if not isinstance(told, str):
            continue
        try:
            instant = datetime.fromisoformat(told)
            if instant.tzinfo is None:
                made[field] = instant.replace(tzinfo=zone).isoformat()
        except (ValueError, OverflowError):
            continue
    return made


def _settled(sent: dict[str, Any]) -> dict[str, Any]:
    """A message from an archive: its timestamp was repaired when it was first taken, its sentAt is history."""
    sent.pop("sentAt", None)
    if sent.get("timestamp"):
        sent.pop("originalTimestamp", None)
    return sent


def message(row: dict[str, Any], mapping: Mapping, zone: ZoneInfo = UTC) -> dict[str, Any]:
    """The message of one row; for many, compile the mapping once."""
    return compiled(mapping, zone)(row)


def _place(column: str, bag: str) -> str:
    return FIELDS_BY_COLUMN.get(column) or (column if column.startswith(BAGS) else bag + column)


def _put(made: dict[str, Any], way: _Way, value: Any) -> str:
    """Why it cannot stand there; empty: it does."""
    path, last, read, is_amount = way
    inside = made
    for part in path:
        following = inside.setdefault(part, {})
        if not isinstance(following, dict):
            return TAKEN
        inside = cast(dict[str, Any], following)
    if isinstance(inside.get(last), dict):
        return TAKEN
    told = inside[last] = read(value) if read is not None and isinstance(value, str) else value
    return AMOUNT if is_amount and _is_uncountable(told) else ""


def _is_uncountable(told: object) -> bool:
    """Whether it is meant as money, and no sum would hold it."""
    is_told = bool(told.strip()) if isinstance(told, str) else isinstance(told, int | float)
    return is_told and cents(told) is None


def _number(text: str, decimal: str) -> float | str:
    stripped = text.strip()
    if decimal and len(stripped) <= AMOUNT_MAX_CHARACTERS and (found := GROUPED[decimal].fullmatch(stripped)):
        stripped = (found[1] or "") + re.sub(r"\D", "", found[2]) + "." + (found[3] or "0")
    # Only what is an amount everywhere else, too: Python reads more, such as 1_000 or the digits of any script.
    return float(stripped) if AMOUNT_AS_TEXT.fullmatch(stripped) else text


def _time(text: str, pattern: str) -> object:
    """The time in ISO 8601, or the text for the door to judge where it is not written like this."""
    try:
        if pattern == EPOCH:
            return float(text)
        told = datetime.strptime(text.strip(), pattern)
        return told.isoformat() if any(sign in pattern for sign in HOURS) else told.date().isoformat()
    except ValueError:
        return text
