"""What differs between two JSON values, place by place. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import msgspec

CHANGES_MAX = 50


class Difference(msgspec.Struct, frozen=True):
    """One place that is not the same. `before` or `after` is text as JSON writes it, None where there was nothing."""

    path: str
    before: str | None
    after: str | None


def differences(before: object, after: object) -> list[Difference]:
    """Where `after` is not `before`, at most CHANGES_MAX places, in the order of `before`."""
    return list(islice(_walk("", before, after), CHANGES_MAX))


def _walk(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast(dict[str, Any], before), cast(dict[str, Any], after)
        for key in {**old, **new}:
            yield from _member(f"{path}.{key}" if path else key, key in old, key in new, old.get(key), new.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        first, second = cast(list[object], before), cast(list[object], after)
        for place in range(max(len(first), len(second))):
            here, there = place < len(first), place < len(second)
            yield from _member(
                f"{path}.{place}", here, there, first[place] if here else None, second[place] if there else None
            )
    elif before != after:
        yield Difference(path, _text(cast(object, before)), _text(cast(object, after)))


def _member(path: str, was: bool, is_now: bool, before: object, after: object) -> Iterator[Difference]:
    if was and is_now:
        yield from _walk(path, before, after)
    else:
        yield Difference(path, _text(before) if was else None, _text(after) if is_now else None)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
