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

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from regulars.resolve.linkage.bands import AUTOMATIC_BITS, MISSING_BITS

CELLS_MAX = 4_000_000
"""Weights that are held as tables at a time; parts that are larger by themselves are held alone."""

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Weights(NamedTuple):
    """Compared pairs of records."""

    left: NDArray[np.integer[Any]]
    right: NDArray[np.integer[Any]]
    """Of a pair, the higher number."""
    bits: Numbers
    apart: Truths
    """They cannot be one person."""

    def at(self, places: Integers | Truths | slice) -> Weights:
        """Some of these pairs."""
        return Weights(self.left[places], self.right[places], self.bits[places], self.apart[places])

    def codes(self, count: int) -> Integers:
        """One number for each of these pairs of `count` records: they rise by left record, then by right."""
        return self.left.astype(np.int64) * count + self.right


class Before(NamedTuple):
    """What was found of the same records, before some of their pairs came and went."""

    labels: Integers
    """Of the first records; those behind them are new."""
    touched: Truths
    """By record, new ones too: pairs of it came or went."""


def cluster(count: int, weights: Weights, bar: float = AUTOMATIC_BITS, before: Before | None = None) -> Integers:
    """For each of `count` records the lowest number of a record in its group.

    Where nothing was touched since `before`, groups are what they were.
    """
    strong = (weights.bits >= bar) & ~weights.apart
    parts = _parts(count, weights.left[strong], weights.right[strong])
    sizes = np.bincount(parts, minlength=1)
    is_touched = np.ones(len(sizes), np.bool_)
    if before is not None:
        is_touched[:] = False
        is_touched[parts[before.touched]] = True
        touched = np.flatnonzero(is_touched[parts][weights.left])
        weights, strong = weights.at(touched), strong[touched]
    inside = np.flatnonzero(parts[weights.left] == parts[weights.right])
    part_of = parts[weights.left[inside]]
    # Where every two records were compared and every pair is strong there is nothing to decide: nearly everywhere.
    strong_pairs = np.bincount(part_of, weights=strong[inside], minlength=len(sizes))
    is_hard = is_touched & (strong_pairs != sizes * (sizes - 1) // 2)
    order = np.argsort(parts, kind="stable")
    begins = np.cumsum(sizes) - sizes
    labels = order[begins][parts]
    if before is not None:
        same = np.flatnonzero(~is_touched[parts])
        labels[same] = before.labels[same]
    hard = weights.at(inside[is_hard[part_of]])
    # Where a record stands among those of its part, which are in the order of their numbers.
    place = np.empty(count, np.int64)
    place[order] = np.arange(count) - np.repeat(begins, sizes)
    for chosen in _alike(np.flatnonzero(is_hard), sizes):
        members = order[begins[chosen][:, None] + np.arange(int(sizes[chosen[0]]))]
        labels[members] = np.take_along_axis(members, _linked(_tables(chosen, members, hard, parts, place), bar), 1)
    return labels


def _parts(count: int, left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]]) -> Integers:
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _alike(parts: Integers, sizes: Integers) -> Iterator[Integers]:
    """Parts of one size together, as many as fit into CELLS_MAX."""
    ordered = parts[np.argsort(sizes[parts], kind="stable")]
    for alike in np.split(ordered, np.flatnonzero(np.diff(sizes[ordered])) + 1):
        step = max(1, CELLS_MAX // int(sizes[alike[0]]) ** 2) if len(alike) else 1
        for begin in range(0, len(alike), step):
            yield alike[begin : begin + step]


def _tables(chosen: Integers, members: Integers, weights: Weights, parts: Integers, place: Integers) -> Numbers:
    """By part of `chosen`, record and record: the bits between them."""
    sums = np.full((*members.shape, members.shape[1]), MISSING_BITS)
    at = np.full(int(chosen.max()) + 1, -1)
    at[chosen] = np.arange(len(chosen))
    part = parts[weights.left]
    own = np.flatnonzero(np.isin(part, chosen))
    left, right = place[weights.left[own]], place[weights.right[own]]
    bits = np.where(weights.apart[own], -np.inf, weights.bits[own])
    sums[at[part[own]], left, right] = sums[at[part[own]], right, left] = bits
    sums[:, np.arange(members.shape[1]), np.arange(members.shape[1])] = -np.inf
    return sums


def _linked(sums: Numbers, bar: float) -> Integers:
    """By part and record: the first record of its group. `sums` is used up."""
    count, size, _ = sums.shape
    sizes = np.ones((count, size))
    group = np.tile(np.arange(size), (count, 1))
    rows = np.arange(count)
    while True:
        means = sums[rows] / (sizes[rows][:, :, None] * sizes[rows][:, None, :])
        best = means.max(axis=(1, 2))
        still = best >= bar
        rows, means, best = rows[still], means[still], best[still]
        if not len(rows):
            return group
        tied = means == best[:, None, None]
        is_one = np.count_nonzero(tied, axis=(1, 2)) == 2
        first, other = np.divmod(tied[is_one].reshape(-1, size * size).argmax(axis=1), size)
        _unite_two(sums, sizes, group, rows[is_one], first, other)
        for at in np.flatnonzero(~is_one):
            _unite_tied(sums[rows[at]], sizes[rows[at]], group[rows[at]], means[at], tied[at], bar)


def _unite_two(
    sums: Numbers, sizes: Numbers, group: Integers, rows: Integers, first: Integers, other: Integers
) -> None:
    """In each of these parts, make `first` both; `other` leaves the table."""
    both = sums[rows, first] + sums[rows, other]
    sums[rows, first] = both
    sums[rows, :, first] = both
    sums[rows, other] = -np.inf
    sums[rows, :, other] = -np.inf
    sums[rows, first, first] = -np.inf
    sizes[rows, first] += sizes[rows, other]
    group[rows] = np.where(group[rows] == other[:, None], first[:, None], group[rows])


def _unite_tied(sums: Numbers, sizes: Numbers, group: Integers, means: Numbers, tied: Truths, bar: float) -> None:
    """In one part, unite all who are equally near, or none of them."""
    for joined in _groups(tied):
        places = np.ix_(joined, joined)
        within = means[places]
        if len(joined) > 2 and within[~np.eye(len(joined), dtype=bool)].min() < bar:
            # Each has an equal claim and not all can have it: none has. The pairs stay apart for good.
            sums[places] = np.where(tied[places], -np.inf, sums[places])
            continue
        _unite(sums, sizes, group, joined)


def _groups(tied: Truths) -> list[Integers]:
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
