"""Records that meet under a key, each pair once. Keys come from DuckDB; who meets is counted here.

A key that more than BLOCK_MAX records share says nothing about any two of them: it is generic and yields no pair,
whatever the order of the records.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BLOCK_MAX = 60
PIECE_PAIRS = 2_000_000
"""Pairs that are held at a time."""

Integers = NDArray[np.int64]
Both = tuple[Integers, Integers]
"""Left and right numbers of pairs; the left one is lower."""
EVERYBODY = "true"


class Shared(NamedTuple):
    """Keys that several records have."""

    members: Integers
    """Numbers of records, those of one key together and in their order."""
    begins: Integers
    """By key: where its members begin."""
    sizes: Integers

    def at(self, keys: NDArray[np.bool_]) -> Shared:
        """Some of these keys."""
        return Shared(self.members, self.begins[keys], self.sizes[keys])

    def telling(self) -> Shared:
        """Without the generic ones."""
        return self.at(self.sizes <= BLOCK_MAX)

    def numbered(self, count: int) -> NDArray[np.int32]:
        """For each of `count` records which of these keys it has; -1: none."""
        found = np.full(count, -1, np.int32)
        skipped = self.begins - np.cumsum(self.sizes) + self.sizes
        places = np.repeat(skipped, self.sizes) + np.arange(int(self.sizes.sum()))
        found[self.members[places]] = np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)
        return found


def share(connection: duckdb.DuckDBPyConnection, name: str, whose: str = EVERYBODY) -> Shared:
    """Who shares this key of the table `keyed`: all keys that several have, one of whom at least fits `whose`."""
    narrowed = "" if whose == EVERYBODY else f" and {name} in (from keyed select {name} where {whose})"
    told = connection.execute(
        f"from keyed select number_, {name} as key where {name} is not null{narrowed}"
    ).fetchnumpy()
    numbers, keys = np.asarray(told["number_"], np.int64), np.asarray(told["key"], np.uint64)
    order = np.lexsort((numbers, keys))
    is_other = keys[order][1:] != keys[order][:-1]
    begins = np.flatnonzero(np.concatenate(([True], is_other))) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(begins, append=len(keys))
    return Shared(numbers[order], begins, sizes).at(sizes > 1)


def shared_by(connection: duckdb.DuckDBPyConnection, names: Sequence[str], since: int = 0) -> Iterable[Shared]:
    """For each of these keys who shares it; of records from number `since` on, all at once, to be read twice."""
    if not since:
        return (share(connection, name) for name in names)
    return [share(connection, name, f"number_ >= {since}") for name in names]


def meet(shared: Iterable[Shared], count: int, since: int = 0) -> Iterator[tuple[int, Both]]:
    """All pairs of `count` records that share a key, in pieces, with the place of the key; only those from `since`."""
    before: list[NDArray[np.int32]] = []
    for place, telling in enumerate(some.telling() for some in shared):
        for left, right in _pairs(telling):
            if since:
                left, right = _chosen(right >= since, left, right)
            for keys in before:
                left, right = _chosen((keys[left] < 0) | (keys[left] != keys[right]), left, right)
            yield place, (left, right)
        before.append(telling.numbered(count))


def part(connection: duckdb.DuckDBPyConnection, names: Sequence[str], shared: Iterable[Shared], since: int) -> Both:
    """Pairs below number `since` that met under keys which have become generic by those from there on."""
    met: list[Both] = []
    for full in (some.at(some.sizes > BLOCK_MAX) for some in shared):
        early = [full.members[begin : begin + size] for begin, size in zip(full.begins, full.sizes, strict=True)]
        sizes = np.array([np.count_nonzero(members < since) for members in early], np.int64)
        met += _pairs(full._replace(sizes=sizes).at(sizes > 1).telling())
    left, right = (np.concatenate(side) for side in zip(*met, strict=True)) if met else (np.zeros(0, np.int64),) * 2
    codes = np.unique(left * since + right)
    left, right = codes // since, codes % since
    return _chosen(~_are_told(connection, names, left, right), left, right)


def _are_told(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], left: Integers, right: Integers
) -> NDArray[np.bool_]:
    """Whether each of these pairs shares a key that is not generic."""
    told = np.zeros(len(left), np.bool_)
    if not len(left):
        return told
    numbers = np.union1d(left, right)
    connection.register("asked", pa.table({"number_": numbers}))
    rows = connection.execute(
        f"from keyed semi join asked using (number_) select {', '.join(names)} order by number_"
    ).fetchnumpy()
    connection.unregister("asked")
    left, right = np.searchsorted(numbers, left), np.searchsorted(numbers, right)
    for name in names:
        keys: Any = np.ma.asarray(rows[name])
        is_known = ~np.ma.getmaskarray(keys)
        same = np.flatnonzero(is_known[left] & is_known[right] & (keys.data[left] == keys.data[right]))
        if len(same):
            some = np.unique(keys.data[left[same]])
            told[same] |= np.isin(keys.data[left[same]], _telling(connection, name, some))
    return told


def _telling(connection: duckdb.DuckDBPyConnection, name: str, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Those of these keys that are not generic."""
    connection.register("asked", pa.table({"key": keys}))
    found = connection.execute(
        f"from keyed semi join asked on {name} = key select {name} as key group by key having count(*) <= {BLOCK_MAX}"
    ).fetchnumpy()
    connection.unregister("asked")
    return np.asarray(found["key"], np.uint64)


def _pairs(shared: Shared) -> Iterator[Both]:
    """Each two members of a key, in pieces."""
    for size in np.unique(shared.sizes).tolist():
        begins = shared.begins[shared.sizes == size]
        one, other = np.triu_indices(size, 1)
        step = PIECE_PAIRS // len(one)
        for at in range(0, len(begins), step):
            members = shared.members[begins[at : at + step, None] + np.arange(size)]
            yield members[:, one].ravel(), members[:, other].ravel()


def _chosen(truth: NDArray[np.bool_], left: Integers, right: Integers) -> Both:
    return left[truth], right[truth]
