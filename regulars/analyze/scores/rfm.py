"""Recency, frequency and spend in fifths: who bought lately, often and for much, against everybody else.

A fifth is "how many of the four stored cut points lie below my value". So it is live between two fits, two customers
with the same value are always in the same fifth, and nobody moves because somebody else bought.
Source: Bult & Wansbeek, Marketing Science 14 (1995); the names of the groups are ours.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.scores import (
    Fit,
    Floats,
    Foresight,
    Ints,
    Lesson,
    Part,
    Row,
    Scored,
    TraitTable,
    Unit,
    counted,
    days_ago,
    money,
    scores,
)
from regulars.analyze.traits import OfKeys

FIFTHS = 5
MIN_CUSTOMERS = 5
REFIT_DAYS = 7

GRADES = ("lapsed", "at risk", "occasional", "steady", "new", "promising", "loyal", "best")

# (recency, frequency, spend) at least and at most; the first line that holds names the group.
GROUPS = (
    ("best", (4, 4, 4), (5, 5, 5)),
    ("loyal", (3, 4, 1), (5, 5, 5)),
    ("new", (5, 1, 1), (5, 1, 5)),
    ("promising", (4, 1, 1), (5, 3, 5)),
    ("at risk", (1, 3, 1), (2, 5, 5)),
    ("at risk", (1, 1, 4), (2, 5, 5)),
    ("lapsed", (1, 1, 1), (1, 2, 3)),
    ("steady", (3, 2, 1), (3, 3, 5)),
    ("occasional", (1, 1, 1), (5, 5, 5)),
)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Four rising cut points a measure. Recency is days since the last order: there few days are a high fifth."""

    recency_days: tuple[float, float, float, float]
    frequency: tuple[float, float, float, float]
    spend_cents: tuple[float, float, float, float]


class Rfm:
    """RFM fifths; the value is the three digits, 555 is best."""

    name = "rfm"
    title = "Recency, frequency, spend"
    question = "Who bought lately, often and for much?"
    unit: Unit = "digits"
    low: float = 111
    high: float | None = 555
    source = "Bult & Wansbeek, Marketing Science 14 (1995); the names of the groups are ours"
    needs: tuple[str, ...] = ("last_order_day", "orders", "spend_cents")
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="recency", title="Recency", unit="fifth"),
        Part(name="frequency", title="Frequency", unit="fifth"),
        Part(name="spend", title="Spend", unit="fifth"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 1
    window_days: int | None = None
    error_measure = "largest distance of a group of equal fifths from 20 % (ties share a fifth)"
    learns = False
    foresight = Foresight(
        outcome="what she spends", kind="amount", unit="cents", naive="the days since the latest order alone"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Cut points such that each fifth holds a fifth of the buyers, as far as ties allow."""
        buyers = _buyers(table)
        if len(buyers.customers) < MIN_CUSTOMERS:
            return None
        measures = _measures(buyers)
        cuts = [cut_points(measure) for measure in measures]
        error = max(_imbalance(fifths(m, cut)) for m, cut in zip(measures, cuts, strict=True))
        # Recency is cut as minus days; kept as days, rising.
        recency = tuple(float(-cut) for cut in cuts[0][::-1])
        params = Params(recency_days=recency, frequency=tuple(cuts[1]), spend_cents=tuple(cuts[2]))  # pyright: ignore[reportArgumentType]
        return Fit(params=params, customers=len(buyers.customers), error=error)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Fifths of everybody with at least one order."""
        buyers = _buyers(table)
        recency, frequency, spend = _measures(buyers)
        parts = np.stack(
            [
                fifths(recency, [-cut for cut in params.recency_days[::-1]]),
                fifths(frequency, params.frequency),
                fifths(spend, params.spend_cents),
            ],
            axis=1,
        )
        values = (parts @ np.array([100, 10, 1])).astype(np.float64)
        return Scored(customers=buyers.customers, values=values, parts=parts.astype(np.float64), grades=group(parts))

    def explain(self, params: Params, row: Row) -> str:
        """The three facts with their fifths."""
        ordered = f"{counted(row.traits['orders'], 'order')} ({_fifth(row.parts['frequency'])} by frequency)"
        spent = f"{money(row.traits['spend_cents'])} ({_fifth(row.parts['spend'])} by spend)"
        ago = days_ago(row.as_of_day - row.traits["last_order_day"])
        since = f"last order {ago} ({_fifth(row.parts['recency'])} by recency)"
        return f"{row.grade.capitalize()}: {since}, {ordered}, {spent}."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """What she spent."""
        return np.nan_to_num(after["spend_cents"])

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """Fifths say who is ahead, and not by how much."""
        return None

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Recency alone."""
        return table["last_order_day"]


def cut_points(values: Floats) -> list[float]:
    """The largest value of each of the lower four fifths; ties may make neighbors equal, then a fifth stays empty."""
    ordered = np.sort(values)
    return [float(ordered[-(-len(ordered) * fifth // FIFTHS) - 1]) for fifth in range(1, FIFTHS)]


def fifths(values: Floats, cuts: Any) -> Ints:
    """1 for the lowest fifth to 5 for the highest: one more than the cut points that lie below the value."""
    return 1 + np.searchsorted(np.asarray(cuts, dtype=np.float64), values, side="left").astype(np.int64)


def group(parts: Ints) -> Ints:
    """The group of each (recency, frequency, spend), as positions in GRADES."""
    lows = np.array([low for _, low, _ in GROUPS])
    highs = np.array([high for _, _, high in GROUPS])
    holds = ((parts[:, None, :] >= lows) & (parts[:, None, :] <= highs)).all(axis=2)
    names = np.array([GRADES.index(name) for name, _, _ in GROUPS])
    return names[holds.argmax(axis=1)]


def _buyers(table: TraitTable) -> TraitTable:
    # A refund without its order can leave a customer with money and no purchase: nothing to rank.
    return table.where((table["orders"] > 0) & ~np.isnan(table["last_order_day"]))


def _measures(buyers: TraitTable) -> tuple[Floats, Floats, Floats]:
    recency = buyers["last_order_day"] - buyers.as_of_day
    return recency, buyers["orders"], np.nan_to_num(buyers["spend_cents"])


def _imbalance(parts: Ints) -> float:
    shares = np.bincount(parts, minlength=FIFTHS + 1)[1:] / len(parts)
    return float(np.abs(shares - 1 / FIFTHS).max())


def _fifth(part: float) -> str:
    return ("lowest fifth", "second lowest fifth", "middle fifth", "second highest fifth", "highest fifth")[
        round(part) - 1
    ]


scores.add(Rfm.name)(Rfm())
