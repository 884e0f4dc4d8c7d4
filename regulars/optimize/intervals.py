"""How sure a difference is. Pure.

Theory of operation. One customer buys many times, so orders are not independent; customers are. Every measure here is
a sum over customers, or a ratio of two such sums, in two periods. To first order it moves by one number a customer
(her influence), and the spread of these numbers is the spread of the measure: a cluster-robust t interval. No draws:
the same data give the same interval.
Source: Deng, Knoblich & Lu, "Applying the delta method in metric analytics", KDD 2018.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

CONFIDENCE = 0.95
# With fewer customers one of them can be the whole effect.
MIN_CUSTOMERS = 30

Floats = NDArray[np.float64]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A measure now and before, its change, and between what the change lies in 19 of 20 cases."""

    now: float
    before: float
    change: float
    low: float
    high: float
    customers: int

    @property
    def share(self) -> float | None:
        """The change as a share of before; None where there was nothing."""
        return self.change / self.before if self.before else None

    @property
    def is_proven(self) -> bool:
        """Zero lies outside the interval, and enough customers stand behind it."""
        return self.customers >= MIN_CUSTOMERS and (self.low > 0 or self.high < 0)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.customers < MIN_CUSTOMERS:
            return "too early to say"
        if not self.is_proven:
            return "not proven yet"
        return "up" if self.change > 0 else "down"


def of_totals(now: Floats, before: Floats) -> Difference:
    """The change of a sum; one entry a customer, 0 where she did nothing."""
    return _difference(float(now.sum()), float(before.sum()), now - before)


def of_ratios(now: tuple[Floats, Floats], before: tuple[Floats, Floats], among: int = 1) -> Difference:
    """The change of sum / sum (money an order, one category's part of all); 0 / 0 counts as 0.

    `among`: how many such changes are looked at together; each interval is widened so that all of them hold at once.
    """
    ratio_now, influence_now = _ratio(*now)
    ratio_before, influence_before = _ratio(*before)
    return _difference(ratio_now, ratio_before, influence_now - influence_before, among)


def _ratio(top: Floats, base: Floats) -> tuple[float, Floats]:
    whole = float(base.sum())
    if whole == 0:
        return 0.0, np.zeros_like(top)
    ratio = float(top.sum()) / whole
    return ratio, (top - ratio * base) / whole


def _difference(now: float, before: float, influence: Floats, among: int = 1) -> Difference:
    size = len(influence)
    change = now - before
    reach = 0.0
    if size > 1:
        spread = float(np.sqrt(size / (size - 1) * ((influence - influence.mean()) ** 2).sum()))
        reach = float(stdtrit(size - 1, 1 - (1 - CONFIDENCE) / (2 * among))) * spread
    return Difference(now=now, before=before, change=change, low=change - reach, high=change + reach, customers=size)
