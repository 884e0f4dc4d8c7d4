"""Customers who buy at their own steady rate, and after each purchase leave with their own chance. Pure numbers.

Rates differ by gamma(r, alpha), chances to leave by beta(a, b). `first` says whether she may leave after her first
purchase (1) or only after her second (0): BG/NBD and MBG/NBD are the same algebra with b moved by one.
Sources: Fader, Hardie & Lee, "Counting your customers the easy way", Marketing Science 24 (2005), equations 6 and 10;
Batislam, Denizel & Filiztekin, "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24 (2007).
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from scipy.special import betaincinv, digamma, gammaln, hyp2f1

from regulars.analyze.purchases import Fitted, Floats, History, Ints, Params
from regulars.analyze.purchases.likelihood import maximize

# Search in logarithms, inside what doubles can carry; a parameter that runs there means the data do not tell it.
LOG_BOUND = 12.0
# A beta distribution as narrow as (148, 148) is one chance for everybody; beyond it 2F1 is noise.
BETA_LOG_BOUND = 5.0
START = (1.0, 1.0, 1.0, 1.0)
# The expectation has a removable hole at a = 1.
HOLE = 1e-6
# Points at which an average over a distribution is taken.
NODES = 128
PARAMETERS: tuple[str, ...] = ("r", "alpha", "a", "b")


class Four(NamedTuple):
    """Purchase rates are gamma(r, alpha), chances to leave after a purchase beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


class Grouped(msgspec.Struct, frozen=True, kw_only=True):
    """Equal histories counted, each number once: `x[xi]`, `t_x[ti]`, `t[ai]` are the columns of the distinct rows."""

    weight: Floats
    x: Floats
    xi: Ints
    t_x: Floats
    ti: Ints
    t: Floats
    ai: Ints


class BetaGeometric:
    """The algebra of both models, in the shape of a PurchaseModel."""

    parameters: tuple[str, ...] = PARAMETERS

    def __init__(self, name: str, title: str, source: str, first: int) -> None:
        self.name, self.title, self.source, self._first = name, title, source, first

    def fit(self, history: History) -> Fitted:
        """Maximum likelihood, no priors."""
        grouped = group(history)
        bounds = [(-LOG_BOUND, LOG_BOUND)] * 2 + [(-LOG_BOUND, BETA_LOG_BOUND)] * 2

        def likelihood(values: Floats) -> tuple[float, Floats]:
            return log_likelihood(Four(*values.tolist()), grouped, self._first)

        values, value = maximize(likelihood, START, bounds, float(grouped.weight.sum()))
        return Fitted(dict(zip(PARAMETERS, values, strict=True)), value)

    def log_likelihood(self, params: Params, history: History) -> float:
        """Of the times of all purchases after the first."""
        return log_likelihood(_four(params), group(history), self._first)[0]

    def alive(self, params: Params, history: History) -> Floats:
        """The chance that a customer is still a customer; in BG/NBD 1 for somebody who never came back."""
        return 1 / (1 + _odds_of_gone(_four(params), history, self._first))

    def expected(self, params: Params, history: History, time: float) -> Floats:
        """Purchases in the time to come, given what she did."""
        rows, inverse = history.distinct()
        purchases = _expected(self._staying(params), rows, time) * self.alive(params, rows)
        return purchases[inverse]

    def expected_so_far(self, params: Params, history: History) -> Floats:
        """Repeat purchases that a new customer would have made in the age each customer has now."""
        ages, inverse = np.unique(history.t, return_inverse=True)
        nothing = np.zeros_like(ages)
        new = History(x=nothing, t_x=nothing, t=nothing)
        purchases = _expected(self._staying(params), new, ages) * self.alive(params, new)
        return purchases[inverse.reshape(-1)]

    def _staying(self, params: Params) -> Four:
        """What is known of the chance to leave of somebody who did not leave when she first could."""
        four = _four(params)
        return four._replace(b=four.b + self._first)


