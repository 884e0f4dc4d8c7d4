"""Where a weekly series changed its level, and whether that is more than chance. Pure; seeded.

Theory of operation. Whole weeks only, so that weekdays cancel; weeks with a holiday are left out; with more than two
years of data each week is compared with the same week a year before, so that seasons cancel. Counts and money are
compared as logarithms, shares as arcsines. For every week at which the series could have changed, the means before and
after are compared in units of their spread; the largest such difference is the statistic.

Its chance comes from the series itself: what is left after the best change was taken out is a process with memory
(neighboring weeks resemble each other), so the innovations are drawn in random order, given the same memory again, and
searched for their best change alike. Over all series of one look, the false discovery rate is held at FALSE_ALARM_RATE
(Benjamini & Hochberg, JRSS B 57, 1995): where nothing changed anywhere, one look in twenty says that something did.
Sources: Davison & Hinkley, Bootstrap Methods (1997), chapter 8; Bai, Econometric Theory 13 (1997) (change points).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit

FALSE_ALARM_RATE = 0.05
DRAWS = 999
# Fewer weeks than this show no habit; nor do fewer on one side of a change.
MIN_WEEKS = 20
MIN_SIDE = 4
# From so many weeks on seasons are taken out.
SEASON_WEEKS = 52
SEASONS_FROM = 2 * SEASON_WEEKS + MIN_WEEKS
# A mean below this a week is counted in single events: too few to speak of a level.
MIN_LEVEL = 5.0
MEMORY_MAX = 0.8
CHI_SQUARE = 3.84
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
    p: float
    shape: Shape


def change_of(values: Floats, holidays: NDArray[np.bool_], unit: Unit, seed: int) -> Change | None:
    """The largest change of level with its chance; None where there is too little to say."""
    kept = np.flatnonzero(~np.isnan(values) & ~holidays)
    if len(kept) < MIN_WEEKS or (unit != "share" and float(values[kept].mean()) < MIN_LEVEL):
        return None
    compared, kept = _seasonless(_straight(values, unit), kept, len(values))
    if len(kept) < MIN_WEEKS or float(compared.std()) == 0:
        return None
    statistic, at = best_split(compared[None, :])
    split = int(at[0])
    rest = _without(compared, split)
    memory = _memory(rest)
    chance = _chance(float(statistic[0]), rest, memory, seed)
    near = _near(compared, memory)
    first = int(kept[split])
    earlier = kept[kept < first]
    return Change(
        place=first,
        low=int(kept[near[0]]),
        high=int(kept[near[1]]),
        before=float(values[earlier].mean()),
        after=float(values[kept[kept >= first]].mean()),
        p=chance,
        shape=_shape(compared, split),
    )


def best_split(rows: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """For each row the largest standardized difference of means over all splits, and the place of that split."""
    count = rows.shape[1]
    splits = _splits(count)
    sums, squares = np.cumsum(rows, axis=1), np.cumsum(rows**2, axis=1)
    left, right = sums[:, splits - 1], sums[:, -1:] - sums[:, splits - 1]
    within = squares[:, -1:] - left**2 / splits - right**2 / (count - splits)
    spread: Floats = np.sqrt(np.maximum(within, 1e-12) / (count - 2) * (1 / splits + 1 / (count - splits)))
    found: Floats = np.abs(left / splits - right / (count - splits)) / spread
    best: NDArray[np.int64] = found.argmax(axis=1)
    return found[np.arange(len(rows)), best], splits[best]


def _splits(count: int) -> NDArray[np.int64]:
    return np.arange(MIN_SIDE, count - MIN_SIDE + 1, dtype=np.int64)


def alarms(ps: Sequence[float]) -> float:
    """The p value up to which series count as changed, by Benjamini and Hochberg; 0: none does."""
    ordered = np.sort(ps)
    passing = np.flatnonzero(ordered <= FALSE_ALARM_RATE * np.arange(1, len(ordered) + 1) / len(ordered))
    return float(ordered[passing[-1]]) if len(passing) else 0.0


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


def _memory(rest: Floats) -> float:
    """How much of a week's deviation is left the week after; corrected for short series (Kendall, 1954)."""
    whole = float((rest[:-1] ** 2).sum())
    plain = float((rest[1:] * rest[:-1]).sum()) / whole if whole else 0.0
    # Four times the usual correction: two means were taken out, and where the break lies was chosen to fit.
    return float(np.clip(plain + 4 * (1 + 3 * plain) / len(rest), 0.0, MEMORY_MAX))


def _chance(statistic: float, rest: Floats, memory: float, seed: int) -> float:
    draw = np.random.default_rng(seed)
    fresh = rest[1:] - memory * rest[:-1]
    fresh = fresh - fresh.mean()
    count = len(rest)
    drawn: Floats = fresh[draw.integers(len(fresh), size=(DRAWS, count))]
    rows: Floats = np.empty((DRAWS, count))
    rows[:, 0] = drawn[:, 0] / np.sqrt(1 - memory**2)
    for week in range(1, count):
        rows[:, week] = memory * rows[:, week - 1] + drawn[:, week]
    as_large = int((best_split(rows)[0] >= statistic).sum())
    return (1 + as_large) / (DRAWS + 1)


def _near(compared: Floats, memory: float) -> tuple[int, int]:
    """First and last place at which a change fits nearly as well as at the best."""
    count = len(compared)
    splits = _splits(count)
    within = np.array([compared[:at].var() * at + compared[at:].var() * (count - at) for at in splits])
    worth = (1 + memory) / (1 - memory) / (count - 2)
    near = splits[within <= within.min() * (1 + CHI_SQUARE * worth)]
    return int(near[0]), int(near[-1])


def _shape(compared: Floats, split: int) -> Shape:
    """Whether a line through all weeks fits better than two levels."""
    steps = compared[:split].var() * split + compared[split:].var() * (len(compared) - split)
    weeks = np.arange(len(compared))
    slope, start = np.polyfit(weeks, compared, 1)
    return "slope" if float(((compared - start - slope * weeks) ** 2).sum()) < steps else "step"
