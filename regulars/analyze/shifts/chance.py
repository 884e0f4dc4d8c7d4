"""How likely so large a change is in a series that has none: drawn as often as the number of series asks for. Pure.

Theory of operation. What is left of a series after its best change was taken out is a process with memory (neighboring
weeks resemble each other). Its innovations are drawn in random order, given memory again, and searched for their best
change alike. The memory was learned from a few dozen weeks and is known only so well: each draw has one of its own from
around it. Without that the far tail, which many series need, is too thin by a factor of ten.

Of m series the first must reach RATE / m, so a fixed number of draws could never say enough. So draws go on for those
that none has reached yet: k of m of them need RATE k / m, and all together as many draws as one of m alone. A p value
that is read off only while nothing was reached stays one (Besag & Clifford, Biometrika 78, 1991).
Sources: Davison & Hinkley, Bootstrap Methods (1997), chapter 8; Benjamini & Hochberg, JRSS B 57 (1995).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.scores import Floats

FALSE_ALARM_RATE = 0.05
# Most series are as ordinary as they look: these draws are enough to let them go.
FIRST_DRAWS, ORDINARY = 99, 15
DRAWS = 999
# For what no draw reached: so many times as many as would just do, in pieces, and never more than this for one series.
AMPLE = 2.0
DRAWS_MAX = 1_000_000
PIECE_DRAWS = 10_000
# Of a series as it was learned, and of one that is drawn around it.
MEMORY_MAX, DRAWN_MEMORY_MAX = 0.8, 0.9
# Fewer weeks than this on one side of a change show no level.
MIN_SIDE = 4


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """A statistic beside what its own series does without a change, as far as that was drawn."""

    statistic: float
    innovations: Floats
    memory: float
    weeks: int
    seed: int
    drawn: int = 0
    as_large: int = 0

    @property
    def p(self) -> float:
        """How likely a change at least as large is; never below 1 / (drawn + 1)."""
        return (1 + self.as_large) / (self.drawn + 1)

    @property
    def is_at_floor(self) -> bool:
        """Could more draws make it smaller?"""
        return not self.as_large and self.drawn < DRAWS_MAX


def best_split(rows: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """For each row the largest standardized difference of means over all splits, and the place of that split."""
    return _best(rows.T)


def chance_of(statistic: float, rest: Floats, seed: int) -> Chance:
    """The chance of this statistic, by at most DRAWS draws; `rest`: the series without its change."""
    memory = memory_of(rest)
    fresh = rest[1:] - memory * rest[:-1]
    fresh = fresh - fresh.mean()
    plain = Chance(statistic=statistic, innovations=fresh, memory=memory, weeks=len(rest), seed=seed)
    first = further(plain, FIRST_DRAWS)
    return first if first.as_large >= ORDINARY else further(first, DRAWS)


def further(one: Chance, until: int) -> Chance:
    """The same with so many draws in all, unless it has them."""
    while one.drawn < min(until, DRAWS_MAX):
        count = min(until, DRAWS_MAX, one.drawn + PIECE_DRAWS) - one.drawn
        # Seeded by where they begin: the same series draws the same lots, in whatever steps.
        draw = np.random.default_rng([one.seed, one.drawn])
        as_large = int((_best(_alike(one, count, draw))[0] >= one.statistic).sum())
        one = msgspec.structs.replace(one, drawn=one.drawn + count, as_large=one.as_large + as_large)
        if one.as_large:
            break
    return one


def sharpened(family: Sequence[Chance], breathe: Callable[[], object] = lambda: None) -> list[Chance]:
    """Drawn on where none of the draws was as large, until it is, or the number of series is answered for."""
    found = list(family)
    while True:
        floor = [at for at, one in enumerate(found) if one.is_at_floor]
        need = draws_for(FALSE_ALARM_RATE * max(len(floor), 1) / max(len(found), 1))
        short = [at for at in floor if found[at].drawn < need]
        if not short:
            return found
        for at in short:
            found[at] = further(found[at], need)
            breathe()


def draws_for(p: float) -> int:
    """So many draws can tell this p value and less."""
    return min(DRAWS_MAX, int(AMPLE / p)) if p > 0 else DRAWS_MAX


def alarms(ps: Sequence[float]) -> float:
    """The p value up to which series count as changed, by Benjamini and Hochberg; 0: none does."""
    ordered = np.sort(ps)
    passing = np.flatnonzero(ordered <= FALSE_ALARM_RATE * np.arange(1, len(ordered) + 1) / len(ordered))
    return float(ordered[passing[-1]]) if len(passing) else 0.0


def memory_of(rest: Floats) -> float:
    """How much of a week's deviation is left the week after; corrected for short series (Kendall, 1954)."""
    whole = float((rest[:-1] ** 2).sum())
    plain = float((rest[1:] * rest[:-1]).sum()) / whole if whole else 0.0
    # Four times the usual correction: two means were taken out, and where the break lies was chosen to fit.
    return float(np.clip(plain + 4 * (1 + 3 * plain) / len(rest), 0.0, MEMORY_MAX))


def splits(weeks: int) -> NDArray[np.int64]:
    """Where a series of so many weeks could have changed: the first weeks after."""
    return np.arange(MIN_SIDE, weeks - MIN_SIDE + 1, dtype=np.int64)


def _best(columns: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The same with a series in each column, which is how draws lie in memory."""
    count = len(columns)
    at = splits(count)
    centered = columns - columns.mean(axis=0)
    sums = np.cumsum(centered, axis=0)[at - 1]
    between = sums * sums * (count / (at * (count - at)))[:, None]
    best = between.argmax(axis=0)
    part = between[best, np.arange(between.shape[1])] / np.maximum((centered * centered).sum(axis=0), 1e-300)
    found: Floats = np.sqrt((count - 2) * part / np.maximum(1 - part, 1e-12))
    return found, at[best]


def _alike(one: Chance, count: int, draw: np.random.Generator) -> Floats:
    """(weeks, count) series without a change, of this one's innovations."""
    rows: Floats = one.innovations[draw.integers(len(one.innovations), size=(one.weeks, count))]
    known_to = np.sqrt((1 - one.memory**2) / one.weeks)
    memory = np.clip(one.memory + known_to * draw.standard_normal(count), 0.0, DRAWN_MEMORY_MAX)
    rows[0] /= np.sqrt(1 - memory**2)
    for week in range(1, one.weeks):
        rows[week] += memory * rows[week - 1]
    return rows
