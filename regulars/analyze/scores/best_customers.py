"""Best customers: a declared composite of spend, frequency and evangelism.

Each component is the customer's standing among all buyers, 0 to 100: the part of them who have less. The value is
their mean by WEIGHTS. They are ours to declare and anybody's to change: the page weighs the same components otherwise.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

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
    money,
    scores,
)
from regulars.analyze.scores.evangelism import TRAITS as SPOKEN
from regulars.analyze.scores.evangelism import points
from regulars.analyze.traits import OfKeys

REFIT_DAYS = 7
MIN_CUSTOMERS = 20
WEIGHTS = {"spend": 60, "frequency": 25, "evangelism": 15}
GRADES = ("lowest fifth", "second lowest fifth", "middle fifth", "second highest fifth", "top fifth")
CUTS = 100


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """The cut points of a hundred equal parts, by component, and of the fifths of the composite."""

    spend: tuple[float, ...]
    frequency: tuple[float, ...]
    evangelism: tuple[float, ...]
    fifths: tuple[float, ...]


class BestCustomers:
    """Points, 0 to 100."""

    name = "best_customers"
    title = "Best customers"
    question = "Who are our best customers, by what they spend, how often they come and how they speak for us?"
    unit: Unit = "points"
    low: float = 0
    high: float | None = 100
    source = "A rule: 60% standing by spend, 25% by orders (both of 365 days), 15% by evangelism"
    needs: tuple[str, ...] = ("orders", "spend_365_cents", "orders_365", "last_order_day", "spend_cents", *SPOKEN)
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="spend", title="Spend", unit="points"),
        Part(name="frequency", title="Frequency", unit="points"),
        Part(name="evangelism", title="Evangelism", unit="points"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 7
    window_days: int | None = 365
    error_measure = "largest distance of a group of equal fifths from 20 % (ties share a fifth)"
    learns = False
    foresight = Foresight(
        outcome="what she spends", kind="amount", unit="cents", naive="the days since the latest order alone"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Cut points among buyers."""
        buyers = _buyers(table)
        if len(buyers.customers) < MIN_CUSTOMERS:
            return None
        at = np.arange(1, CUTS) / CUTS
        spend, frequency, spoken = (tuple(np.quantile(one, at).tolist()) for one in _measures(buyers))
        draft = Params(spend=spend, frequency=frequency, evangelism=spoken, fifths=())
        values = _standing(draft, buyers) @ _weights()
        fifths = np.quantile(values, (0.2, 0.4, 0.6, 0.8))
        shares = np.bincount(np.searchsorted(fifths, values, side="left"), minlength=5) / len(values)
        params = msgspec.structs.replace(draft, fifths=tuple(fifths.tolist()))
        return Fit(params=params, customers=len(values), error=float(np.abs(shares - 0.2).max()))

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Everybody with an order."""
        buyers = _buyers(table)
        parts = _standing(params, buyers)
        values = parts @ _weights()
        grades = np.searchsorted(params.fifths, values, side="left").astype(np.int64)
        return Scored(customers=buyers.customers, values=np.round(values, 1), parts=parts, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """Each component with its fact."""
        traits, parts = row.traits, row.parts
        spoken = sum(traits[name] for name in SPOKEN if traits[name] > 0)
        facts = {
            "spend": f"{money(traits['spend_365_cents'])} in 365 days",
            "frequency": f"{counted(traits['orders_365'], 'order')} in 365 days",
            "evangelism": f"spoke for us {counted(spoken, 'time')}",
        }
        said = "; ".join(
            f"{fact}, ahead of {parts[name]:.0f}% (counts {WEIGHTS[name]}%)" for name, fact in facts.items()
        )
        return f"{row.value:.1f} of 100 points: {said}."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """What she spent."""
        return np.nan_to_num(after["spend_cents"])

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """Points are no amount of money."""
        return None

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Recency alone."""
        return table["last_order_day"]


def _weights() -> Floats:
    weights = np.array(list(WEIGHTS.values()), dtype=np.float64)
    return weights / weights.sum()


def _standing(params: Params, buyers: TraitTable) -> Floats:
    cuts = (params.spend, params.frequency, params.evangelism)
    ahead = [np.searchsorted(c, m, side="left") for c, m in zip(cuts, _measures(buyers), strict=True)]
    return np.floor(np.stack(ahead, axis=1) * (100 / (CUTS - 1))).astype(np.float64)


def _measures(buyers: TraitTable) -> tuple[Floats, Floats, Floats]:
    return np.nan_to_num(buyers["spend_365_cents"]), np.nan_to_num(buyers["orders_365"]), points(buyers)


def _buyers(table: TraitTable) -> TraitTable:
    return table.where((table["orders"] > 0) & ~np.isnan(table["last_order_day"]))


scores.add(BestCustomers.name)(BestCustomers())
