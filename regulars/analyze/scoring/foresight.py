"""What a score was worth: its order of customers as of a past day, against what they did after. Pure.

A yes or no is judged by the area under the curve: the chance that of two customers, one who did and one who did not,
it put the right one first. An amount is judged by the correlation of ranks (Spearman). Both ask about the order alone,
so scores of any unit compare with a plain rule. Where a score also says how much, tenths of the customers by what was
foretold show whether that was so.

Intervals: the customers are dealt into BLOCKS groups by their number, each is left out once, and the spread of what
is left says how sure the measure is (delete-a-group jackknife). No draws: the same data give the same interval.
Source: Kott, "The delete-a-group jackknife", Journal of Official Statistics 17 (2001).
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from scipy.stats import rankdata

from regulars.analyze.scores import Floats, Foresight, Ints, Lesson, Score

BLOCKS = 30
# Two-sided, 19 of 20 cases, BLOCKS - 1 degrees of freedom; and for means of many.
T_BLOCKS, NORMAL = 2.045, 1.96
# With fewer of them one customer can be the whole answer.
MIN_CUSTOMERS = 100
MIN_OF_EACH = 20
GROUPS = 10
Measure = Callable[[Floats, Floats], float]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measure and between what it lies in 19 of 20 cases."""

    value: float
    low: float
    high: float


class Tenth(msgspec.Struct, frozen=True, kw_only=True):
    """Customers with neighboring scores; fewer groups than ten where many share one."""

    from_value: float
    to_value: float
    customers: int
    foretold: float | None
    """Their mean; None: the score does not say how much."""
    actual: float
    low: float
    high: float


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a score as of a past day."""

    customers: int
    """Judged ones."""
    score: Measured
    naive: Measured
    ahead: Measured
    """By how much the score is better than the plain rule."""
    top_share: float
    """The part of all of the outcome that fell to the tenth of the customers it ranks highest."""
    foretold: float | None
    """Mean of a customer; None: it does not say how much."""
    actual: float
    tenths: list[Tenth]

    @property
    def verdict(self) -> str:
        """better, no better or worse than the plain rule."""
        return "better" if self.ahead.low > 0 else "worse" if self.ahead.high < 0 else "no better"


def judged(score: Score, params: object, lesson: Lesson) -> Backtest | None:
    """The score of the day before under these parameters, by what came after; None: too early to say."""
    scored = score.apply(params, lesson.before)
    there = np.isin(lesson.before.customers, scored.customers)
    before, after = lesson.before.where(there), lesson.after.where(there)
    actual = score.outcome(params, scored, after)
    known = ~np.isnan(actual)
    if not _is_enough(score.foresight, actual[known]):
        return None
    foretold = score.foretold(params, before, scored, lesson.days)
    naive = score.naive(params, before, scored)
    said = scored.values if foretold is None else foretold
    measure = area if score.foresight.kind == "yes" else rank_correlation
    blocks = scored.customers[known] % BLOCKS
    own, plain, ahead = _measured(measure, said[known], naive[known], actual[known], blocks)
    return Backtest(
        customers=int(known.sum()),
        score=own,
        naive=plain,
        ahead=ahead,
        top_share=_top_share(said[known], actual[known]),
        foretold=None if foretold is None else float(foretold[known].mean()),
        actual=float(actual[known].mean()),
        tenths=_tenths(said[known], actual[known], foretold is not None, score.foresight),
    )


def area(said: Floats, happened: Floats) -> float:
    """Area under the curve, ties counted half; 0.5 where everybody did the same."""
    yes = happened > 0
    n, m = int(yes.sum()), int((~yes).sum())
    if not n or not m:
        return 0.5
    return float((rankdata(said)[yes].sum() - n * (n + 1) / 2) / (n * m))


def rank_correlation(said: Floats, came: Floats) -> float:
    """Spearman's, ties at their mean rank; 0 where either is the same for everybody."""
    one, other = rankdata(said), rankdata(came)
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _is_enough(foresight: Foresight, actual: Floats) -> bool:
    if len(actual) < MIN_CUSTOMERS:
        return False
    if foresight.kind == "yes":
        return min(float(actual.sum()), len(actual) - float(actual.sum())) >= MIN_OF_EACH
    return bool(actual.std() > 0)


def _measured(
    measure: Measure, said: Floats, naive: Floats, actual: Floats, blocks: Ints
) -> tuple[Measured, Measured, Measured]:
    """The score, the plain rule, and the difference."""
    left_out = [blocks != block for block in range(BLOCKS)]
    kept = [(measure(said[k], actual[k]), measure(naive[k], actual[k])) for k in left_out]
    found = np.array([(one, other, one - other) for one, other in kept])
    one, other = measure(said, actual), measure(naive, actual)
    values = np.array([one, other, one - other])
    spread = np.sqrt((BLOCKS - 1) / BLOCKS * ((found - found.mean(axis=0)) ** 2).sum(axis=0))
    lows, highs = values - T_BLOCKS * spread, values + T_BLOCKS * spread
    own, plain, ahead = (
        Measured(value=float(value), low=float(low), high=float(high))
        for value, low, high in zip(values, lows, highs, strict=True)
    )
    return own, plain, ahead


def _top_share(said: Floats, actual: Floats) -> float:
    total = float(actual.sum())
    best = np.argsort(-said, kind="stable")[: -(-len(said) // GROUPS)]
    return float(actual[best].sum() / total) if total > 0 else 0.0


def _tenths(said: Floats, actual: Floats, says_how_much: bool, foresight: Foresight) -> list[Tenth]:
    edges = np.unique(np.quantile(said, np.arange(1, GROUPS) / GROUPS))
    group = np.searchsorted(edges, said, side="left")
    return [
        _tenth(said[group == one], actual[group == one], says_how_much, foresight) for one in np.unique(group).tolist()
    ]


def _tenth(said: Floats, actual: Floats, says_how_much: bool, foresight: Foresight) -> Tenth:
    n, mean = len(actual), float(actual.mean())
    if foresight.kind == "yes":
        # Wilson's interval: never outside 0 and 1, and not empty where nobody or everybody did.
        middle = (mean + NORMAL**2 / (2 * n)) / (1 + NORMAL**2 / n)
        half = NORMAL * float(np.sqrt(mean * (1 - mean) / n + NORMAL**2 / (4 * n * n))) / (1 + NORMAL**2 / n)
        low, high = middle - half, middle + half
    else:
        half = NORMAL * float(actual.std(ddof=1)) / float(np.sqrt(n)) if n > 1 else 0.0
        low, high = max(0.0, mean - half), mean + half
    return Tenth(
        from_value=float(said.min()),
        to_value=float(said.max()),
        customers=n,
        foretold=float(said.mean()) if says_how_much else None,
        actual=mean,
        low=low,
        high=high,
    )
