"""Where a weekly series changed its level, and whether that is more than chance. Pure; seeded.

Theory of operation. Whole weeks only, so that weekdays cancel; weeks with a holiday are left out; with more than two
years of data each week is compared with the same week a year before, so that seasons cancel. Counts and money are
compared as logarithms, shares as arcsines. For every week at which the series could have changed, the means before and
after are compared in units of their spread; the largest such difference is the statistic. What chance does to it is
drawn from the series itself (`chance`).
Source: Bai, Econometric Theory 13 (1997) (change points).
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.chance import Chance, best_split, chance_of, splits
from regulars.analyze.shifts.series import Unit

# Fewer weeks than this show no habit.
MIN_WEEKS = 20
# From so many weeks on seasons are taken out.
SEASON_WEEKS = 52
SEASONS_FROM = 2 * SEASON_WEEKS + MIN_WEEKS
# A mean below this a week is counted in single events: too few to speak of a level.
MIN_LEVEL = 5.0
CHI_SQUARE = 3.84
# A series that is always the same differs from itself by the last digit of its mean.
LEVEL_SPREAD = 1e-9
Shape = Literal["step", "slope"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The best change point of a series. Places count weeks from its first."""

    place: int
    """The first week after the change."""
    low: int
    high: int
    """Between which weeks it lies in 19 of 20 cases."""
    before: float
    after: float
    """Means of the values as given, holidays left out."""
    chance: Chance
    shape: Shape

    @property
    def p(self) -> float:
        """Chance of so large a change in a series without one."""
        return self.chance.p


def change_of(values: Floats, holidays: NDArray[np.bool_], unit: Unit, seed: int) -> Change | None:
    """The largest change of level with its chance; None where there is too little to say."""
    kept = np.flatnonzero(~np.isnan(values) & ~holidays)
    if len(kept) < MIN_WEEKS or (unit != "share" and float(values[kept].mean()) < MIN_LEVEL):
        return None
    compared, kept = _seasonless(_straight(values, unit), kept, len(values))
    if len(kept) < MIN_WEEKS or float(compared.std()) < LEVEL_SPREAD:
        return None
    statistic, at = best_split(compared[None, :])
    split = int(at[0])
    rest = _without(compared, split)
    chance = chance_of(float(statistic[0]), rest, seed)
    near = _near(compared, chance.memory)
    first = int(kept[split])
    earlier = kept[kept < first]
    return Change(
        place=first,
        low=int(kept[near[0]]),
        high=int(kept[near[1]]),
        before=float(values[earlier].mean()),
        after=float(values[kept[kept >= first]].mean()),
        chance=chance,
        shape=_shape(compared, split),
    )


def _straight(values: Floats, unit: Unit) -> Floats:
    if unit == "share":
        return np.arcsin(np.sqrt(np.clip(values, 0, 1)))
    return np.log1p(np.maximum(values, 0))


def _seasonless(values: Floats, kept: NDArray[np.int64], count: int) -> tuple[Floats, NDArray[np.int64]]:
    if count < SEASONS_FROM:
        return values[kept], kept
    pairs = kept[np.isin(kept - SEASON_WEEKS, kept)]
    return values[pairs] - values[pairs - SEASON_WEEKS], pairs


def _without(compared: Floats, split: int) -> Floats:
    """What is left when the levels before and after are taken out."""
    return np.concatenate([compared[:split] - compared[:split].mean(), compared[split:] - compared[split:].mean()])


def _near(compared: Floats, memory: float) -> tuple[int, int]:
    """First and last place at which a change fits nearly as well as at the best."""
    count, centered = len(compared), compared - compared.mean()
    places = splits(count)
    between = np.cumsum(centered)[places - 1] ** 2 * count / (places * (count - places))
    within = np.maximum((centered**2).sum() - between, 0.0)
    worth = (1 + memory) / (1 - memory) / (count - 2)
    near = places[within <= within.min() * (1 + CHI_SQUARE * worth)]
    return int(near[0]), int(near[-1])


def _shape(compared: Floats, split: int) -> Shape:
    """Whether a line through all weeks fits better than two levels."""
    steps = compared[:split].var() * split + compared[split:].var() * (len(compared) - split)
    weeks = np.arange(len(compared))
    slope, start = np.polyfit(weeks, compared, 1)
    return "slope" if float(((compared - start - slope * weeks) ** 2).sum()) < steps else "step"
