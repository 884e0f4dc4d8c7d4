"""How far a pull is, as text that gives the very same value again. Nothing here is a plug-in."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from regulars.collect.errors import PullRefused
from regulars.collect.pulls import Connect

DATE_CHARACTERS = len("2026-01-31")
PRECISIONS = ("minutes", "seconds", "milliseconds", "microseconds")


class _Kind(NamedTuple):
    """A type of cursor: how it is written and read."""

    type: type[Any]
    write: Callable[[Any], str]
    read: Callable[[str], object]


def _instant(value: datetime) -> str:
    # The same instant is the same text, in whichever zone the database tells it.
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


# A datetime is a date, too: the narrower one first.
KINDS = {
    "time": _Kind(datetime, _instant, datetime.fromisoformat),
    "date": _Kind(date, date.isoformat, date.fromisoformat),
    "int": _Kind(int, str, int),
    "float": _Kind(float, repr, float),
    "decimal": _Kind(Decimal, str, Decimal),
    "uuid": _Kind(UUID, str, UUID),
    "bytes": _Kind(bytes, _base64, b64decode),
    "text": _Kind(str, str, str),
}


def written(value: object) -> str:
    """The value with its type, as JSON. Raises PullRefused for a type that has no order."""
    kind = next((name for name, each in KINDS.items() if isinstance(value, each.type)), None)
    if kind is None or isinstance(value, bool):
        raise PullRefused(
            f"The cursor is of the type {type(value).__name__}, which has no order",
            "Choose a column of numbers, times, texts or bytes that only grow",
        )
    return msgspec.json.encode([kind, KINDS[kind].write(value)]).decode()


def value_of(text: str | None) -> object:
    """What was written; None: nothing was."""
    if text is None:
        return None
    kind, told = msgspec.json.decode(text, type=tuple[str, str])
    return KINDS[kind].read(told)


def is_told(value: object) -> bool:
    """Whether there is a value: neither NULL nor NaN, which is greater than everything or nothing."""
    if isinstance(value, Decimal):
        return not value.is_nan()
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def highest(values: Iterable[Any], so_far: Any, column: str) -> Any:
    """The greatest of these and the one so far. Raises PullRefused where they cannot be compared."""
    told = [value for value in (*values, so_far) if is_told(value)]
    try:
        return max(told, default=None)
    except TypeError:
        raise PullRefused(f"The values of {column} cannot be put in order", "Choose a column of one type") from None


def looked_back(cursor: Any, connect: Connect) -> object:
    """From where to read: the cursor, less what is looked back. Raises PullRefused where that has no meaning."""
    if cursor is None or not (connect.look_back or connect.look_back_minutes):
        return cursor
    try:
        if connect.look_back_minutes:
            return _earlier(cursor, timedelta(minutes=connect.look_back_minutes))
        if isinstance(cursor, int):
            return cursor - math.ceil(connect.look_back)
        if isinstance(cursor, float):
            return cursor - connect.look_back
        if isinstance(cursor, Decimal):
            return cursor - Decimal(connect.look_back)
    except OverflowError:
        return None  # further back than anything: all of it
    raise _no_distance("look_back", "a number")


def _earlier(cursor: Any, by: timedelta) -> object:
    if isinstance(cursor, datetime):
        return cursor - by
    if isinstance(cursor, date):
        return _days_before(cursor, by)
    if isinstance(cursor, str):
        return _earlier_text(cursor, by)
    raise _no_distance("look_back_minutes", "a time")


def _earlier_text(cursor: str, by: timedelta) -> str:
    """Written as the cursor is, to the sign: texts are compared, and "T" stands behind " "."""
    with suppress(ValueError):
        if len(cursor) == DATE_CHARACTERS:
            day = date.fromisoformat(cursor)
            if day.isoformat() == cursor:
                return _days_before(day, by).isoformat()
        at = datetime.fromisoformat(cursor)
        for precision in PRECISIONS:
            if _like(cursor, at, precision) == cursor:
                return _like(cursor, at - by, precision)
    raise _no_distance("look_back_minutes", "a time such as 2026-01-31T09:30:00Z")


def _like(cursor: str, at: datetime, precision: str) -> str:
    text = at.isoformat(cursor[DATE_CHARACTERS:][:1] or "T", precision)
    return text.replace("+00:00", "Z") if cursor.endswith("Z") else text


def _days_before(day: date, by: timedelta) -> date:
    # Less than a day back is still the day before.
    return day - timedelta(days=math.ceil(by / timedelta(days=1)))


def _no_distance(setting: str, wanted: str) -> PullRefused:
    return PullRefused(
        f"{setting} is set, and the cursor is not {wanted}",
        "Use look_back_minutes for a time, look_back for a number, or neither",
    )
