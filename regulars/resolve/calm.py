"""The commonest news, decided in numbers: one more signature of somebody nobody disputes.

A reach is calm where nothing is contested: one named customer, none of whose evidence a steward speaks of. Newcomers
that touch values of one calm reach only, and after whom it still has one login a name space, one card and few of
everything else, are simply hers. That is what the general rule says too, for then every limit is far away and the
shortcut of the levels holds (tests/resolve/test_calm.py holds both answers together). So the reach need not be loaded:
counts are enough, and nothing but the newcomers' own rows is written. They are a batch of their own before the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from regulars.app import App
from regulars.resolve import write
from regulars.resolve.clash import births_clash, names_clash
from regulars.resolve.facts import Held, Signature
from regulars.resolve.judge import CONTACTS, NO_RULINGS, Valid, holder, is_within_window
from regulars.resolve.policy import (
    CARD,
    CARRIERS,
    DIRECT_LIMITS,
    EDGE,
    LOGIN,
    MAX_COOKIES,
    MAX_DEVICES,
    MAX_EMAILS,
    MAX_PHONES,
    MAX_REACH,
)
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")

# Fewer than any limit that counts them, a value's or a customer's: within these no verdict can turn.
FEW_CARDS = 1
FEW_CONTACTS = min(MAX_EMAILS, MAX_PHONES, *(limit.contacts for limit in DIRECT_LIMITS.values()))
FEW_CARRIERS = min(MAX_DEVICES, MAX_COOKIES)


class Quiet(NamedTuple):
    """A value whose holders all stand in one reach, with one epoch and nothing but edges; reach None: it is not so."""

    reach: int | None
    first_day: int
    last_day: int


class Calm(NamedTuple):
    """A calm reach in numbers, void links left out."""

    customer: int
    size: int
    dobs: Collection[int]
    first_names: Collection[str]
    spaces: Sequence[int]
    """Name space of each login."""
    cards: int
    contacts: int
    carriers: int


def join(app: App, new: Sequence[Signature], texts: Mapping[int, tuple[int, str, str]]) -> dict[int, int]:
    """Customer by signature of the newcomers that calm reaches take, written; the rule decides on the others."""
    values = {link.value for signature in new for link in signature.links}
    if not values:
        return {}
    rows = app.db.execute(SQL.quiet_values, {"ids": array(values)}).fetchall()
    quiet = {value: Quiet(*row) for value, *row in rows}
    newcomers = by_reach(new, quiet)
    if not newcomers:
        return {}
    rows = app.db.execute(SQL.calm_reaches, {"reaches": array(newcomers)}).fetchall()
    taken = {
        reach: (calm.customer, newcomers[reach])
        for reach, calm in ((reach, Calm(*row)) for reach, *row in rows)
        if stays_calm(calm, newcomers[reach], quiet)
    }
    _write(app, taken, [text for value, text in texts.items() if value not in quiet])
    return {one.id: customer for customer, some in taken.values() for one in some}


def by_reach(new: Iterable[Signature], quiet: Mapping[int, Quiet]) -> dict[int, list[Signature]]:
    """Newcomers by the one reach they touch, where every link counts, on a quiet value or one nobody held before.

    Such a value goes to the reach of the first who brings it: whoever else touches it must be of that reach as well.
    """
    values = dict(quiet)
    answer: dict[int, list[Signature]] = defaultdict(list)
    for one in new:
        links = holder(one, NO_RULINGS).valid
        reaches = {values[link.value].reach for link, _ in links if link.value in values}
        reach = reaches.pop() if len(reaches) == 1 else None
        if reach is None or not all(_counts(one, valid, values) for valid in links):
            continue
        for link, _ in links:
            values.setdefault(link.value, Quiet(reach, one.first_day, one.last_day))
        answer[reach].append(one)
    return answer


def _counts(one: Signature, valid: Valid, values: Mapping[int, Quiet]) -> bool:
    """Is this link good as it stands, in the epoch its value has?"""
    (value, cls, _), level = valid
    about = values.get(value)
    return level == cls and (about is None or is_within_window(one, level, about.first_day, about.last_day))


def stays_calm(calm: Calm, newcomers: Sequence[Signature], held: Collection[int]) -> bool:
    """Is the reach still one customer of the same id with all of them? `held`: values that had holders before."""
    added = {link for one in newcomers for link in one.links if link.value not in held}
    spaces = [*calm.spaces, *(link.space for link in added if link.cls == LOGIN)]
    dobs = {*calm.dobs, *(one.dob for one in newcomers if one.dob is not None)}
    names = {*calm.first_names, *(one.first_name for one in newcomers if one.first_name)}
    return (
        len(spaces) == len(set(spaces))
        and calm.cards + sum(link.cls == CARD for link in added) <= FEW_CARDS
        and calm.contacts + sum(link.cls in CONTACTS for link in added) <= FEW_CONTACTS
        and calm.carriers + sum(link.cls in CARRIERS for link in added) <= FEW_CARRIERS
        and calm.size + len(newcomers) <= MAX_REACH
        and all(one.first_seq > calm.customer for one in newcomers)
        and not any(births_clash(a, b) for a in dobs for b in dobs)
        and not any(names_clash(a, b) for a in names for b in names)
    )


def _write(
    app: App, taken: Mapping[int, tuple[int, Sequence[Signature]]], texts: Iterable[tuple[int, str, str]]
) -> None:
    """The newcomers with their links, all edges, and the values that nobody held before."""
    known = [(one, customer, reach) for reach, (customer, some) in taken.items() for one in some]
    brought = {link.value for one, _, _ in known for link in one.links}
    write.values(app, [(*text, 0, 0, 1, 0, 0) for text in texts if text[0] in brought])
    write.links(
        app, {(one.id, v, cls): Held(v, cls, cls, space, 0, EDGE) for one, _, _ in known for v, cls, space in one.links}
    )
    write.signatures(
        app, [(one, write.Standing(customer, reach, True, False, False, False)) for one, customer, reach in known]
    )
