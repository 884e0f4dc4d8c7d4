"""Which of the values stated for a field is golden: a pure rule, so the order of arrival never matters.

Kept of what a source said about a field are its VALUES_KEPT newest values, verified and unverified apart; said again, a
value is as new as the last time. "The k newest of the latest of each" is a fold: associative, commutative, idempotent.
So merging two customers is merging what is kept of both, and late or repeated events change nothing they should not.
The golden value is a function of what is kept and of the declared order; whichever rule is declared, it only reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from regulars.profile.declared import STEWARD, Declared
from regulars.profile.survivorship import Fact

# Of one field of one customer by one source; older ones go.
VALUES_KEPT = 5

Key = tuple[str, bool, int]
"""Source, verified, digest of the value."""
Place = tuple[int, str]
"""Customer and field."""


class Stated(NamedTuple):
    """A value as its source last stated it. An empty one says that nothing is known, whatever others say."""

    value: str
    occurred_at: datetime
    seq: int
    """Position of the event; of a hand entry its number."""
    rule: str | None
    """Why it is golden; None: it is not."""


Values = dict[Place, dict[Key, Stated]]
"""All values that are kept, by place."""
NOTHING: dict[Key, Stated] = {}


def add(values: Values, facts: Iterable[Fact]) -> set[Place]:
    """Take in what was said; gives the places that may have changed."""
    touched: set[Place] = set()
    for fact in facts:
        key = (fact.source, fact.verified, digest_of(fact.value))
        place = (fact.customer, fact.field)
        kept = values.get(place, {})
        held = kept.get(key)
        if held is None or (fact.occurred_at, fact.seq) > (held.occurred_at, held.seq):
            rule = held.rule if held else None
            stated = Stated(fact.value, fact.occurred_at, fact.seq, rule)
            # What stands may be shared with what stood before, which must stay as it was.
            if place in touched:
                kept[key] = stated
            else:
                values[place] = {**kept, key: stated}
                touched.add(place)
    return touched


def move(values: Values, loser: int, survivor: int) -> set[Place]:
    """Everything of one customer goes to another; gives the places that may have changed."""
    touched: set[Place] = set()
    for place in [place for place in values if place[0] == loser]:
        target = (survivor, place[1])
        touched |= {place, target}
        into = values[target] = dict(values.get(target, {}))
        for key, stated in values.pop(place).items():
            held = into.get(key)
            if held is None or (stated.occurred_at, stated.seq) > (held.occurred_at, held.seq):
                into[key] = stated._replace(rule=None)
    return touched


def settle(values: Values, places: Iterable[Place], declared: Declared) -> None:
    """Let the oldest go and mark the golden value of each of these places, which share nothing with what stood."""
    for place in places:
        kept = values.get(place)
        if not kept:
            values.pop(place, None)
            continue
        # By far the most places hold one value.
        if len(kept) > 1:
            _let_go(kept)
            winner, rule = golden(kept, place[1], declared)
        else:
            winner, rule = next(iter(kept)), "only"
        for key, one in kept.items():
            here = rule if key == winner else None
            if one.rule != here:
                kept[key] = Stated(one.value, one.occurred_at, one.seq, here)


def golden(kept: dict[Key, Stated], field: str, declared: Declared) -> tuple[Key, str]:
    """The greatest value by the declared order, and the criterion that told it from the best different one."""
    ranked = sorted(((rank(key, one, field, declared), key) for key, one in kept.items()), reverse=True)
    best, winner = ranked[0]
    other = next((each for each, key in ranked if key[2] != winner[2]), None)
    if other is None:
        return winner, "only"
    return winner, decided_by(best, other, field, declared)


def rank(key: Key, one: Stated, field: str, declared: Declared) -> tuple[object, ...]:
    """What is compared, first things first; the position and the digest leave no ties."""
    source, verified, digest = key
    by_criterion: dict[str, object] = {
        "verified": verified,
        "steward": source == STEWARD,
        "trust": declared.trusted(field, source),
        "newest": one.occurred_at,
        "complete": completeness(one.value),
    }
    return (*(by_criterion[criterion] for criterion in declared.order(field)), one.seq, digest, source, verified)


def decided_by(best: tuple[object, ...], other: tuple[object, ...], field: str, declared: Declared) -> str:
    """The first criterion by which the one is greater; `last` where only the position in the journal tells."""
    order = declared.order(field)
    return next((name for name, a, b in zip(order, best, other, strict=False) if a != b), "last")


def completeness(value: str) -> tuple[int, int]:
    """Parts of an address, then characters."""
    return (value.count('": "') if value.startswith("{") else 1, len(value))


def value_of(kept: dict[Key, Stated]) -> str | None:
    """The golden value; None where there is none, or a steward stated that nothing is known."""
    for stated in kept.values():
        if stated.rule is not None:
            return stated.value or None
    return None


class Difference(msgspec.Struct, frozen=True):
    """Rows to write, rows to delete, and golden values that moved, by place."""

    written: list[tuple[Place, Key, Stated]]
    gone: list[tuple[Place, Key]]
    moved: list[tuple[Place, str | None, str | None]]


def difference(before: Values, after: Values, places: Iterable[Place]) -> Difference:
    """From what stood to what stands in these places."""
    found = Difference([], [], [])
    for place in sorted(places):
        was, now = before.get(place, NOTHING), after.get(place, NOTHING)
        for key, stated in now.items():
            if was.get(key) != stated:
                found.written.append((place, key, stated))
        for key in was:
            if key not in now:
                found.gone.append((place, key))
        old, new = value_of(was), value_of(now)
        if old != new:
            found.moved.append((place, old, new))
    return found


def digest_of(value: str) -> int:
    """A hash of a value, short enough for a key."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), signed=True)


def _let_go(kept: dict[Key, Stated]) -> None:
    if len(kept) <= VALUES_KEPT:
        return
    by_source: dict[tuple[str, bool], list[Key]] = defaultdict(list)
    for key in kept:
        by_source[key[0], key[1]].append(key)
    for keys in by_source.values():
        if len(keys) > VALUES_KEPT:
            keys.sort(key=lambda key: (kept[key].occurred_at, kept[key].seq, key), reverse=True)
            for key in keys[VALUES_KEPT:]:
                del kept[key]
