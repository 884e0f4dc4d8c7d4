"""What a model says of two of our records: the same scorer as for files, fed by signatures. Pure.

Compared is what says who somebody is: names, birth and address. Addresses of mail and numbers of phones are identifiers
and have levels of their own in the rule: counted here as well, a family's would speak twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from regulars.resolve.alike.keys import home
from regulars.resolve.errors import LinkRefused
from regulars.resolve.facts import Signature
from regulars.resolve.likeness import MISSING_BITS
from regulars.resolve.linkage.conditions import UNKNOWN, Column, Numbers, Pairs, Side
from regulars.resolve.linkage.scorer import Model, read, score
from regulars.resolve.nicknames import ROOTS_BY_NAME

ROOTS = ("root_1", "root_2", "root_3")
# What our records can say; of the rest that a model asks for we know nothing.
SAID = frozenset(
    (
        *("first_name", "initial", "initial_only", *ROOTS, "last_name", "street", "number", "postcode", "city"),
        *("birth_date", "birth_swapped", "birth_year", "birth_month", "birth_day"),
    )
)
CENTURIES = range(1850, 2051)
# Distinct first names, births and addresses remembered with their columns: about 0.7 kB each.
CACHED_PARTS = 16_384
Row = Mapping[str, str]
NOTHING: Row = {}


class Part(NamedTuple):
    """What one comparison adds to a score."""

    name: str
    words: str
    """The level that held: "the same", "one slip", "different" …"""
    bits: float


class Scored(NamedTuple):
    """Two records: bits, and what they are made of, from the prior on."""

    bits: float
    waterfall: tuple[Part, ...]


class Scorer:
    """A model with its terms, read once."""

    def __init__(self, body: bytes, terms: bytes) -> None:
        """`body`: Splink's JSON; `terms`: JSON, by column the frequency of each value, under "" that of all others.

        Raises LinkRefused for what is no model, or for one that asks nothing our records can answer.
        """
        self.model: Model = read(body)
        self.terms: dict[str, dict[str, float]] = msgspec.json.decode(terms, type=dict[str, dict[str, float]])
        if not self.model.columns & SAID:
            raise LinkRefused(
                "The model compares nothing that our records say", "Train one on names, births and addresses"
            )
        asked = self.model.columns
        self._groups = [*self.model.compared, *({name} for name in asked - frozenset().union(*self.model.compared))]

    def weigh(self, records: Sequence[Signature], pairs: Sequence[tuple[int, int]]) -> list[Scored]:
        """Pairs of places in `records`, in their order."""
        if not pairs:
            return []
        columns = self._columns([row_of(one) for one in records])
        left, right = np.array(pairs, np.int64).T
        found = score(self.model, Pairs.of(Side(columns, left), Side(columns, right)))
        return [
            Scored(bits, self._waterfall(found.levels[place], found.parts[place]) if bits > MISSING_BITS else ())
            for place, bits in enumerate(found.bits.tolist())
        ]

    def _waterfall(self, levels: Sequence[int], parts: Numbers) -> tuple[Part, ...]:
        told = [Part("before anything is known", "", round(self.model.prior_bits, 3))]
        for comparison, level, bits in zip(self.model.comparisons, levels, parts.tolist(), strict=True):
            told.append(Part(comparison.name, comparison.levels[level].words, round(bits, 3)))
        return tuple(told)

    def _columns(self, rows: Sequence[Row]) -> dict[str, Column]:
        """Numbered columns; those that are compared with each other number their values alike."""
        found: dict[str, Column] = {}
        for group in self._groups:
            numbers: dict[str, int] = {}
            codes = {
                name: [numbers.setdefault(row[name], len(numbers)) if name in row else UNKNOWN for row in rows]
                for name in group
            }
            values = np.array([*numbers, ""], np.object_)[:-1]
            for name in group:
                found[name] = Column(np.array(codes[name], np.int32), values, self._frequencies(name, numbers))
        return found

    def _frequencies(self, name: str, values: Mapping[str, int]) -> Numbers:
        if name not in self.model.rare:
            return np.zeros(0)
        terms = self.terms.get(name, {})
        rest = terms.get("", 0.0)
        return np.array([terms.get(value, rest) for value in values], np.float64)


def row_of(signature: Signature) -> Row:
    """A signature in the columns that models ask for; what is not known is left out."""
    named = {"last_name": signature.surname} if signature.surname else NOTHING
    return {**_called(signature.first_name), **named, **_born(signature.dob), **_lives(signature.address)}


@lru_cache(CACHED_PARTS)
def _called(first: str | None) -> Row:
    if not first:
        return NOTHING
    row = {"first_name": first, "initial": first[:1]} | ({"initial_only": first} if len(first) == 1 else {})
    return row | dict(zip(ROOTS, ROOTS_BY_NAME.get(first, [first]), strict=False))


@lru_cache(CACHED_PARTS)
def _born(dob: int | None) -> Row:
    if dob is None:
        return NOTHING
    year, month, day = dob // 10_000, dob // 100 % 100, dob % 100
    row = {"birth_date": f"{dob:08}", "birth_swapped": f"{year:04}{day:02}{month:02}"}
    row |= {"birth_month": f"{month:02}", "birth_day": f"{day:02}"}
    return row | ({"birth_year": f"{year:04}"} if year in CENTURIES else {})


@lru_cache(CACHED_PARTS)
def _lives(address: str | None) -> Row:
    at = home(address)
    row = {name: said for name, said in (("number", at.number), ("street", at.street)) if said}
    if at.place:
        is_code = any(sign.isdigit() for sign in at.place)
        row |= {"postcode": at.place.replace(" ", "").upper()} if is_code else {"city": at.place}
    return row
