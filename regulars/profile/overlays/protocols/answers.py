"""Reading JSON answers. Nothing here is a plug-in."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from regulars import collect
from regulars.profile.overlays.protocols import Unreadable


def json_at(body: bytes, path: str) -> Any:
    """What stands at a path of a JSON answer; the whole of it where the path is empty. Raises Unreadable."""
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("it is no JSON") from None
    return collect.paths.value_at(content, path) if path else content


def record(found: object) -> dict[str, Any]:
    """One person's values by name. Raises Unreadable."""
    if not isinstance(found, dict):
        raise Unreadable("what it says about a key is no object")
    return cast(dict[str, Any], found)
