"""Chance is handed in too. What must be reproducible is a hash of names, never a draw."""

import hashlib
import random
import secrets
from typing import Protocol

SHARE_STEPS = 1 << 53


class Dice(Protocol):
    """Draws that nobody needs to reproduce: ids, tokens, jitter."""

    def token(self, size_bytes: int) -> bytes:
        """`size_bytes` random bytes."""
        ...

    def jitter(self) -> float:
        """A number in [0, 1)."""
        ...


class SystemDice:
    """The operating system's randomness."""

    def token(self, size_bytes: int) -> bytes:
        return secrets.token_bytes(size_bytes)

    def jitter(self) -> float:
        return secrets.randbelow(SHARE_STEPS) / SHARE_STEPS


class SeededDice:
    """Dice that fall alike every time: for tests."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def token(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)

    def jitter(self) -> float:
        return self._random.random()


def share(*names: object) -> float:
    """A stable number in [0, 1) for these names: the same split for the same person on every machine and run."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / SHARE_STEPS


def hash64(*names: object) -> int:
    """A stable signed 64-bit hash of these names, fit for a bigint column."""
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def nobody(dice: Dice) -> int:
    """A number in the place of a customer who is erased: below zero, where no customer is, and never the same."""
    return -1 - (int.from_bytes(dice.token(8), "big") >> 2)
