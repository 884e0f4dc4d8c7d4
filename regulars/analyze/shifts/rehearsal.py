"""Drawn series and customers with and without planted changes, to see what detectors do where the answer is known."""

from __future__ import annotations

import numpy as np

from regulars.analyze.scores import Floats, TraitTable
from regulars.analyze.shifts import rhythm
from regulars.analyze.shifts.look import judge
from regulars.analyze.shifts.weekly import EVERYBODY, Watched

WEEKS = 60
FIRST_WEEK = 2_900
LEVELS = (40.0, 300.0, 3_000.0)
# How much of a week's deviation is left the week after, and how large deviations are.
MEMORIES = (0.0, 0.2, 0.4)
DEVIATION = 0.06
SEGMENT_SERIES, SERIES_EACH = 1_000, 7
CUSTOMERS = 200
DAYS = 400


def false_alarms(seeds: int) -> int:
    """How many looks, of so many at everybody's series without a change, say that any changed."""
    return sum(any(changes for _, changes in judge(brand(seed))) for seed in range(seeds))


def segment_false_alarms(seeds: int, count: int = SEGMENT_SERIES) -> int:
    """The same of looks at so many series of segments."""
    return sum(any(changes for _, changes in judge(segments(seed, count))) for seed in range(seeds))


def brand(seed: int, change: float = 0.0, at: int = 40) -> list[Watched]:
    """Nine weekly series of counts of everybody; the first rises by `change` (a share) from week `at` on."""
    return _drawn(seed, [EVERYBODY] * len(LEVELS) * len(MEMORIES), change, at)


def segments(seed: int, count: int = SEGMENT_SERIES, change: float = 0.0, at: int = 40) -> list[Watched]:
    """So many series of segments; the first rises as in `brand`."""
    return _drawn(seed, [f"segment {number // SERIES_EACH}" for number in range(count)], change, at)


def _drawn(seed: int, scopes: list[str], change: float, at: int) -> list[Watched]:
    draw, found = np.random.default_rng(seed), list[Watched]()
    kinds = [(level, memory) for level in LEVELS for memory in MEMORIES]
    for number, scope in enumerate(scopes):
        level, memory = kinds[number % len(kinds)]
        away = draw.standard_normal(WEEKS) * DEVIATION
        for week in range(1, WEEKS):
            away[week] += memory * away[week - 1]
        if not number:
            away[at:] += np.log1p(change)
        values = draw.poisson(level * np.exp(away)).astype(np.float64)
        found.append(Watched(scope=scope, series="calls", part=f"{number}", first_week=FIRST_WEEK, values=values))
    return found


def gap_false_alarms(seeds: int) -> float:
    """Part of gaps that are called a silence, of customers who keep their rhythm."""
    told = gaps = 0
    for seed in range(seeds):
        table, next_gaps = customers(seed)
        alarm = rhythm.surprises(table).alarm_days
        knows = np.isfinite(alarm)
        told += int((next_gaps[knows] > alarm[knows]).sum())
        gaps += int(knows.sum())
    return told / gaps


def customers(seed: int) -> tuple[TraitTable, Floats]:
    """Customers with rhythms of their own, on the day of an order each, and how long the next gap will be."""
    draw = np.random.default_rng(seed)
    rows: list[tuple[float, ...]] = []
    next_gaps: list[float] = []
    for _ in range(CUSTOMERS):
        shape, mean, count = draw.uniform(0.8, 4), draw.uniform(4, 40), int(draw.integers(6, 40))
        gaps = np.maximum(1, np.rint(draw.gamma(shape, mean / shape, count)))
        rows.append((count + 1, gaps.mean(), gaps.std(ddof=1), DAYS, DAYS - gaps.sum(), 0, count + 1))
        next_gaps.append(float(max(1, round(draw.gamma(shape, mean / shape)))))
    columns = {name: np.array([row[at] for row in rows], dtype=np.float64) for at, name in enumerate(rhythm.NEEDS)}
    table = TraitTable(as_of_day=DAYS, customers=np.arange(CUSTOMERS), columns=columns)
    return table, np.array(next_gaps)
