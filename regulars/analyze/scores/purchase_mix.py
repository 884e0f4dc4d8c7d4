"""Purchase-type mix: what a customer comes for, by the kinds of her baskets.

The kinds are rules about one order, so their counts are folds: a stock-up has more than 15 pieces, a top-up 4 to 15;
up to 3 pieces are a treat where they cost more than 15 in the brand's money, a grab where they do not. Shares of few
orders are shrunk toward everybody's (`credibility`), all kinds alike, so that they still add up to one.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.credibility import shrunk, strength
from regulars.analyze.scores import Fit, Floats, Foresight, Lesson, Part, Row, Scored, TraitTable, Unit, counted, scores
from regulars.analyze.traits import OfKeys

REFIT_DAYS = 28
MIN_CUSTOMERS = 20
KINDS: tuple[str, ...] = ("grabs", "treats", "top_ups", "stock_ups")
GRADES = ("grabs", "treats", "top-ups", "stock-ups")


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's shares in the order of KINDS, and for how many orders they count."""

    everybody: tuple[float, ...]
    strength: float


class PurchaseMix:
    """The part of stock-ups; the grade is the kind that she is most over everybody in."""

    name = "purchase_mix"
    title = "Purchase types"
    question = "What does she come for: to stock up, to top up, for a treat or a quick grab?"
    unit: Unit = "share"
    low: float = 0
    high: float | None = 1
    source = "A rule over one basket; Bühlmann, ASTIN Bulletin 4 (1967), for few baskets"
    needs: tuple[str, ...] = ("orders", *KINDS)
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="grabs", title="Grabs", unit="share"),
        Part(name="treats", title="Treats", unit="share"),
        Part(name="top_ups", title="Top-ups", unit="share"),
        Part(name="stock_ups", title="Stock-ups", unit="share"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 28
    window_days: int | None = None
    error_measure = "largest difference between the mean of the shrunk shares and that of the shares as they are"
    learns = False
    foresight = Foresight(
        outcome="which part of her orders then are stock-ups",
        kind="amount",
        unit="share",
        naive="the part of stock-ups as it stands, however few her orders",
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Everybody's shares, and how far they count."""
        buyers = _buyers(table)
        if len(buyers.customers) < MIN_CUSTOMERS:
            return None
        own, orders = _shares(buyers), buyers["orders"]
        everybody = np.average(own, axis=0, weights=orders)
        strong = strength(((own - everybody) ** 2).sum(axis=1), orders)
        after = shrunk(own, orders[:, None], everybody, strong)
        error = float(np.abs(after.mean(axis=0) - own.mean(axis=0)).max())
        params = Params(everybody=tuple(everybody.tolist()), strength=strong)
        return Fit(params=params, customers=len(own), error=error)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """The mix of everybody with an order."""
        buyers = _buyers(table)
        everybody = np.array(params.everybody)
        parts = np.round(shrunk(_shares(buyers), buyers["orders"][:, None], everybody, params.strength), 4)
        grades = np.argmax(parts - everybody, axis=1).astype(np.int64)
        return Scored(customers=buyers.customers, values=parts[:, KINDS.index("stock_ups")], parts=parts, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """How many of each kind, and which one stands out."""
        found = {name: row.traits[name] for name in KINDS}
        said = ", ".join(counted(found[name], name[:-1].replace("_", "-")) for name in KINDS if found[name] > 0)
        kind = KINDS[GRADES.index(row.grade)]
        usual = params.everybody[KINDS.index(kind)]
        return f"{said}: more {row.grade} than others have ({row.parts[kind]:.0%} to {usual:.0%})."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """The part of stock-ups; not known of somebody who bought nothing."""
        bought = np.nan_to_num(after["orders"])
        return np.where(bought > 0, np.nan_to_num(after["stock_ups"]) / np.maximum(bought, 1), np.nan)

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """The shrunk part."""
        return scored.values

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """The part without shrinking."""
        return np.nan_to_num(table["stock_ups"]) / table["orders"]


def _shares(buyers: TraitTable) -> Floats:
    return np.nan_to_num(np.stack([buyers[name] for name in KINDS], axis=1)) / buyers["orders"][:, None]


def _buyers(table: TraitTable) -> TraitTable:
    return table.where(table["orders"] > 0)


scores.add(PurchaseMix.name)(PurchaseMix())
