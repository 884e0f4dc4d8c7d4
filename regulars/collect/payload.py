"""What a vendor's JSON says, read without trusting its shape. Pure.

Payloads are decoded with numbers as `int` or `Decimal`: an amount never passes through a float.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import msgspec

from regulars.collect.errors import DeliveryUnreadable

Content = dict[str, Any]
# A number of more digits counts nothing. Eight characters, 1e400000, would fill the memory as a whole number.
PIECES_MAX_DIGITS = 18

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def read(body: bytes) -> Content:
    """The JSON object of a delivery. Raises DeliveryUnreadable."""
    try:
        content: object = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError):
        raise DeliveryUnreadable("The body is not JSON", "Set the webhook's format to JSON") from None
    if not isinstance(content, dict):
        raise DeliveryUnreadable("The body is not a JSON object", "Have the sender post one object a delivery")
    return cast(Content, content)


def inside(content: object, *keys: str) -> Any:
    """The value under these keys; None where one is missing or stands on something else."""
    for key in keys:
        content = cast(Content, content).get(key) if isinstance(content, dict) else None
    return content


def items(content: object, *keys: str) -> list[Content]:
    """The objects of a list under these keys; nothing where there is no list."""
    found: object = inside(content, *keys)
    listed = cast(list[object], found) if isinstance(found, list) else []
    return [cast(Content, each) for each in listed if isinstance(each, dict)]


def text(content: object, *keys: str) -> str | None:
    """Short text under these keys; whole numbers as written, blanks and everything else None."""
    found = inside(content, *keys)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found.strip() or None if isinstance(found, str) else None


def pieces(content: object, *keys: str) -> int | str | None:
    """A quantity: whole numbers as they are, measured goods as text."""
    found = inside(content, *keys)
    if isinstance(found, Decimal):
        is_whole = found.adjusted() < PIECES_MAX_DIGITS and found == found.to_integral_value()
        return int(found) if is_whole else str(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def needed(content: object, *keys: str) -> str:
    """`text`, where an event cannot be told without it. Raises DeliveryUnreadable."""
    found = text(content, *keys)
    if found is None:
        raise DeliveryUnreadable(
            f"The delivery has no {'.'.join(keys)}",
            "Look at it under Deliveries; is the webhook's topic the right one?",
        )
    return found


def stated(**given: Any) -> dict[str, Any]:
    """What is known of these: no None, no empty text, list or object."""
    return {name: value for name, value in given.items() if value is not None and value != "" and value not in ([], {})}
