"""Dependence: how much of what a customer buys hangs on one practice of the brand, such as discounts. Pure.

Her own share over few orders is mostly chance, so it is shrunk toward everybody's (`credibility`): one discounted
basket makes nobody a bargain hunter. A score of this kind is an instance, in a file of its own on the shelf.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.credibility import shrunk, strength
from regulars.analyze.scores import (
    Fit,
    Floats,
    Foresight,
    Lesson,
    Part,
    Row,
    Scored,
    TraitTable,
    Unit,
    counted,
)
from regulars.analyze.traits import OfKeys

MIN_CUSTOMERS = 20
REFIT_DAYS = 28
GRADES = ("hardly", "less than most", "more than most", "strongly")


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's share, for how many orders it counts, and the quarters of the shares after that."""

    everybody: float
    strength: float
    quarters: tuple[float, float, float]


class Dependence:
    """A share of what she buys, shrunk; graded by quarters of the base."""

    unit: Unit = "share"
    low: float = 0
    high: float | None = 1
    source = "Bühlmann, ASTIN Bulletin 4 (1967): her own share by her orders, everybody's by the spread between them"
    cells: OfKeys | None = None
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 28
    window_days: int | None = None
    error_measure = "mean of the shrunk shares against that of the shares as they are, as a difference"
    learns = False

    def __init__(self, name: str, title: str, question: str, share: str, what: str) -> None:
        """`share` is the trait; `what` it is a share of, as in "31% of her spend was WHAT"."""
        self.name, self.title, self.question = name, title, question
        self._share, self._what = share, what
        self.needs: tuple[str, ...] = ("orders", share)
        self.parts: tuple[Part, ...] = (
            Part(name="own_share", title="Her own share", unit="share"),
            Part(name="everybody", title="Everybody's share", unit="share"),
            Part(name="own_weight", title="Weight of her own", unit="share"),
        )
        self.foresight = Foresight(
            outcome=f"how much of what she then buys is {what}",
            kind="amount",
            unit="share",
            naive="her share as it stands, however few her orders",
        )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Everybody's mean, and how far it counts."""
        buyers = self._buyers(table)
        own, orders = buyers[self._share], buyers["orders"]
        if len(own) < MIN_CUSTOMERS:
            return None
        everybody = float(np.average(own, weights=orders))
        strong = strength((own - everybody) ** 2, orders)
        after = shrunk(own, orders, everybody, strong)
        low, middle, high = np.quantile(after, (0.25, 0.5, 0.75)).tolist()
        params = Params(everybody=everybody, strength=strong, quarters=(low, middle, high))
        return Fit(params=params, customers=len(own), error=abs(float(after.mean() - own.mean())))

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Everybody whose share is known."""
        buyers = self._buyers(table)
        own, orders = buyers[self._share], buyers["orders"]
        values = np.round(shrunk(own, orders, params.everybody, params.strength), 4)
        weight = orders / (orders + params.strength)
        parts = np.stack([np.round(own, 4), np.full(len(own), round(params.everybody, 4)), np.round(weight, 4)], axis=1)
        grades = np.searchsorted(params.quarters, values, side="left").astype(np.int64)
        return Scored(customers=buyers.customers, values=values, parts=parts, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """Her share, everybody's, and what is to be expected of her."""
        orders = counted(row.traits["orders"], "order")
        own, everybody = row.parts["own_share"], row.parts["everybody"]
        return (
            f"{own:.1%} of what was bought in {orders} was {self._what}, of everybody's {everybody:.1%};"
            f" with so many orders the own share counts {row.parts['own_weight']:.0%}, which makes {row.value:.1%}."
        )

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """The share of what she bought then; not known of somebody who bought nothing."""
        return after[self._share]

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """The shrunk share."""
        return scored.values

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """The share without shrinking."""
        return table[self._share]

    def _buyers(self, table: TraitTable) -> TraitTable:
        return table.where((table["orders"] > 0) & (table[self._share] >= 0) & (table[self._share] <= 1))
