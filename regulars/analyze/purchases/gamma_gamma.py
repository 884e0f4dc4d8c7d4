"""Gamma-Gamma: how much a customer spends a purchase, shrunk toward everybody by how little we have seen of her.

Any unit of money (we use cents). Source: Fader & Hardie, "The gamma-gamma model of monetary value", note 025 (2013).
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import msgspec
import numpy as np
from scipy.special import digamma, gammaln

from regulars.analyze.purchases import Floats
from regulars.analyze.purchases.likelihood import maximize

LOG_BOUND = 12.0
# Below q = 1 the mean of everybody is infinite, and a stranger would be worth any money.
LEAST_Q = 1.001
START = (2.0, 2.0, 1.0)


class Params(msgspec.Struct, frozen=True):
    """Amounts are gamma(p, nu), nu differs between customers by gamma(q, v)."""

    p: float
    q: float
    v: float


class Fitted(msgspec.Struct, frozen=True):
    """The parameters and the log-likelihood of the data under them."""

    params: Params
    log_likelihood: float


def fit(purchases: Floats, mean: Floats) -> Fitted:
    """Maximum likelihood over customers with their number of purchases and mean amount.

    Who has no positive mean (all of it given back) is left out: the model starts above zero.
    """
    usable = (purchases > 0) & (mean > 0)
    # In units of the mean amount the search has the same shape for dollars, cents and yen.
    unit = float(mean[usable].mean())
    x, z = purchases[usable], mean[usable] / unit
    bounds = [(-LOG_BOUND, LOG_BOUND), (float(np.log(LEAST_Q)), LOG_BOUND), (-LOG_BOUND, LOG_BOUND)]

    def likelihood(values: Floats) -> tuple[float, Floats]:
        return log_likelihood(Params(*values.tolist()), x, z)

    (p, q, v), value = maximize(likelihood, START, bounds, float(len(x)))
    # The density of an amount in the original unit is 1 / unit of the one in ours.
    return Fitted(Params(p, q, v * unit), value - len(x) * float(np.log(unit)))


def log_likelihood(params: Params, x: Floats, z: Floats) -> tuple[float, Floats]:
    """The log-likelihood of means `z` of `x` purchases, and its slope in (p, q, v)."""
    p, q, v = params.p, params.q, params.v
    counts, inverse = np.unique(x, return_inverse=True)
    px = p * counts
    all_in, log_xz = v + x * z, np.log(x * z)
    by_x = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(v)
    shared = by_x[inverse] + px[inverse] * log_xz - np.log(z)
    log_all = np.log(all_in)
    value = float(np.sum(shared - (px + q)[inverse] * log_all))
    weight = np.bincount(inverse, minlength=len(counts))
    d_p = (weight * counts) @ (digamma(px + q) - digamma(px)) + x @ (log_xz - log_all)
    d_q = weight @ (digamma(px + q) - digamma(q) + np.log(v)) - log_all.sum()
    d_v = len(x) * q / v - ((px + q)[inverse] / all_in).sum()
    return value, np.array([d_p, d_q, d_v])


def expected(params: Params, purchases: Floats, mean: Floats) -> Floats:
    """What the next purchase should be worth: everybody's mean and hers, weighted by how often we saw her."""
    p, q, v = params.p, params.q, params.v
    # Money given back can leave less than nothing; the model starts at zero.
    return p * (v + purchases * np.maximum(mean, 0.0)) / (p * purchases + q - 1)
