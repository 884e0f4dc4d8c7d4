"""Shelf of purchase models: how often customers buy and when they silently leave, learned from when they bought.

A customer is three numbers: purchases after the first, age at the last one, age now. All that they cannot see (what she
bought, what she was told) stays outside. A model is one file here. All of them give the likelihood of the same data,
so they can be compared: the better one is the one to which what happened later was less of a surprise.

Takes: histories in any unit of time. Gives: parameters, the chance that a customer is still one, purchases to come.
Never: reads the database, the clock or dice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.kit.registry import Shelf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Params = Mapping[str, float]
"""By name, in the order of the model's `parameters`; all positive."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One entry a customer: repeat purchases `x`, age at the last one `t_x`, age now `t`; 0 <= t_x <= t."""

    x: Floats
    t_x: Floats
    t: Floats

    def distinct(self) -> tuple[History, Ints]:
        """The distinct rows, and for each customer the position of hers."""
        rows, inverse = np.unique(np.stack([self.x, self.t_x, self.t], axis=1), axis=0, return_inverse=True)
        return History(x=rows[:, 0], t_x=rows[:, 1], t=rows[:, 2]), inverse.reshape(-1)


class Fitted(msgspec.Struct, frozen=True):
    """The parameters and the log-likelihood of the data under them."""

    params: dict[str, float]
    log_likelihood: float


class PurchaseModel(Protocol):
    """One model. All methods are pure; arrays have one entry a customer, in the order of the history."""

    name: str
    title: str
    parameters: tuple[str, ...]
    source: str

    def fit(self, history: History) -> Fitted:
        """Maximum likelihood, no priors."""
        ...

    def log_likelihood(self, params: Params, history: History) -> float:
        """Of the times of all purchases after the first."""
        ...

    def alive(self, params: Params, history: History) -> Floats:
        """The chance that a customer is still a customer."""
        ...

    def expected(self, params: Params, history: History, time: float) -> Floats:
        """Purchases in the time to come, given what she did."""
        ...

    def expected_so_far(self, params: Params, history: History) -> Floats:
        """Repeat purchases that a new customer would have made in the age each customer has now."""
        ...


purchase_models: Shelf[PurchaseModel] = Shelf("purchase_model", __name__)


def surprise(model: PurchaseModel, params: Params, before: History, after: History) -> float:
    """Log-likelihood of what the same customers did between two histories, for who knows the first."""
    return model.log_likelihood(params, after) - model.log_likelihood(params, before)


def median_wait(params: Params, history: History) -> Floats:
    """The time after which each customer has bought again with an even chance, if she is still one.

    Rates of all models here are gamma(r, alpha); what she did makes hers gamma(r + x, alpha + t).
    """
    return (params["alpha"] + history.t) * np.expm1(np.log(2) / (params["r"] + history.x))


def no_purchase(model: PurchaseModel, params: Params, history: History, time: float) -> Floats:
    """The chance of no purchase in the time to come: she left, or she is quiet for so long.

    Exact where she can leave only right after a purchase (BG/NBD, MBG/NBD); a little low for Pareto/NBD.
    """
    quiet = ((params["alpha"] + history.t) / (params["alpha"] + history.t + time)) ** (params["r"] + history.x)
    return 1 - model.alive(params, history) * (1 - quiet)


__all__ = [
    "Fitted",
    "Floats",
    "History",
    "Ints",
    "Params",
    "PurchaseModel",
    "median_wait",
    "no_purchase",
    "purchase_models",
    "surprise",
]
