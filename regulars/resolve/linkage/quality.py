"""How good pairs and clusters are against a known truth. Pure; read by evaluation only."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Shares from 0 to 1; 1 where there is nothing to be wrong about."""

    precision: float
    recall: float
    f1: float


def pairwise(found: Integers, true: Integers) -> Quality:
    """Pairs of records in one cluster against pairs of one person; both label the same records."""
    cells = _sizes(_both(found, true))
    return counted(_pairs(cells), pairs(found), pairs(true))


def b_cubed(found: Integers, true: Integers) -> Quality:
    """The mean over records: of its cluster, the share that is its person; of its person, the share in its cluster."""
    both = _both(found, true)
    inverse, sizes = np.unique(both, return_inverse=True)[1], _sizes(both)
    shared = sizes[inverse]
    ours, theirs = (_sizes(each)[np.unique(each, return_inverse=True)[1]] for each in (found, true))
    precision = float(np.mean(shared / ours)) if len(found) else 1.0
    recall = float(np.mean(shared / theirs)) if len(found) else 1.0
    return _told(precision, recall)


def edges(is_true: NDArray[np.bool_], true: Integers) -> Quality:
    """Pairs that were found, whether each is one person, against all pairs of one person."""
    return counted(int(is_true.sum()), len(is_true), pairs(true))


def pairs(labels: Integers) -> int:
    """How many pairs of records have the same label."""
    return _pairs(_sizes(labels))


def counted(both: int, found: int, true: int) -> Quality:
    """`found` pairs against `true` ones, of which `both` are the same."""
    return _told(both / found if found else 1.0, both / true if true else 1.0)


def _both(found: Integers, true: Integers) -> Integers:
    ours, theirs = np.unique(found, return_inverse=True)[1], np.unique(true, return_inverse=True)[1]
    return ours.astype(np.int64) * (theirs.max(initial=0) + 1) + theirs


def _sizes(labels: Integers) -> Integers:
    return np.unique(labels, return_counts=True)[1].astype(np.int64)


def _pairs(sizes: Integers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _told(precision: float, recall: float) -> Quality:
    total = precision + recall
    return Quality(precision=precision, recall=recall, f1=2 * precision * recall / total if total else 0.0)
