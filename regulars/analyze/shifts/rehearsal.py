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


def false_alarm(seed: int) -> bool:
    """Does a look at everybody's series without a change say that any changed?"""
    return any(changes for _, changes in judge(brand(seed)))


def segment_false_alarm(seed: int, count: int = SEGMENT_SERIES) -> bool:
    """The same of a look at so many series of segments."""
    return any(changes for _, changes in judge(segments(seed, count)))


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


def silences(seed: int) -> tuple[int, int]:
    """Of customers who keep their rhythm: gaps that are called a silence, and all gaps."""
    table, next_gaps = customers(seed)
    alarm = rhythm.surprises(table).alarm_days
    knows = np.isfinite(alarm)
    return int((next_gaps[knows] > alarm[knows]).sum()), int(knows.sum())


def bursts(seed: int) -> tuple[int, int]:
    """Of customers who keep their rate: those who are called busy on a day chosen by chance, and all who could be."""
    draw = np.random.default_rng(seed)
    mean = draw.uniform(4, 40, CUSTOMERS)
    lately = draw.poisson(rhythm.WINDOW_DAYS / mean).astype(np.float64)
    before = draw.poisson((DAYS - rhythm.WINDOW_DAYS) / mean).astype(np.float64)
    columns = dict.fromkeys(rhythm.NEEDS, np.full(CUSTOMERS, np.nan))
    columns |= {"orders_30": lately, "orders": lately + before, "first_order_day": np.zeros(CUSTOMERS)}
    found = rhythm.surprises(TraitTable(as_of_day=DAYS, customers=np.arange(CUSTOMERS), columns=columns)).busy
    return int((found <= rhythm.BUSY_RATE).sum()), int((before >= rhythm.MIN_ORDERS_BEFORE).sum())


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
