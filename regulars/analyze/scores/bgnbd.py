"""BG/NBD: how often customers buy and when they silently leave. Pure numbers, any unit of time (we use weeks).

Source: Fader, Hardie & Lee, "Counting your customers the easy way", Marketing Science 24 (2005), equations 6 and 10.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import msgspec
import numpy as np
from scipy.special import betaincinv, digamma, gammaln, hyp2f1

from regulars.analyze.scores import Floats, Ints
from regulars.analyze.scores.likelihood import maximize

# Search in logarithms, inside what doubles can carry; a parameter that runs there means the data do not tell it.
LOG_BOUND = 12.0
# A beta distribution as narrow as (148, 148) is one chance for everybody; beyond it 2F1 is noise.
BETA_LOG_BOUND = 5.0
START = (1.0, 1.0, 1.0, 1.0)
# The expectation has a removable hole at a = 1.
HOLE = 1e-6
# Points at which an average over a distribution is taken.
NODES = 128


class Params(msgspec.Struct, frozen=True):
    """Purchase rates are gamma(r, alpha), chances to leave after a purchase beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One entry a customer: repeat purchases `x`, age at the last one `t_x`, age now `t`."""

    x: Floats
    t_x: Floats
    t: Floats


class Fitted(msgspec.Struct, frozen=True):
    """The parameters and the log-likelihood of the data under them."""

    params: Params
    log_likelihood: float


class Grouped(msgspec.Struct, frozen=True, kw_only=True):
    """Equal histories counted, each number once: `x[xi]`, `t_x[ti]`, `t[ai]` are the columns of the distinct rows."""

    weight: Floats
    x: Floats
    xi: Ints
    t_x: Floats
    ti: Ints
    t: Floats
    ai: Ints


def fit(history: History) -> Fitted:
    """Maximum likelihood, no priors."""
    grouped = group(history)
    bounds = [(-LOG_BOUND, LOG_BOUND)] * 2 + [(-LOG_BOUND, BETA_LOG_BOUND)] * 2

    def likelihood(values: Floats) -> tuple[float, Floats]:
        return log_likelihood(Params(*values.tolist()), grouped)

    values, value = maximize(likelihood, START, bounds, float(grouped.weight.sum()))
    return Fitted(Params(*values), value)


def group(history: History) -> Grouped:
    """Count equal rows, then number the distinct values of each column."""
    rows, inverse = distinct(history)
    x, xi = np.unique(rows.x, return_inverse=True)
    t_x, ti = np.unique(rows.t_x, return_inverse=True)
    t, ai = np.unique(rows.t, return_inverse=True)
    weight = np.bincount(inverse, minlength=len(rows.x)).astype(np.float64)
    return Grouped(weight=weight, x=x, xi=xi, t_x=t_x, ti=ti, t=t, ai=ai)


def distinct(history: History) -> tuple[History, Ints]:
    """The distinct rows, and for each customer the position of hers."""
    rows, inverse = np.unique(np.stack([history.x, history.t_x, history.t], axis=1), axis=0, return_inverse=True)
    return History(x=rows[:, 0], t_x=rows[:, 1], t=rows[:, 2]), inverse.reshape(-1)


def log_likelihood(params: Params, g: Grouped) -> tuple[float, Floats]:
    """The log-likelihood and its slope in (r, alpha, a, b)."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    back = g.x > 0
    leave = np.where(back, np.log(a) - np.log(np.where(back, b + g.x - 1, 1.0)), -np.inf)
    log_now, log_last = np.log(alpha + g.t), np.log(alpha + g.t_x)
    n = (r + g.x)[g.xi]
    stay = -n * log_now[g.ai]
    left = leave[g.xi] - n * log_last[g.ti]
    either = np.logaddexp(stay, left)
    by_x = gammaln(r + g.x) - gammaln(r) + r * np.log(alpha)
    by_x = by_x + gammaln(a + b) + gammaln(b + g.x) - gammaln(b) - gammaln(a + b + g.x)
    value = float(g.weight @ (by_x[g.xi] + either))

    w_left = g.weight * np.exp(left - either)
    w_stay = g.weight - w_left
    count = np.bincount(g.xi, g.weight, len(g.x))
    gone = np.bincount(g.xi, w_left, len(g.x))
    d_r = count @ (digamma(r + g.x) - digamma(r) + np.log(alpha)) - w_stay @ log_now[g.ai] - w_left @ log_last[g.ti]
    d_alpha = count.sum() * r / alpha - w_stay @ (n / (alpha + g.t)[g.ai]) - w_left @ (n / (alpha + g.t_x)[g.ti])
    joint = digamma(a + b) - digamma(a + b + g.x)
    d_a = count @ joint + gone.sum() / a
    d_b = count @ (joint + digamma(b + g.x) - digamma(b)) - gone[back] @ (1 / (b + g.x[back] - 1))
    return value, np.array([d_r, d_alpha, d_a, d_b])


def alive(params: Params, history: History) -> Floats:
    """The chance that a customer is still a customer; 1 for somebody who never came back (see the module above)."""
    return 1 / (1 + _odds_of_gone(params, history))


def expected(params: Params, history: History, weeks: float) -> Floats:
    """Purchases in the next `weeks`, given what she did."""
    rows, inverse = distinct(history)
    purchases = _expected(params, rows, weeks) / (1 + _odds_of_gone(params, rows))
    return purchases[inverse]


def expected_so_far(params: Params, history: History) -> Floats:
    """Repeat purchases that a new customer would have made in the age each customer has now."""
    ages, inverse = np.unique(history.t, return_inverse=True)
    nothing = np.zeros_like(ages)
    new = History(x=nothing, t_x=nothing, t=nothing)
    return _expected(params, new, ages)[inverse.reshape(-1)]


def _odds_of_gone(params: Params, history: History) -> Floats:
    x = history.x
    back = x > 0
    ratio = np.log((params.alpha + history.t) / (params.alpha + history.t_x))
    odds = params.a / np.where(back, params.b + x - 1, 1.0) * np.exp((params.r + x) * ratio)
    return np.where(back, odds, 0.0)


def _expected(params: Params, history: History, weeks: float | Floats) -> Floats:
    # Equation 10 after Euler's transformation: as printed, 2F1 overflows for somebody with a few hundred purchases.
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    a = a + HOLE if abs(a - 1) < HOLE else a
    x = history.x
    later = alpha + history.t + weeks
    with np.errstate(all="ignore"):
        stay = (alpha + history.t) / later
        series = hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, weeks / later)
        purchases = (a + b + x - 1) / (a - 1) * (1 - stay ** (a - 1) * series)
    lost = ~np.isfinite(purchases)
    if lost.any():
        some = History(x=x[lost], t_x=history.t_x[lost], t=history.t[lost])
        purchases[lost] = _averaged(params, some, np.broadcast_to(weeks, x.shape)[lost])
    return purchases


def _averaged(params: Params, history: History, weeks: Floats) -> Floats:
    """The same expectation as an average over her chance to leave: 2 digits instead of 12, but for any parameters."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    chance = betaincinv(params.a, params.b + history.x[:, None], (nodes + 1) / 2)
    chance = np.maximum(chance, np.finfo(np.float64).tiny ** 0.5)
    rate = (params.r + history.x)[:, None]
    ratio = chance * weeks[:, None] / (params.alpha + history.t)[:, None]
    return (-np.expm1(-rate * np.log1p(ratio)) / chance) @ (weights / 2)
