"""Chance without state: a draw is a hash of what it is about, so the small brand is exactly a part of the full one."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SEED = "corner market 1"
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@cache
def _salt(name: str) -> int:
    return int.from_bytes(blake2b(f"{SEED}\x1f{name}".encode(), digest_size=8).digest(), "big")


def hashes(keys: Ints, name: str) -> NDArray[np.uint64]:
    """64 well-mixed bits for each key under this name (splitmix64)."""
    with np.errstate(over="ignore"):
        x = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(_salt(name))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def draw(keys: Ints, name: str) -> Floats:
    """A number in [0, 1) for each key."""
    return (hashes(keys, name) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def pick(keys: Ints, name: str, count: int | Ints) -> Ints:
    """A whole number in [0, count) for each key."""
    return (draw(keys, name) * count).astype(np.int64)
