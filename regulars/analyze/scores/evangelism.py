"""Evangelism: how much a customer speaks for the brand, by referrals, reviews, mentions and recommendations.

A rule: points for what she did, by how much it costs her and how far it carries. `points` is what the composite of
best customers reads, too.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.scores import Fit, Floats, Foresight, Lesson, Part, Row, Scored, TraitTable, Unit, counted, scores
from regulars.analyze.traits import OfKeys

REFIT_DAYS = 28
MIN_CUSTOMERS = 5
POINTS = {"referrals": 5, "good_reviews": 2, "mentions": 2, "recommendations": 1}
WORDS = {"referrals": "referral", "good_reviews": "good review", "mentions": "mention", "recommendations": "share"}
GRADES = ("silent", "has spoken", "speaks for us", "evangelist")
# From so many points on she speaks for us, and is an evangelist.
EDGES = (1, 4, 10)
TRAITS: tuple[str, ...] = tuple(POINTS)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual: the part of customers who ever spoke, and their mean points."""

    speakers: float
    usual: float


class Evangelism:
    """Points."""

    name = "evangelism"
    title = "Evangelism"
    question = "How much does she speak for us?"
    unit: Unit = "points"
    low: float = 0
    high: float | None = None
    source = (
        "A rule: 5 points a referral that became a customer, 2 a review of four stars or more, 2 a mention, 1 a share"
    )
    needs: tuple[str, ...] = ("orders", *TRAITS)
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="referrals", title="Referrals"),
        Part(name="good_reviews", title="Good reviews"),
        Part(name="mentions", title="Mentions"),
        Part(name="recommendations", title="Products shared"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 28
    window_days: int | None = None
    error_measure = "none: a rule describes itself"
    learns = False
    foresight = Foresight(
        outcome="whether she speaks for us again", kind="yes", unit="share", naive="the number of her orders"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """What is usual among buyers."""
        buyers = _buyers(table)
        if len(buyers.customers) < MIN_CUSTOMERS:
            return None
        found = points(buyers)
        spoke = found > 0
        usual = float(found[spoke].mean()) if spoke.any() else 0.0
        params = Params(speakers=round(float(spoke.mean()), 4), usual=round(usual, 2))
        return Fit(params=params, customers=len(buyers.customers), error=0.0)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Everybody with an order; who never spoke has 0."""
        buyers = _buyers(table)
        values = points(buyers)
        parts = np.stack([np.nan_to_num(buyers[name]) for name in TRAITS], axis=1)
        grades = np.searchsorted(EDGES, values, side="right").astype(np.int64)
        return Scored(customers=buyers.customers, values=values, parts=parts, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """What she did."""
        did = [counted(row.parts[name], WORDS[name]) for name in TRAITS if row.parts[name]]
        usual = f"{params.speakers:.1%} of customers ever spoke, with {params.usual:.1f} points on average"
        return f"{counted(row.value, 'point')}: {', '.join(did) or 'nothing said for us yet'}; {usual}."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """1: she did any of it."""
        return (points(after) > 0).astype(np.float64)

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """Points are no chance."""
        return None

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Who buys most speaks first."""
        return table["orders"]


def points(table: TraitTable) -> Floats:
    """Points of each row."""
    return np.sum([np.nan_to_num(table[name]) * worth for name, worth in POINTS.items()], axis=0)


def _buyers(table: TraitTable) -> TraitTable:
    return table.where(table["orders"] > 0)


scores.add(Evangelism.name)(Evangelism())
