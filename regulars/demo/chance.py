"""Chance without state: a draw is a hash of what it is about, so the small brand is exactly a part of the full one."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SEED = "corner market 1"
# The constants of splitmix64.
STEP, MIX_ONE, MIX_TWO, MASK = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, (1 << 64) - 1
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@cache
def _salt(name: str) -> int:
    return int.from_bytes(blake2b(f"{SEED}\x1f{name}".encode(), digest_size=8).digest(), "big")


def hashes(keys: Ints, name: str) -> NDArray[np.uint64]:
    """64 well-mixed bits for each key under this name (splitmix64)."""
    x = keys.astype(np.uint64) * np.uint64(STEP) + np.uint64(_salt(name))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(MIX_ONE)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(MIX_TWO)
    return x ^ (x >> np.uint64(31))


def hash_one(key: int, name: str) -> int:
    """The same 64 bits for a single key, without the price of an array."""
    x = (key * STEP + _salt(name)) & MASK
    x = ((x ^ (x >> 30)) * MIX_ONE) & MASK
    x = ((x ^ (x >> 27)) * MIX_TWO) & MASK
    return x ^ (x >> 31)


def draw_one(key: int, name: str) -> float:
    """A number in [0, 1) for this key, the same as `draw` gives."""
    return (hash_one(key, name) >> 11) * 2.0**-53


def draw_some(key: int, name: str, count: int) -> list[float]:
    """`count` numbers in [0, 1) for the keys from this one on."""
    return [draw_one(key + i, name) for i in range(count)]


def draw(keys: Ints, name: str) -> Floats:
    """A number in [0, 1) for each key."""
    return (hashes(keys, name) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def pick(keys: Ints, name: str, count: int | Ints) -> Ints:
    """A whole number in [0, count) for each key."""
    return (draw(keys, name) * count).astype(np.int64)
