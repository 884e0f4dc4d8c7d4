"""Credibility: how far a customer's own share is to be trusted, and how far everybody's. Pure.

A share over few orders is mostly chance. The squared distance of a share from everybody's is, on average,
tau² + sigma² / n: how customers differ, and the chance of n draws. A straight line through the squared distances over
1 / n gives both, and strength = sigma² / tau² says for how many draws of hers the others' word counts.
Source: Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4 (1967).
"""

from __future__ import annotations

import numpy as np

from regulars.analyze.purchases import Floats

# Beyond these, everybody is alike, or everybody's own share says it all: neither is ever certain.
STRENGTH_MIN, STRENGTH_MAX = 0.5, 1_000.0


def strength(distances: Floats, draws: Floats) -> float:
    """For how many draws of a customer's own everybody's share counts; `distances` squared, `draws` above 0."""
    inverse = 1 / draws
    # Weighted by draws: the few with many say most about how customers differ.
    weight = draws / draws.sum()
    x, y = weight @ inverse, weight @ distances
    spread = weight @ (inverse - x) ** 2
    sigma = float(weight @ ((inverse - x) * (distances - y)) / spread) if spread > 0 else 0.0
    tau = float(y - sigma * x)
    if tau <= 0:
        return STRENGTH_MAX
    return float(np.clip(sigma / tau, STRENGTH_MIN, STRENGTH_MAX))


def shrunk(share: Floats, draws: Floats, everybody: float | Floats, strong: float) -> Floats:
    """Her share as it is to be expected: her own by her draws, everybody's by `strong`."""
    return (draws * share + strong * everybody) / (draws + strong)
