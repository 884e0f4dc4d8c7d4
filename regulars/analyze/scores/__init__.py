"""Shelf of scores: numbers about one customer that need all customers to be computed, so they are models and not folds.

A score is one file here. It is fitted on the trait table when the tick finds it due, its parameters are kept as a
numbered version, and applying them is a pure function of one customer's traits. So a score is live between two fits,
the same traits always give the same score, and a past one can be computed again from its version.

Takes: the trait table as columns. Gives: one value, its parts and a grade a customer, and a sentence that says why.
Never: reads the database, the clock or dice; looks at a customer's name.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.purchases import Floats, Ints
from regulars.kit.registry import Shelf


class TraitTable(msgspec.Struct, frozen=True, kw_only=True):
    """The traits a score asked for, as columns of equal length; not known is NaN. Money in cents, days as numbers."""

    as_of_day: int
    customers: Ints
    columns: dict[str, Floats]

    def __getitem__(self, trait: str) -> Floats:
        return self.columns[trait]

    def where(self, keep: NDArray[np.bool_]) -> TraitTable:
        """The rows that `keep` marks."""
        columns = {name: values[keep] for name, values in self.columns.items()}
        return TraitTable(as_of_day=self.as_of_day, customers=self.customers[keep], columns=columns)


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of the customers a model can judge; the others are left out, which means "not known"."""

    customers: Ints
    values: Floats
    """The headline number, higher is better; customers are ranked by it."""
    parts: Floats
    """(customers, len(score.parts)), in the order of `score.parts`."""
    grades: Ints
    """Positions in `score.grades`."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's stored score with the traits it came from: what `explain` reads."""

    as_of_day: int
    value: float
    parts: dict[str, float]
    grade: str
    traits: dict[str, float]


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What fitting gave: the parameters, and how far they are from the data they were fitted on."""

    params: Any
    customers: int
    error: float
    """In the measure that `score.error_measure` names; 0 is a perfect description."""


class Score(Protocol):
    """One model. Attributes are constants of the class; all methods are pure."""

    name: str
    title: str
    needs: tuple[str, ...]
    """Trait names, columns of the table that `fit` and `apply` get."""
    parts: tuple[str, ...]
    grades: tuple[str, ...]
    """What people call the levels, worst first. A change of grade is history; a change of value alone is not."""
    params_type: type[Any]
    """A frozen struct that JSON can carry."""
    refit_days: int
    window_days: int | None
    """How far back the traits look; None: everything ever."""
    error_measure: str

    def fit(self, table: TraitTable) -> Fit | None:
        """Parameters for this table, or None when there is too little to learn from."""
        ...

    def apply(self, params: Any, table: TraitTable) -> Scored:
        """Everybody's score under these parameters."""
        ...

    def explain(self, params: Any, row: Row) -> str:
        """One sentence: why this number."""
        ...


scores: Shelf[Score] = Shelf("score", __name__)

__all__ = ["Fit", "Floats", "Ints", "Row", "Score", "Scored", "TraitTable", "scores"]
