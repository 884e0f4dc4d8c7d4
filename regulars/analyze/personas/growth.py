"""Which groups grow: the same customers on two days, and whether the change of shares is more than chance. Pure.

A group's share is members by judged, and both move. To first order it moves by one number a customer (her influence),
so the spread of these numbers is the spread of the change. Several groups are looked at together: p values are
corrected by Holm's method, so that the chance of any false alarm in one look stays below FALSE_ALARM_RATE.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import ndtr

from regulars.analyze.scores import Floats, Ints

FALSE_ALARM_RATE = 0.05
# A change that is certain and smaller than this part of the share before is not worth a word.
WORTH_TELLING = 0.25
MIN_MEMBERS = 20
REACH = 1.96


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """A group's part of the judged on two days."""

    now: int
    then: int
    share_now: float
    share_then: float
    low: float
    high: float
    """Between what the change of the share lies in 19 of 20 cases."""
    p: float
    """Corrected for the number of groups."""
    since_day: int

    @property
    def verdict(self) -> str:
        """In words: emerging, fading or steady."""
        certain = self.p < FALSE_ALARM_RATE and max(self.now, self.then) >= MIN_MEMBERS
        change = self.share_now - self.share_then
        if not certain or abs(change) < WORTH_TELLING * self.share_then:
            return "steady"
        return "emerging" if change > 0 else "fading"


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """Who was judged on a day, and their groups by place."""

    day: int
    customers: Ints
    places: Ints


def growths(then: Census, now: Census, groups: int) -> list[Growth] | None:
    """One for each group; None where one of the days has nobody."""
    if not len(then.customers) or not len(now.customers):
        return None
    everybody = np.union1d(then.customers, now.customers)
    judged = [np.isin(everybody, census.customers).astype(np.float64) for census in (then, now)]
    raw: list[tuple[int, int, float, float, float]] = []
    for place in range(groups):
        members = [np.isin(everybody, c.customers[c.places == place]).astype(np.float64) for c in (then, now)]
        shares = [float(m.sum() / j.sum()) for m, j in zip(members, judged, strict=True)]
        influence = [_influence(m, j, s) for m, j, s in zip(members, judged, shares, strict=True)]
        spread = float(np.sqrt(((influence[1] - influence[0]) ** 2).sum()))
        raw.append((int(members[0].sum()), int(members[1].sum()), shares[0], shares[1], spread))
    ps = [2 * float(ndtr(-abs(n - t) / spread)) if spread else 1.0 for _, _, t, n, spread in raw]
    return [
        Growth(
            now=count_now,
            then=count_then,
            share_now=n,
            share_then=t,
            low=n - t - REACH * spread,
            high=n - t + REACH * spread,
            p=p,
            since_day=then.day,
        )
        for (count_then, count_now, t, n, spread), p in zip(raw, holm(ps), strict=True)
    ]


def holm(ps: Sequence[float]) -> list[float]:
    """p values corrected so that the chance of any false alarm among them stays at the level asked for."""
    order = np.argsort(ps, kind="stable").tolist()
    corrected, worst = [0.0] * len(ps), 0.0
    for rank, at in enumerate(order):
        worst = max(worst, min(1.0, ps[at] * (len(ps) - rank)))
        corrected[at] = worst
    return corrected


def _influence(members: Floats, judged: Floats, share: float) -> Floats:
    return (members - share * judged) / judged.sum()
