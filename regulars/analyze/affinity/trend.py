"""Means of answers and their change, with what they lie between in 19 of 20 cases. Pure.

Nobody is asked twice within weeks, so answers are taken as independent. Levels lie between 0 and 1,
so means of small numbers are given no interval at all (MIN_ANSWERS) instead of a false one. The change is Welch's: each
time has a spread of its own, and never none. Source: Welch, "The generalization of Student's problem", Biometrika 1947.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from math import sqrt

import msgspec
from scipy.special import stdtrit

CONFIDENCE = 0.95
# With fewer answers the spread itself is not known.
MIN_ANSWERS = 10


class Sums(msgspec.Struct, frozen=True):
    """Answers as a fold: how many, the sum of their levels, the sum of their squares. Two of them add."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        """From 0 to 1; None without answers."""
        return self.total / self.count if self.count else None

    @property
    def error(self) -> float:
        """Variance of the mean, never 0. At least two answers."""
        mean = self.total / self.count
        seen = (self.squares - self.total * mean) / (self.count - 1)
        # Equal answers are no certainty: the next may lie at the farther end, and that spread is the least there is.
        unseen = max(mean, 1 - mean) ** 2 / (self.count + 1)
        return max(seen, unseen) / self.count


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Answers now and before. Levels from 0 (worst) to 1 (best)."""

    count: int
    mean: float | None
    low: float | None
    high: float | None
    """Between these the true mean lies; None: too few answers."""
    before_count: int
    before: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    verdict: str
    """up, down, level (no change can be told) or early (too few answers)."""


def trend(now: Sums, before: Sums) -> Trend:
    """How answers moved from one time to the next."""
    low, high = interval(now)
    change = None if now.mean is None or before.mean is None else now.mean - before.mean
    change_low = change_high = None
    verdict = "early"
    if change is not None and min(now.count, before.count) >= MIN_ANSWERS:
        reach = _reach(now, before)
        change_low, change_high = change - reach, change + reach
        verdict = "up" if change_low > 0 else "down" if change_high < 0 else "level"
    return Trend(
        count=now.count,
        mean=now.mean,
        low=low,
        high=high,
        before_count=before.count,
        before=before.mean,
        change=change,
        change_low=change_low,
        change_high=change_high,
        verdict=verdict,
    )


def interval(sums: Sums) -> tuple[float | None, float | None]:
    """Between what the true mean lies; nothing below MIN_ANSWERS."""
    if sums.mean is None or sums.count < MIN_ANSWERS:
        return None, None
    reach = float(stdtrit(sums.count - 1, 1 - (1 - CONFIDENCE) / 2)) * sqrt(sums.error)
    return max(0.0, sums.mean - reach), min(1.0, sums.mean + reach)


def _reach(now: Sums, before: Sums) -> float:
    a, b = now.error, before.error
    freedom = (a + b) ** 2 / (a * a / (now.count - 1) + b * b / (before.count - 1))
    return float(stdtrit(freedom, 1 - (1 - CONFIDENCE) / 2)) * sqrt(a + b)
