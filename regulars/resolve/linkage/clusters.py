"""From weights of pairs to people: average linkage, so that no chain of likenesses joins strangers. Pure.

Two groups become one where the mean weight over all their pairs is at least the bar, the strongest mean first. A pair
that nobody compared counts MISSING_BITS, so a group grows only where most of its records know each other; two records
that cannot be one person are never in one group. Groups with equal means unite together if each of their pairs
qualifies, else none of them does: no coin, and no order of records, decides.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (SciPy's graphs have no types.)

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

AUTOMATIC_BITS = 7.0
"""127 to 1: joined without asking anybody."""
REVIEW_BITS = 2.0
"""4 to 1: shown to a person."""
MISSING_BITS = -4.0

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Weights(NamedTuple):
    """Compared pairs of records."""

    left: Integers
    right: Integers
    bits: Numbers
    apart: Truths
    """They cannot be one person."""

    def at(self, places: Integers) -> Weights:
        """Some of these pairs."""
        return Weights(self.left[places], self.right[places], self.bits[places], self.apart[places])


def cluster(count: int, weights: Weights, bar: float = AUTOMATIC_BITS) -> Integers:
    """For each of `count` records the lowest number of a record in its group."""
    strong = (weights.bits >= bar) & ~weights.apart
    parts = _parts(count, weights.left[strong], weights.right[strong])
    sizes = np.bincount(parts, minlength=1)
    inside = np.flatnonzero(parts[weights.left] == parts[weights.right])
    part_of = parts[weights.left[inside]]
    # Where every two records were compared and every pair is strong there is nothing to decide: nearly everywhere.
    strong_pairs = np.bincount(part_of, weights=strong[inside], minlength=len(sizes))
    is_easy = strong_pairs == sizes * (sizes - 1) // 2
    labels = _lowest(parts)
    hard = inside[~is_easy[part_of]]
    hard = hard[np.argsort(parts[weights.left[hard]], kind="stable")]
    bounds = np.flatnonzero(np.diff(parts[weights.left[hard]], prepend=-1, append=-1))
    for begin, end in pairwise(bounds):
        chosen = hard[begin:end]
        members = np.unique(np.concatenate((weights.left[chosen], weights.right[chosen])))
        labels[members] = _linked(members, weights.at(chosen), bar)
    return labels


def _parts(count: int, left: Integers, right: Integers) -> Integers:
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _lowest(parts: Integers) -> Integers:
    """For each record the lowest number of a record of its part."""
    first = np.full(parts.max(initial=-1) + 1, len(parts))
    np.minimum.at(first, parts, np.arange(len(parts)))
    return first[parts]


def _linked(members: Integers, weights: Weights, bar: float) -> Integers:
    """Groups of a few records, each named by its lowest number."""
    size = len(members)
    left, right = np.searchsorted(members, weights.left), np.searchsorted(members, weights.right)
    sums = np.full((size, size), MISSING_BITS)
    bits = np.where(weights.apart, -np.inf, weights.bits)
    sums[left, right] = sums[right, left] = bits
    np.fill_diagonal(sums, -np.inf)
    sizes = np.ones(size)
    group = np.arange(size)
    while True:
        means = sums / np.outer(sizes, sizes)
        best = means.max()
        if best < bar:
            return members[_lowest(group)]
        tied = means == best
        for joined in _groups(tied):
            places = np.ix_(joined, joined)
            within = means[places]
            if len(joined) > 2 and within[~np.eye(len(joined), dtype=bool)].min() < bar:
                # Each has an equal claim and not all can have it: none has. The pairs stay apart for good.
                sums[np.ix_(joined, joined)] = np.where(
                    tied[np.ix_(joined, joined)], -np.inf, sums[np.ix_(joined, joined)]
                )
                continue
            _unite(sums, sizes, group, joined)


def _groups(tied: NDArray[np.bool_]) -> list[Integers]:
    labels = connected_components(tied, directed=False)[1]
    return [np.flatnonzero(labels == label) for label in np.flatnonzero(np.bincount(labels) > 1)]


def _unite(sums: Numbers, sizes: Numbers, group: Integers, joined: Integers) -> None:
    """Make the first of `joined` all of them; the others leave the table."""
    first, others = joined[0], joined[1:]
    sums[first] = sums[joined].sum(axis=0)
    sums[:, first] = sums[first]
    sums[others] = sums[:, others] = -np.inf
    sums[first, first] = -np.inf
    sizes[first] = sizes[joined].sum()
    group[np.isin(group, joined)] = first
