"""From what every detector saw to what is told: what stands against chance, what it is worth, how to test it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, Detector, Floats, Seen, Year, detectors
from regulars.analyze.opportunities.chance import beta_quantile, least_customers, smallest_holdout

# The chance that anything at all is found in a year that holds nothing, over all detectors of a run.
FALSE_ALARMS = 0.05
# Fewer people than this are a list of names and not a segment.
MIN_MEMBERS = 20
# Of the interval of money: in nine of ten cases it lies within, and ranks are by its lower end.
INTERVAL = 0.90
MIN_HOLDOUT = 0.05
# A test looks at how many do what is hoped for, the largest scatter that a share can have: money scatters far more.
SCATTER = 0.5
# A test that takes longer tells of another brand.
MAX_PERIODS = 8


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Cents in the next AFTER_DAYS: what is at stake, what a treatment should bring of it, and within which bounds."""

    stake: float
    expected: float
    low: float
    high: float


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One detector's answer."""

    name: str
    seen: Seen
    is_found: bool
    money: Money
    holdout: float | None
    """Share to hold out; None: no share shows the effect within one period."""
    periods: int
    """Periods of AFTER_DAYS that a test takes at this share, or at half where none is enough."""


def judge(year: Year, shelf: Sequence[Detector] | None = None) -> list[Judged]:
    """Every detector's answer, the found ones first, by the lower end of their money."""
    looked = [(detector, detector.look(year)) for detector in shelf or [one for _, one in detectors.items()]]
    found = _stand(looked)
    judged = [_judged(detector, seen, detector.name in found) for detector, seen in looked]
    return sorted(judged, key=lambda one: (not one.is_found, -one.money.low, one.name))


def _stand(looked: Sequence[tuple[Detector, Seen]]) -> set[str]:
    """Holm: the smallest p against the strictest level, and on while they pass; FALSE_ALARMS over all together."""
    passed: set[str] = set()
    for place, (detector, seen) in enumerate(sorted(looked, key=lambda one: one[1].p_value)):
        if seen.p_value > FALSE_ALARMS / (len(looked) - place):
            break
        if len(seen.members) >= MIN_MEMBERS:
            passed.add(detector.name)
    return passed


def _judged(detector: Detector, seen: Seen, is_found: bool) -> Judged:
    worth = money(seen.stake_cents, detector)
    size, effect = len(seen.members), detector.response.mean
    share = smallest_holdout(size, SCATTER, effect)
    holdout = None if share is None else max(share, MIN_HOLDOUT)
    # At half and half, with as many people again in each further period.
    periods = 1 if holdout is not None or not size else math.ceil(least_customers(SCATTER, effect) / size)
    return Judged(name=detector.name, seen=seen, is_found=is_found, money=worth, holdout=holdout, periods=periods)


def money(stake_cents: Floats, detector: Detector) -> Money:
    """What is at stake times the response; bounds are those of both at once, which is wider than INTERVAL needs."""
    total = float(stake_cents.sum())
    if not len(stake_cents) or total <= 0:
        return Money(stake=0.0, expected=0.0, low=0.0, high=0.0)
    tail = (1 - INTERVAL) / 2
    error = 1.645 * float(stake_cents.std()) * float(np.sqrt(len(stake_cents)))
    response = detector.response
    return Money(
        stake=total,
        expected=total * response.mean,
        low=max(total - error, 0.0) * beta_quantile(response.bring, response.of, tail),
        high=(total + error) * beta_quantile(response.bring, response.of, 1 - tail),
    )


def confidence(one: Judged) -> str:
    """How sure, in words: of the group first, of the money second."""
    if not one.is_found:
        return "Not more than chance explains"
    odds = one.seen.p_value
    group = "beyond doubt" if odds < 1e-6 else "very likely" if odds < 1e-3 else "likely"
    return f"The group is {group}; what a treatment brings is not proven yet"


def test_in_words(one: Judged) -> str:
    """Which test would prove it."""
    days = AFTER_DAYS * one.periods
    if not one.is_found:
        return "Nothing to test"
    if one.holdout is not None:
        return (
            f"Hold out {one.holdout:.0%} for {days} days and compare how many do it: enough in four of five such tests"
        )
    if one.periods > MAX_PERIODS:
        return "Hold out half, and expect to see only an effect far above the expected: they are too few for less"
    return f"Hold out half of everybody who comes into it within {days} days: fewer days bring too few to tell"
