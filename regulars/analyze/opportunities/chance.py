"""What chance alone does, and how large a test must be. Pure."""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, gammaincc, gammaincinv, ndtr, ndtri
from scipy.stats import binom

from regulars.analyze.opportunities import Floats, Ints

# Somebody is unusual whose own past makes this at most once in a hundred.
UNUSUAL = 0.01
# Parameters learned from one person's few orders are off, which makes more people unusual than UNUSUAL says.
SLACK = 2.0
# Where in its distribution an uncertain mean is looked at: the middles of nine equal parts.
MEAN_PARTS = tuple((place + 0.5) / 9 for place in range(9))
# A silence that is likelier than this with the mean as it was seen is not looked at closer.
LOOK_CLOSER = 0.4
# Of a normal distribution, the median of the squares.
MEDIAN_SQUARE = 0.4549


def upper(z: float) -> float:
    """How likely a standard normal number is to be at least this large."""
    return float(ndtr(-z))


def too_many(unusual: int, of: int) -> float:
    """How likely so many unusual customers are among so many, if each is one by chance (with SLACK)."""
    return float(binom.sf(unusual - 1, of, UNUSUAL * SLACK)) if of else 1.0


def at_least(hits: Ints, trials: Ints, rate: float) -> Floats:
    """For each, how likely so many hits in so many trials are at this rate."""
    return np.asarray(binom.sf(hits - 1, trials, rate), dtype=np.float64)


def one_in_three(below: int, beside: int) -> float:
    """How likely so many stand in the middle of three equal stretches, where each is as likely as the others."""
    return float(binom.sf(below - 1, below + beside, 1 / 3)) if below + beside else 1.0


def silent_so_long(age: Floats, mean: Floats, shape: Floats, gaps: Floats) -> Floats:
    """How likely somebody who is still a customer has been silent for at least `age` at a day chosen by chance.

    Gaps are gamma distributed with this shape. A day chosen by chance falls into long gaps more often than into short
    ones (the inspection paradox), so this is the age of an equilibrium renewal process, not of one gap. The mean is
    that of so many gaps and therefore known only so well: the answer is the average over what it may be.
    """
    found = _silent(age, mean, shape)
    # An uncertain mean matters where a silence is long: the others stay as likely as their own mean says.
    rows = np.flatnonzero(found < LOOK_CLOSER)
    total = np.zeros(len(rows))
    for part in MEAN_PARTS:
        known = gaps[rows] * shape[rows]
        total += _silent(age[rows], mean[rows] * known / gammaincinv(known, part), shape[rows])
    found[rows] = np.clip(total / len(MEAN_PARTS), 0.0, 1.0)
    return found


def _silent(age: Floats, mean: Floats, shape: Floats) -> Floats:
    """The same with a mean that is known."""
    scaled = age * shape / mean
    return np.clip(gammaincc(shape + 1, scaled) - age / mean * gammaincc(shape, scaled), 0.0, 1.0)


def spread_over(z: Floats) -> float:
    """By which factor the variance is larger than assumed, judged by the middle of these z values; at least 1."""
    return max(1.0, float(np.median(np.square(z))) / MEDIAN_SQUARE) if len(z) else 1.0


def fewer_than(z: Floats) -> Floats:
    """For each standard normal number, how likely one at most as large is."""
    return np.asarray(ndtr(z), dtype=np.float64)


def beta_quantile(bring: float, of: float, part: float) -> float:
    """The share below which this part of a beta distribution lies."""
    return float(betaincinv(bring, of - bring, part))


def smallest_holdout(customers: int, spread: float, effect: float) -> float | None:
    """The smallest share held out that shows this mean effect; None: not even half does.

    One-sided at 5 %, found in four of five such tests: share (1 - share) must be at least
    ((1.645 + 0.842) spread / effect)² / customers, and that product is never above a quarter.
    """
    if not customers:
        return None
    need = least_customers(spread, effect) / 4 / customers
    return None if need > 0.25 else (1 - math.sqrt(1 - 4 * need)) / 2


def least_customers(spread: float, effect: float) -> float:
    """So many customers show this effect with half of them held out."""
    return 4 * (float(ndtri(0.95) + ndtri(0.80)) * spread / effect) ** 2
