"""Category affinity: which category a customer over-buys against everybody, and by how much.

Of her n lines n_c are of category c, of everybody's the share m_c. Expected of her is (n_c + k m_c) / (n + k), with k
from how customers differ (`credibility`); its ratio to m_c is the lift. The largest lift alone would always be a rare
category bought once, so her category is the one with the most evidence: n_c * log(lift).
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.credibility import strength
from regulars.analyze.scores import (
    Cells,
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
    scores,
)
from regulars.analyze.traits import OfKeys, breadth, facts

REFIT_DAYS = 28
MIN_CUSTOMERS = 20
KEYS_MAX = 1_000
# A category that one product in a thousand belongs to is no taste one could plan with, however much she buys of it.
LEAST_SHARE = 0.001
GRADES = ("like everybody", "leaning", "fond", "devoted")
# Lifts from which she leans to it, is fond of it, and is devoted to it.
EDGES = (1.5, 3.0, 6.0)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's shares by category, the KEYS_MAX largest, and for how many lines they count."""

    everybody: dict[str, float]
    strength: float


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The category of each row that has one."""

    rows: Ints
    places: Ints
    """In `Params.everybody`."""
    lines: Floats
    expected: Floats
    lift: Floats


class CategoryAffinity:
    """The lift of her category; the label names it."""

    name = "category_affinity"
    title = "Category affinity"
    question = "Which category does she buy more than everybody does?"
    unit: Unit = "times"
    low: float = 0
    high: float | None = None
    source = "Lift against the base with shrinkage by Bühlmann, ASTIN Bulletin 4 (1967)"
    needs: tuple[str, ...] = ("orders",)
    cells: OfKeys | None = breadth(facts("Order Line", value="revenue_cents"), by="category")
    parts: tuple[Part, ...] = (
        Part(name="share", title="Part of her products", unit="share"),
        Part(name="everybody", title="Part of everybody's", unit="share"),
        Part(name="lines", title="Products of it bought"),
        Part(name="all_lines", title="Products bought"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 28
    window_days: int | None = None
    error_measure = "mean expected part of the categories people were found to over-buy, against the part as it is"
    learns = False
    foresight = Foresight(
        outcome="which part of what she then buys is of that category",
        kind="amount",
        unit="share",
        naive="the part of it as it stands, however little she bought",
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Everybody's shares, and how far they count."""
        cells = table.cells
        if cells is None or len(np.unique(cells.rows)) < MIN_CUSTOMERS:
            return None
        totals = _summed(cells.places, cells.counts, len(cells.keys))
        largest: list[int] = np.argsort(-totals, kind="stable")[:KEYS_MAX].tolist()
        everybody = {cells.keys[at]: float(totals[at] / totals.sum()) for at in sorted(largest) if totals[at]}
        own = _lines(table)
        share = totals / totals.sum()
        part = cells.counts / own[cells.rows]
        # The squared distance of all her shares from everybody's, without the many that are 0 on her side.
        apart = _summed(cells.rows, part**2 - 2 * part * share[cells.places], len(own)) + float(share @ share)
        strong = strength(apart[own > 0], own[own > 0])
        params = Params(everybody=everybody, strength=strong)
        chosen = _choose(params, table)
        bought = own[chosen.rows]
        error = abs(float((chosen.expected - chosen.lines / bought).mean())) if len(bought) else 0.0
        return Fit(params=params, customers=int((own > 0).sum()), error=error)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Everybody who bought something that is in a category."""
        chosen = _choose(params, table)
        names = tuple(params.everybody)
        shares = np.array([params.everybody[name] for name in names])
        own = _lines(table)[chosen.rows]
        expected = np.round(chosen.expected, 4)
        parts = np.stack([expected, np.round(shares[chosen.places], 5), chosen.lines, own], axis=1).astype(np.float64)
        return Scored(
            customers=table.customers[chosen.rows],
            values=np.round(chosen.lift, 2),
            parts=parts,
            grades=np.searchsorted(EDGES, chosen.lift, side="right").astype(np.int64),
            labels=names,
            label_of=chosen.places,
        )

    def explain(self, params: Params, row: Row) -> str:
        """Her part, everybody's, and the lift."""
        parts = row.parts
        bought = f"{counted(parts['lines'], 'product')} of {parts['all_lines']:,.0f} bought"
        return (
            f"{row.label}: {bought}, which makes {parts['share']:.1%} of what is to be expected;"
            f" of everybody it is {parts['everybody']:.2%}, so {row.value:.1f} times as much."
        )

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """The part of the same category; not known of somebody who bought nothing."""
        cells, own = after.cells, _lines(after)
        if cells is None or scored.label_of is None:
            return np.full(len(scored.customers), np.nan)
        place = {name: at for at, name in enumerate(scored.labels)}
        label = np.array([place.get(key, -1) for key in cells.keys], dtype=np.int64)[cells.places]
        same = label == scored.label_of[cells.rows]
        lines = _summed(cells.rows[same], cells.counts[same], len(own))
        return np.where(own > 0, lines / np.maximum(own, 1), np.nan)

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """The part that is to be expected."""
        return scored.parts[:, 0]

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """The part without shrinking."""
        return scored.parts[:, 2] / scored.parts[:, 3]


def _choose(params: Params, table: TraitTable) -> Chosen:
    """For each row with lines: the category that sets her apart from everybody the most."""
    names = {name: at for at, name in enumerate(params.everybody)}
    shares = np.array([*params.everybody.values(), 1.0])
    cells = table.cells or Cells(
        keys=(), rows=np.array([], np.int64), places=np.array([], np.int64), counts=np.array([])
    )
    known = np.array([names.get(key, -1) for key in cells.keys], dtype=np.int64)[cells.places]
    kept = (known >= 0) & (shares[known] >= LEAST_SHARE)
    rows, places, lines = cells.rows[kept], known[kept], cells.counts[kept]
    own = _lines(table)[rows]
    share = shares[places]
    expected = (lines + params.strength * share) / (own + params.strength)
    evidence = lines * np.log(expected / share)
    # Best first within each row; ties go to the first category.
    order = np.lexsort((places, -evidence, rows))
    first = np.unique(rows[order], return_index=True)[1]
    best = order[first]
    return Chosen(
        rows=rows[best],
        places=places[best],
        lines=lines[best],
        expected=expected[best],
        lift=expected[best] / share[best],
    )


def _lines(table: TraitTable) -> Floats:
    cells = table.cells
    if cells is None:
        return np.zeros(len(table.customers))
    return _summed(cells.rows, cells.counts, len(table.customers))


def _summed(places: Ints, counts: Floats, length: int) -> Floats:
    return np.bincount(places, counts, length).astype(np.float64)


scores.add(CategoryAffinity.name)(CategoryAffinity())
