"""Pareto/NBD: a customer may leave at any time, whether she has just bought or not.

Purchase rates differ by gamma(r, alpha), rates of leaving by gamma(s, beta). The chance of what she did is that of
having stayed, plus the integral over all times at which she may have left since her last purchase. The literature
writes it as a difference of two 2F1, which for many purchases are equal to the last digit. We integrate: with
v = ((alpha + t_x) / (alpha + t)) ** (r + x + s), or the same of beta, what is to be integrated is nearly constant, so
few points are exact.
Sources: Schmittlein, Morrison & Colombo, Management Science 33 (1987); Fader & Hardie, "A note on deriving the
Pareto/NBD model and related expressions" (2005).
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln, logsumexp

from regulars.analyze.purchases import Fitted, Floats, History, Params, purchase_models
from regulars.analyze.purchases.likelihood import maximize

LOG_BOUND = 12.0
START = (1.0, 1.0, 1.0, 1.0)
NODES = 48
# Distinct histories whose points are held at once: 48 points of 8 bytes, in some ten tables.
PIECE_ROWS = 20_000
PARAMETERS: tuple[str, ...] = ("r", "alpha", "s", "beta")


class Four(NamedTuple):
    """Purchase rates are gamma(r, alpha), rates of leaving gamma(s, beta)."""

    r: float
    alpha: float
    s: float
    beta: float


class Chances(NamedTuple):
    """Logarithms, by history."""

    stayed: Floats
    left: Floats
    """(histories, NODES): left around each of these times."""
    times: Floats
    """(histories, NODES)."""
    either: Floats


class ParetoNbd:
    """The model, in the shape of a PurchaseModel."""

    name = "pareto-nbd"
    title = "Pareto/NBD"
    parameters: tuple[str, ...] = PARAMETERS
    source = "Schmittlein, Morrison & Colombo, Management Science 33 (1987)"

    def fit(self, history: History) -> Fitted:
        """Maximum likelihood, no priors."""
        rows, inverse = history.distinct()
        weight = np.bincount(inverse, minlength=len(rows.x)).astype(np.float64)

        def likelihood(values: Floats) -> tuple[float, Floats]:
            return log_likelihood(Four(*values.tolist()), rows, weight)

        values, value = maximize(likelihood, START, [(-LOG_BOUND, LOG_BOUND)] * 4, float(weight.sum()))
        return Fitted(dict(zip(PARAMETERS, values, strict=True)), value)

    def log_likelihood(self, params: Params, history: History) -> float:
        """Of the times of all purchases after the first."""
        rows, inverse = history.distinct()
        return log_likelihood(_four(params), rows, np.bincount(inverse).astype(np.float64))[0]

    def alive(self, params: Params, history: History) -> Floats:
        """The chance that a customer is still a customer."""
        if not len(history.x):
            return np.zeros(0)
        rows, inverse = history.distinct()
        found = [_chances(_four(params), piece) for piece, _ in _pieces(rows, np.ones(len(rows.x)))]
        return np.concatenate([np.exp(one.stayed - one.either) for one in found])[inverse]

    def expected(self, params: Params, history: History, time: float) -> Floats:
        """Purchases in the time to come, given what she did."""
        r, alpha, s, beta = _four(params)
        rate = (r + history.x) / (alpha + history.t)
        return rate * _staying(s, beta + history.t, time) * self.alive(params, history)

    def expected_so_far(self, params: Params, history: History) -> Floats:
        """Repeat purchases that a new customer would have made in the age each customer has now."""
        r, alpha, s, beta = _four(params)
        return r / alpha * _staying(s, np.full_like(history.t, beta), history.t)


def log_likelihood(params: Four, rows: History, weight: Floats) -> tuple[float, Floats]:
    """The log-likelihood of so many customers of each history, and its slope in (r, alpha, s, beta)."""
    r, alpha, s, beta = params
    value, slope = 0.0, np.zeros(4)
    for piece, count in _pieces(rows, weight):
        chances = _chances(params, piece)
        n = r + piece.x
        value += float(count @ (gammaln(n) - gammaln(r) + chances.either)) + count.sum() * r * np.log(alpha)
        # How likely it is that she stayed, and that she left around each of the times: 1 in sum.
        stayed = count * np.exp(chances.stayed - chances.either)
        left = count[:, None] * np.exp(chances.left - chances.either[:, None])
        bought, gone = alpha + chances.times, beta + chances.times
        now, later = alpha + piece.t, beta + piece.t
        slope += [
            count @ (digamma(n) - digamma(r) + np.log(alpha)) - stayed @ np.log(now) - np.sum(left * np.log(bought)),
            count.sum() * r / alpha - (stayed * n) @ (1 / now) - n @ np.sum(left / bought, axis=1),
            count.sum() * np.log(beta) - stayed @ np.log(later) - np.sum(left * (np.log(gone) - 1 / s)),
            count.sum() * s / beta - s * (stayed @ (1 / later)) - (s + 1) * np.sum(left / gone),
        ]
    return float(value + weight.sum() * s * np.log(beta)), slope


def _pieces(rows: History, weight: Floats) -> Iterator[tuple[History, Floats]]:
    for begin in range(0, len(rows.x), PIECE_ROWS):
        part = slice(begin, begin + PIECE_ROWS)
        yield History(x=rows.x[part], t_x=rows.t_x[part], t=rows.t[part]), weight[part]


def _chances(params: Four, rows: History) -> Chances:
    """Of having stayed until now, and of having left around some times since the last purchase.

    But for what is the same in all of them, and without the powers of alpha and beta.
    """
    r, alpha, s, beta = params
    n = r + rows.x
    decay = n + s
    stayed = -n * np.log(alpha + rows.t) - s * np.log(beta + rows.t)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    # The square draws points to where v is small and least smooth.
    u = ((nodes + 1) / 2) ** 2
    # Of the two powers the smaller one is what stays to be integrated.
    base = np.where(s + 1 <= n, alpha, beta)
    reach = -np.expm1(-decay * np.log((base + rows.t) / (base + rows.t_x)))
    log_v = np.log1p(-reach[:, None] * (1 - u))
    times = rows.t_x[:, None] + (base + rows.t_x)[:, None] * np.expm1(-log_v / decay[:, None])
    with np.errstate(divide="ignore"):
        # Of who bought just now there is no time at which she may have left.
        step = np.log(reach)[:, None] + np.log(weights * np.sqrt(u)) - np.log(decay)[:, None] - log_v
    step = step + np.log(base[:, None] + times)
    left = np.log(s) - n[:, None] * np.log(alpha + times) - (s + 1) * np.log(beta + times) + step
    either = np.logaddexp(stayed, logsumexp(left, axis=1))
    return Chances(stayed, left, times, either)


def _four(params: Params) -> Four:
    return Four(*(params[name] for name in PARAMETERS))


def _staying(s: float, since: Floats, time: float | Floats) -> Floats:
    """The time for which she stays, of the time to come."""
    length = np.log1p(time / since)
    return since * (length if s == 1 else -np.expm1(-(s - 1) * length) / (s - 1))


purchase_models.add(ParetoNbd.name)(ParetoNbd())
