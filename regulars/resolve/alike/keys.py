"""Under which keys a record is compared with others: those that share one, unless too many do. Pure.

Each key forgives something else: a slip in the name, in the birth, a marriage, a move. A key is a number, so that
the table says nothing by itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from regulars.kit.dice import hash64
from regulars.resolve.facts import Signature
from regulars.resolve.likeness import is_comparable
from regulars.resolve.nicknames import ROOTS_BY_NAME

# A key that more records share says nothing about any two of them.
BLOCK_MAX = 60
HOUSE = re.compile(r"^(\d+[a-z]?) (.+)$|^(.*[a-z].*) (\d+ ?[a-z]?)$")
NOT_HEARD = re.compile(r"[aeiouyhw ]")


class Home(NamedTuple):
    """An address line taken apart; None is not known."""

    number: str | None = None
    street: str | None = None
    place: str | None = None
    """Postcode, or the city where there is none."""


def home(address: str | None) -> Home:
    """The parts of a line as `normalize.address` writes it."""
    if address is None:
        return Home()
    street, _, place = address.partition(", ")
    found = HOUSE.match(street)
    if found is None:
        return Home(None, street or None, place or None)
    before, name, behind_name, behind = found.groups()
    return Home(before or behind, name or behind_name, place or None)


def root(name: str) -> str:
    """The full name that somebody so called may have; the first of several."""
    return ROOTS_BY_NAME.get(name, [name])[0]


def sound(name: str) -> str:
    """First letter and the consonants behind it: what stays of a name that is misspelled."""
    return name[:1] + NOT_HEARD.sub("", name[1:])[:3]


def keys_of(signature: Signature) -> tuple[int, ...]:
    """The numbers of its keys; none if it does not say enough to be compared."""
    if not is_comparable(signature):
        return ()
    first, last, born = signature.first_name or "", signature.surname or "", signature.dob
    at = home(signature.address)
    said: list[tuple[object, ...]] = []
    if born is not None and last:
        said.append(("born and named", born, sound(last)))
    if born is not None and first:
        said.append(("born and called", born, root(first)[:1]))
    if born is not None and first and last:
        said.append(("year", sound(root(first)), sound(last), born // 10_000))
        said.append(("day", sound(root(first)), sound(last), born % 10_000))
    if at.place and last:
        said.append(("place", sound(last), at.place))
    if at.place and first and last:
        said.append(("whole name", root(first), last, at.place))
    if at.place and at.street and first:
        said.append(("house", at.number, at.street, at.place, root(first)[:1]))
    return tuple(hash64(*parts) for parts in said)
