"""Level 9 of the rule: clusters that no identifier joins, but names, births and addresses that score alike. Pure.

Average linkage: of all pairs of clusters those with the highest mean score are one, if it is high enough; then the
means are taken anew. Two records that could have been compared and were not count as unlike, so one lucky pair never
joins two long histories. No coins: where several pairs are equally high, their group is one person only if each of its
pairs would do, else none of it is. Scores are counted in whole thousandths of a bit: sums are exact in any order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from regulars.resolve.clash import Cluster, clash, doubled_in
from regulars.resolve.facts import Cut, Decision, Doubt, Signature, in_force
from regulars.resolve.meet import components
from regulars.resolve.policy import DOUBLES_MAX, PAIR

# What two records count that could be compared and share no block, in bits.
MISSING_BITS = -4.0
STEPS_A_BIT = 1_000
# No band lies above: two records that agree on everything score 20 to 60 bits.
BAND_MAX_BITS = 100.0
Both = tuple[int, int]


class Pair(NamedTuple):
    """Two signatures, the lower number first, as a model scores them."""

    one: int
    other: int
    model: int
    bits: float


class Bands(NamedTuple):
    """Mean scores in bits: from `auto` on two are one person, from `review` on a steward is asked."""

    review: float
    auto: float


class Likeness(msgspec.Struct, frozen=True):
    """Scores in bits of the model in force, by lower and then by higher signature, with its bands."""

    bits: Mapping[int, Mapping[int, float]]
    bands: Bands

    def among(self, signatures: Collection[int]) -> dict[Both, float]:
        """Scores of two of these."""
        return {
            (one, other): told
            for one in signatures
            if one in self.bits
            for other, told in self.bits[one].items()
            if other in signatures
        }


NOTHING_ALIKE = Likeness({}, Bands(0.0, 0.0))


def likeness(pairs: Iterable[Pair], decisions: Iterable[Decision], bands: Mapping[int, Bands]) -> Likeness:
    """Scores of the model that a decision puts in force. Of two scores under one key the lower counts."""
    model = next((decision.value for decision in in_force(decisions) if decision.kind == "model"), None)
    if model is None or model not in bands:
        return NOTHING_ALIKE
    bits: dict[int, dict[int, float]] = defaultdict(dict)
    for one, other, number, told in pairs:
        if number == model:
            bits[one][other] = min(told, bits[one].get(other, told))
    return Likeness(bits, bands[model])


def is_comparable(signature: Signature) -> bool:
    """Does it say enough to be compared? A name, and a birth or an address with it."""
    named = signature.surname is not None or signature.first_name is not None
    return named and (signature.dob is not None or signature.address is not None)


class Alike:
    """Average linkage over the clusters of one component. A cluster is named by its least signature at the start."""

    def __init__(
        self, by_id: Mapping[int, Signature], of: Mapping[object, Cluster], bits: Mapping[Both, float], bands: Bands
    ) -> None:
        # Of any signature the cluster it is in, also once others were united.
        self.of = of
        home = {s: min(of[s].signatures) for s in by_id}
        compared = {s for pair in bits for s in pair} | {s for s in by_id if is_comparable(by_id[s])}
        self.sizes = Counter(home[s] for s in compared)
        self.sums: dict[Both, tuple[int, int]] = {}
        for (one, other), told in bits.items():
            self._add(self.sums, _key(home[one], home[other]), round(told * STEPS_A_BIT), 1)
        self.strongest = sorted(bits, key=lambda key: (-bits[key], key))
        self.review, self.auto = (Fraction(round(band * STEPS_A_BIT)) for band in bands)
        self.refused: dict[Both, str] = {}

    def groups(self, exceeds: Callable[[Sequence[Cluster]], bool]) -> Iterator[list[Cluster]]:
        """Clusters to unite, one group after the other; the caller unites each before it asks for the next."""
        while tied := self._highest():
            near: dict[int, list[int]] = defaultdict(list)
            for one, other in tied:
                near[one].append(other)
                near[other].append(one)
            for group in components(near):
                whole = [self.of[name] for name in group]
                reason = self._against(group) or ("limit" if exceeds(whole) else "")
                if reason:
                    self.refused |= {key: reason for key in tied if key[0] in group}
                else:
                    yield whole
                    self._fold(group)

    def doubts(self) -> Iterator[Doubt]:
        """Clusters for a steward to look at: in the middle band, or high enough and refused though nothing clashes.

        So too the DOUBLES_MAX most alike of those high enough that two logins of one name space alone keep apart.
        """
        doubles: list[tuple[Fraction, Both, int]] = []
        for key in self.sums:
            mean = self._mean(key)
            if mean >= self.review and self._clash(key) is None:
                yield self._doubt(key, mean)
            elif mean >= self.auto:
                space = doubled_in(self.of[key[0]], self.of[key[1]], PAIR)
                doubles += [] if space is None else [(mean, key, space)]
        for mean, key, space in sorted(doubles, key=lambda double: (-double[0], double[1]))[:DOUBLES_MAX]:
            yield self._doubt(key, mean)._replace(space=space)

    def _doubt(self, key: Both, mean: Fraction) -> Doubt:
        return Doubt(*self._most_alike(key), round(float(mean) / STEPS_A_BIT, 3))

    def cuts(self) -> Iterator[Cut]:
        """Where a score that was high enough did not join, and why."""
        for key in self.sums:
            reason = self._clash(key) or self.refused.get(key)
            if reason and self._mean(key) >= self.auto:
                yield Cut(PAIR, 0, reason, *self._most_alike(key))

    def _highest(self) -> list[Both]:
        """The pairs of clusters with the highest mean that may be one."""
        found: list[Both] = []
        highest = self.auto
        for key in self.sums:
            if key in self.refused or (mean := self._mean(key)) < highest or self._clash(key) is not None:
                continue
            found = [*found, key] if mean == highest else [key]
            highest = mean
        return found

    def _against(self, group: Sequence[int]) -> str:
        """Why a tied group is not one person: some pair of it would not do."""
        for place, one in enumerate(group):
            for other in group[:place]:
                key = _key(one, other)
                if key not in self.sums or self._mean(key) < self.auto or self._clash(key) is not None:
                    return "equally like several"
        return ""

    def _mean(self, key: Both) -> Fraction:
        total, count = self.sums[key]
        cells = self.sizes[key[0]] * self.sizes[key[1]]
        return Fraction(total + (cells - count) * round(MISSING_BITS * STEPS_A_BIT), cells)

    def _clash(self, key: Both) -> str | None:
        return clash(self.of[key[0]], self.of[key[1]], PAIR)

    def _most_alike(self, key: Both) -> Both:
        """The two signatures of these clusters that score highest."""
        ends = [self.of[name] for name in key]
        return next(
            (one, other)
            for one, other in self.strongest
            if (self.of[one] is ends[0] and self.of[other] is ends[1])
            or (self.of[one] is ends[1] and self.of[other] is ends[0])
        )

    def _fold(self, group: Sequence[int]) -> None:
        """One name stands for all of the group from now on."""
        first = min(group)
        self.sizes[first] = sum(self.sizes.pop(name) for name in group)
        sums: dict[Both, tuple[int, int]] = {}
        for (one, other), told in self.sums.items():
            self._add(sums, _key(first if one in group else one, first if other in group else other), *told)
        self.sums = sums
        self.refused = {key: why for key, why in self.refused.items() if not set(group).intersection(key)}

    def _add(self, sums: dict[Both, tuple[int, int]], key: Both, steps: int, count: int) -> None:
        if key[0] != key[1]:
            was = sums.get(key, (0, 0))
            sums[key] = was[0] + steps, was[1] + count


def _key(one: int, other: int) -> Both:
    return (one, other) if one < other else (other, one)
