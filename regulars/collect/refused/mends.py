"""Exact changes to a refused message, so that the door may take it. Pure.

A mend does one thing to one field, the same for every message of a group; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import msgspec

from regulars.collect.door import EVENT_MAX_BYTES
from regulars.collect.errors import MendRefused

MENDS_MAX = 10
FIELD_MAX_CHARACTERS = 200
VALUE_MAX_CHARACTERS = 2_000
OPERATIONS = {
    "set": "put a value into a field",
    "rename": "move a field to another place",
    "remove": "drop a field",
    "cast": "read a field as text, number, integer, boolean or time",
    "replace": "exchange exact text in the message as received",
}
RESULT_MAX_BYTES = EVENT_MAX_BYTES
CUT = "… (cut: the first "

_decode = msgspec.json.Decoder().decode


class Mend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change. Of `replace`, `field` is the text that is looked for."""

    do: str
    field: str
    value: str = ""
    """set: JSON, or else text as it stands; rename: the new place; cast: the type; replace: the new text."""


class Unmendable(NamedTuple):
    """Why this message cannot even be tried."""

    why: str


TOO_LONG = Unmendable(f"It would have more than the {RESULT_MAX_BYTES // 1024} KB that a message may have")


def check(mends: Sequence[Mend]) -> None:
    """Raise MendRefused, which names every fault."""
    faults = [f"'{each.do}' is none of {', '.join(OPERATIONS)}" for each in mends if each.do not in OPERATIONS]
    faults += [f"{each.do} names no field" for each in mends if not each.field]
    faults += [f"rename of {each.field} names no new place" for each in mends if each.do == "rename" and not each.value]
    faults += [
        f"'{each.value}' is no type to read {each.field} as; use {', '.join(CASTS)}"
        for each in mends
        if each.do == "cast" and each.value not in CASTS
    ]
    if len(mends) > MENDS_MAX:
        faults.append(f"{len(mends)} mends at once, {MENDS_MAX} at most")
    if any(len(each.field) > FIELD_MAX_CHARACTERS or len(each.value) > VALUE_MAX_CHARACTERS for each in mends):
        faults.append("a field or value is too long")
    if faults:
        raise MendRefused(f"These mends cannot be used: {'; '.join(faults)}", "Mend what it names; nothing was sent")


def mended(body: str, mends: Sequence[Mend]) -> object | Unmendable:
    """The message of this refusal after all mends, in their order; replacements of text come first."""
    if is_cut(body):
        return Unmendable("Only its beginning is kept (16 KB), so it cannot be sent again")
    for each in mends:
        if each.do == "replace":
            # Counted before it is done: three small replacements can make a text that no memory holds.
            grown = len(body.encode()) + body.count(each.field) * (len(each.value.encode()) - len(each.field.encode()))
            if grown > RESULT_MAX_BYTES:
                return TOO_LONG
            body = body.replace(each.field, each.value)
    try:
        message: object = _decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return Unmendable("It is no JSON as it stands; replace the text that breaks it")
    if isinstance(message, dict):
        changed = cast(dict[str, Any], message)
        for each in mends:
            if each.do != "replace":
                _change(changed, each)
        message = changed
    try:
        size = len(msgspec.json.encode(message))
    except (msgspec.MsgspecError, OverflowError, ValueError, RecursionError):
        return Unmendable("It has a value that JSON has no room for")
    return message if size <= RESULT_MAX_BYTES else TOO_LONG


def is_cut(body: str) -> bool:
    """Whether only the beginning of the message was kept."""
    return body.endswith(" bytes)") and CUT in body[-80:]


def _change(message: dict[str, Any], mend: Mend) -> None:
    if mend.do == "set":
        _put(message, mend.field, _value(mend.value))
        return
    inside, last = _inside(message, mend.field)
    if inside is None or last not in inside:
        return
    if mend.do == "cast":
        inside[last] = CASTS[mend.value](inside[last])
        return
    value = inside.pop(last)
    if mend.do == "rename":
        _put(message, mend.value, value)


def _inside(message: dict[str, Any], place: str) -> tuple[dict[str, Any] | None, str]:
    """The object that holds this place, and the key in it."""
    *path, last = place.split(".")
    here: Any = message
    for part in path:
        here = cast(dict[str, Any], here).get(part) if isinstance(here, dict) else None
    return (cast(dict[str, Any], here) if isinstance(here, dict) else None), last


def _put(message: dict[str, Any], place: str, value: Any) -> None:
    *path, last = place.split(".")
    here = message
    for part in path:
        following = here.setdefault(part, {})
        if not isinstance(following, dict):
            following = here[part] = {}
        here = cast(dict[str, Any], following)
    here[last] = value


def _value(text: str) -> Any:
    try:
        return _decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _integer(value: Any) -> Any:
    number = _number(value)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _boolean(value: Any) -> Any:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words.get(str(value).strip().lower(), value)


def _time(value: Any) -> Any:
    """ISO 8601 of a time in one of the forms people write; what none fits stays for the door to refuse."""
    if not isinstance(value, str):
        return value
    for form in TIME_FORMS:
        try:
            return datetime.strptime(value.strip(), form).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return value


TIME_FORMS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y%m%d%H%M%S")
CASTS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "time": _time,
}
