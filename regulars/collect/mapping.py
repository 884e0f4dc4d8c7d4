"""From the columns of a file to messages. Pure.

Without a mapping, columns that are named like fields of a message are those fields (`userId` or `user_id`, `event`,
`timestamp`, `traits.email`, `properties.revenue`), every other column is a trait (identify) or a property (track), and
a JSON line that is a message already stays as it is.
"""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from regulars.collect.door import KINDS
from regulars.collect.errors import MappingRefused

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
BAGS = ("properties.", "traits.", "context.")
# Text in these becomes a number; anything else that looks like one (a card, a postcode) must stay as it is written.
NUMBERS = frozenset({"revenue", "discount", "coupon_discount", "quantity", "price", "points", "score", "minutes"})


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


def load(path: Path) -> Mapping:
    """The mapping in this file. Raises MappingRefused."""
    try:
        text = path.read_text()
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        mapping = msgspec.convert(data, Mapping)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as fault:
        raise MappingRefused(f"The mapping {path.name} cannot be used: {fault}", "Mend what it names") from None
    faults = [
        f"'{place}'"
        for place in (*mapping.fields.values(), *mapping.constants)
        if place not in FIELDS_BY_COLUMN.values() and place != "name" and not place.startswith(BAGS)
    ]
    if mapping.kind and mapping.kind not in KINDS:
        faults.append(f"kind '{mapping.kind}'")
    if faults:
        raise MappingRefused(
            f"The mapping {path.name} names what no message has: {', '.join(faults)}",
            "Use userId, event, timestamp, …, or properties.x, traits.x, context.x",
        )
    return mapping


def message(row: dict[str, Any], mapping: Mapping) -> dict[str, Any]:
    """The message of a row."""
    said = row.get("type") or row.get("kind")
    # A type that is no text is for the door to refuse, this row alone.
    is_message = isinstance(row.get("type"), str) and row["type"] in KINDS
    if is_message and not mapping.fields and not any(key.startswith(BAGS) for key in row):
        return _settled(dict(row))
    made: dict[str, Any] = {}
    if mapping.event:
        made["event"] = mapping.event
    known = {FIELDS_BY_COLUMN.get(column) for column in row}
    kind = (
        mapping.kind
        or said
        or ("track" if mapping.event or "event" in known or "event" in mapping.fields.values() else "identify")
    )
    bag = "traits." if kind in ("identify", "group") else "properties."
    for column, value in row.items():
        place = mapping.fields.get(column) if mapping.fields else _place(column, bag)
        if place:
            _put(made, place, value)
    for place, value in mapping.constants.items():
        _put(made, place, value)
    return made | {"type": kind}


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


def _place(column: str, bag: str) -> str:
    return FIELDS_BY_COLUMN.get(column) or (column if column.startswith(BAGS) else bag + column)


def _put(made: dict[str, Any], place: str, value: Any) -> None:
    *path, last = place.split(".")
    inside = made
    for part in path:
        following = inside.setdefault(part, {})
        if not isinstance(following, dict):
            return  # a value stands where an object is meant; the first one wins
        inside = cast(dict[str, Any], following)
    inside[last] = _number(value) if last in NUMBERS and isinstance(value, str) else value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