def group(history: History) -> Grouped:
    """Count equal rows, then number the distinct values of each column."""
    rows, inverse = history.distinct()
    x, xi = np.unique(rows.x, return_inverse=True)
    t_x, ti = np.unique(rows.t_x, return_inverse=True)
    t, ai = np.unique(rows.t, return_inverse=True)
    weight = np.bincount(inverse, minlength=len(rows.x)).astype(np.float64)
    return Grouped(weight=weight, x=x, xi=xi, t_x=t_x, ti=ti, t=t, ai=ai)


def log_likelihood(params: Four, g: Grouped, first: int) -> tuple[float, Floats]:
    """The log-likelihood and its slope in (r, alpha, a, b)."""
    r, alpha, a, b = params
    # How often she could have left, and has not until the latest time.
    times, stays = g.x + first, b + first
    back = times > 0
    leave = np.where(back, np.log(a) - np.log(np.where(back, b + times - 1, 1.0)), -np.inf)
    log_now, log_last = np.log(alpha + g.t), np.log(alpha + g.t_x)
    n = (r + g.x)[g.xi]
    stay = -n * log_now[g.ai]
    left = leave[g.xi] - n * log_last[g.ti]
    either = np.logaddexp(stay, left)
    by_x = gammaln(r + g.x) - gammaln(r) + r * np.log(alpha)
    by_x = by_x + gammaln(a + stays) + gammaln(stays + g.x) - gammaln(stays) - gammaln(a + stays + g.x)
    by_x = by_x + first * (np.log(b) - np.log(a + b))
    value = float(g.weight @ (by_x[g.xi] + either))

    w_left = g.weight * np.exp(left - either)
    w_stay = g.weight - w_left
    count = np.bincount(g.xi, g.weight, len(g.x))
    gone = np.bincount(g.xi, w_left, len(g.x))
    d_r = count @ (digamma(r + g.x) - digamma(r) + np.log(alpha)) - w_stay @ log_now[g.ai] - w_left @ log_last[g.ti]
    d_alpha = count.sum() * r / alpha - w_stay @ (n / (alpha + g.t)[g.ai]) - w_left @ (n / (alpha + g.t_x)[g.ti])
    joint = digamma(a + stays) - digamma(a + stays + g.x) - first / (a + b)
    d_a = count @ joint + gone.sum() / a
    d_b = count @ (joint + first / b + digamma(stays + g.x) - digamma(stays))
    d_b -= gone[back] @ (1 / (b + times[back] - 1))
    return value, np.array([d_r, d_alpha, d_a, d_b])


def _four(params: Params) -> Four:
    return Four(*(params[name] for name in PARAMETERS))


def _odds_of_gone(params: Four, history: History, first: int) -> Floats:
    times = history.x + first
    back = times > 0
    ratio = np.log((params.alpha + history.t) / (params.alpha + history.t_x))
    odds = params.a / np.where(back, params.b + times - 1, 1.0) * np.exp((params.r + history.x) * ratio)
    return np.where(back, odds, 0.0)


def _expected(params: Four, history: History, time: float | Floats) -> Floats:
    """Purchases to come of somebody who is still a customer."""
    # Equation 10 after Euler's transformation: as printed, 2F1 overflows for somebody with a few hundred purchases.
    r, alpha, a, b = params
    a = a + HOLE if abs(a - 1) < HOLE else a
    x = history.x
    later = alpha + history.t + time
    with np.errstate(all="ignore"):
        stay = (alpha + history.t) / later
        series = hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, time / later)
        purchases = (a + b + x - 1) / (a - 1) * (1 - stay ** (a - 1) * series)
    lost = ~np.isfinite(purchases)
    if lost.any():
        some = History(x=x[lost], t_x=history.t_x[lost], t=history.t[lost])
        purchases[lost] = _averaged(params, some, np.broadcast_to(time, x.shape)[lost])
    return purchases


def _averaged(params: Four, history: History, time: Floats) -> Floats:
    """The same expectation as an average over her chance to leave: 2 digits instead of 12, but for any parameters."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    chance = betaincinv(params.a, params.b + history.x[:, None], (nodes + 1) / 2)
    chance = np.maximum(chance, np.finfo(np.float64).tiny ** 0.5)
    rate = (params.r + history.x)[:, None]
    ratio = chance * time[:, None] / (params.alpha + history.t)[:, None]
    return (-np.expm1(-rate * np.log1p(ratio)) / chance) @ (weights / 2)
