"""What a group is like: what it has more of than the base, its name and its picture. Pure.

A fact compares a group with everybody who was judged: which part of each lies above the same mark. The mark is the
value that one in five of the base is above. Nothing is guessed: a name says what its people do, never who they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from regulars.analyze.personas.growth import Growth
from regulars.analyze.personas.lenses import Feature, Lens
from regulars.analyze.personas.mixture import Params
from regulars.analyze.scores import Floats, Ints, TraitTable

MARK = 0.8
FACTS_MAX = 8
# At least so much more than the base, with the whole interval: less is no trait of character.
WORTH_TELLING = 1.25
REACH = 1.96
# A feature counts as much (or little) from so many spreads off the middle of everybody.
STANDS_OUT = 0.75
CLAUSES_MAX = 2


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One trait that a group has more of."""

    trait: str
    above: float
    share: float
    """Part of the group above the mark."""
    low: float
    high: float
    """Between what that part lies in 19 of 20 cases."""
    base: float
    """Part of everybody judged above it."""

    @property
    def lift(self) -> float:
        """How many times as often as in the base."""
        return self.share / self.base


class Spoke(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the picture: a trait that groups were found by, in spreads from the middle of everybody."""

    trait: str
    value: float


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is told of a group without its people."""

    sentence: str
    facts: list[Fact]
    spokes: list[Spoke]
    growth: Growth | None


def facts_of(table: TraitTable, is_member: Ints) -> list[Fact]:
    """What members are above the base in, the most telling first. `is_member`: 1 or 0 a row."""
    member = is_member.astype(bool)
    size, found = int(member.sum()), list[Fact]()
    for trait, values in table.columns.items():
        known = ~np.isnan(values)
        if not size or known.sum() < len(values) / 2:
            continue
        mark = float(np.quantile(values[known], MARK))
        above = known & (values > mark)
        base, share = float(above.mean()), float(above[member].mean())
        low, high = wilson(share, size)
        if base > 0 and low / base >= WORTH_TELLING:
            found.append(Fact(trait=trait, above=mark, share=share, low=low, high=high, base=base))
    return sorted(found, key=lambda fact: (-fact.low / fact.base, fact.trait))[:FACTS_MAX]


def wilson(share: float, size: int) -> tuple[float, float]:
    """Between what a part lies in 19 of 20 cases. Source: Wilson, JASA 22 (1927)."""
    square = REACH**2 / size
    middle = (share + square / 2) / (1 + square)
    reach = REACH / (1 + square) * math.sqrt(share * (1 - share) / size + square / (4 * size))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def names(lens: Lens, params: Params) -> list[str]:
    """What each group is called, by what stands out most; no name twice."""
    found: list[str] = []
    for center in params.centers:
        ranked = _ranked(lens.features, center)
        leads = [(f, noun) for f, value in ranked if (noun := f.people if value > 0 else f.fewer)]
        lead, name = leads[0] if leads else (None, lens.middle)
        candidates = [name, *(f"{name} who {_clause(f, value)}" for f, value in ranked if f is not lead)]
        number = f"{name} {sum(one.startswith(name) for one in found) + 1}"
        found.append(next((one for one in candidates if one not in found), number))
    return found


def sentence(lens: Lens, center: Sequence[float]) -> str:
    """What they do, in a plain sentence."""
    clauses = [_clause(feature, value) for feature, value in _ranked(lens.features, center)[:CLAUSES_MAX]]
    if not clauses:
        return "They are close to everybody in all that was looked at."
    return f"They {' and '.join(clauses)}."


def spokes(params: Params, place: int) -> list[Spoke]:
    """The center of a group beside everybody's middle."""
    return [
        Spoke(trait=trait, value=value) for trait, value in zip(params.features, params.centers[place], strict=True)
    ]


def overlaps(before: Ints, now: Ints, old: int, new: int) -> Floats:
    """(old, new): customers that two groups share, as a part of all who are in either of them."""
    both = np.zeros((old, new))
    np.add.at(both, (before, now), 1)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return both / np.maximum(either, 1)


def _ranked(features: Sequence[Feature], center: Sequence[float]) -> list[tuple[Feature, float]]:
    pairs = [(f, v) for f, v in zip(features, center, strict=True) if abs(v) >= STANDS_OUT]
    return sorted(pairs, key=lambda pair: -abs(pair[1]))


def _clause(feature: Feature, value: float) -> str:
    return feature.much_is if value > 0 else feature.little_is
