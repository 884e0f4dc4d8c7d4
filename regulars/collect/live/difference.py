"""What differs between two JSON values, place by place. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, cast

import msgspec

from regulars.collect.audit.masking import NOTHING, Beside, Look, Path, in_the_clear, shown_name

CHANGES_MAX = 50


class Difference(msgspec.Struct, frozen=True):
    """One place that is not the same. `before` or `after` is text as JSON writes it, None where there was nothing."""

    path: str
    before: str | None
    after: str | None


class _Place(NamedTuple):
    """Where both values stand: as it is written, and as a look needs to know it."""

    look: Look
    written: str = ""
    path: Path = ()
    beside: Beside = NOTHING

    def key(self, key: str, beside: Beside) -> _Place:
        shown = key if self.look is in_the_clear else shown_name(key)
        return _Place(self.look, f"{self.written}.{shown}" if self.written else shown, (*self.path, key), beside)

    def item(self, number: int) -> _Place:
        return self._replace(written=f"{self.written}.{number}")

    def text(self, value: object) -> str:
        return msgspec.json.encode(self.look(value, self.path, self.beside)).decode()


def differences(before: object, after: object, look: Look = in_the_clear) -> list[Difference]:
    """Where `after` is not `before`, at most CHANGES_MAX places, in the order of `before`; values as `look` shows them.

    Compared as they are: two values that look the same once they are masked differ all the same.
    """
    return list(islice(_walk(_Place(look), before, after), CHANGES_MAX))


def _walk(place: _Place, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast(dict[str, Any], before), cast(dict[str, Any], after)
        both = {**old, **new}
        for key in both:
            yield from _member(place.key(key, both), key in old, key in new, old.get(key), new.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        first, second = cast(list[object], before), cast(list[object], after)
        for number in range(max(len(first), len(second))):
            here, there = number < len(first), number < len(second)
            yield from _member(
                place.item(number), here, there, first[number] if here else None, second[number] if there else None
            )
    elif before != after:
        yield Difference(place.written, place.text(cast(object, before)), place.text(cast(object, after)))


def _member(place: _Place, was: bool, is_now: bool, before: object, after: object) -> Iterator[Difference]:
    if was and is_now:
        yield from _walk(place, before, after)
    else:
        yield Difference(place.written, place.text(before) if was else None, place.text(after) if is_now else None)
