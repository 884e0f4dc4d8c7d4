"""Shelf of scores: numbers about one customer that need all customers to be computed, so they are models and not folds.

A score is one file here. It is fitted on the trait table when the tick finds it due, its parameters are kept as a
numbered version, and applying them is a pure function of one customer's traits. So a score is live between two fits,
the same traits always give the same score, and a past one can be computed again from its version.

A score also says what it should foretell. Traits are folds, so the lake gives them as of a past day, and folded again
over the facts since then: the score is fitted and applied as if it were that day, and what came after judges it.

Takes: the trait table as columns. Gives: one value, its parts and a grade a customer, and a sentence that says why.
Never: reads the database, the clock or dice; looks at a customer's name.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.purchases import Floats, Ints
from regulars.analyze.traits import OfKeys
from regulars.kit.registry import Shelf

Unit = Literal["", "cents", "share", "date", "days", "points", "times", "fifth", "digits"]
"""Of a value: a number, money, 0 to 1, a day number, days, points, so many times the base, 1 to 5, three digits."""


AHEAD_DAYS = 56
"""How far scores that speak of the time to come are judged, and churn is foretold: eight weeks."""


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by key, of the rows of a table: only those that are above 0."""

    keys: tuple[str, ...]
    rows: Ints
    """Positions in the table."""
    places: Ints
    """Positions in `keys`."""
    counts: Floats


class TraitTable(msgspec.Struct, frozen=True, kw_only=True):
    """The traits a score asked for, as columns of equal length; not known is NaN. Money in cents, days as numbers."""

    as_of_day: int
    customers: Ints
    """Rising."""
    columns: dict[str, Floats]
    cells: Cells | None = None
    """Of the key that `Score.cells` names."""

    def __getitem__(self, trait: str) -> Floats:
        return self.columns[trait]

    def where(self, keep: NDArray[np.bool_]) -> TraitTable:
        """The rows that `keep` marks."""
        columns = {name: values[keep] for name, values in self.columns.items()}
        cells = self.cells
        if cells is not None:
            kept = keep[cells.rows]
            moved = (np.cumsum(keep) - 1)[cells.rows[kept]]
            cells = Cells(keys=cells.keys, rows=moved, places=cells.places[kept], counts=cells.counts[kept])
        return TraitTable(as_of_day=self.as_of_day, customers=self.customers[keep], columns=columns, cells=cells)


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """Customers as of a past day, and what they did from then on: what the same traits are of the facts since."""

    before: TraitTable
    after: TraitTable
    """The same customers in the same order, folded over the days after `before.as_of_day` up to its own."""

    @property
    def days(self) -> int:
        """How long after."""
        return self.after.as_of_day - self.before.as_of_day


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of the customers a model can judge; the others are left out, which means "not known"."""

    customers: Ints
    values: Floats
    """The headline number; customers are ranked by it, highest first."""
    parts: Floats
    """(customers, len(score.parts)), in the order of `score.parts`; NaN where nobody can tell."""
    grades: Ints
    """Positions in `score.grades`."""
    labels: tuple[str, ...] = ()
    """A score whose answer is a word (her favorite category): the words there are."""
    label_of: Ints | None = None
    """Positions in `labels`; -1 where there is none."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score with the traits it came from: what `explain` reads."""

    as_of_day: int
    value: float
    parts: dict[str, float]
    grade: str
    traits: dict[str, float]
    label: str | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One number behind a value."""

    name: str
    title: str
    unit: Unit = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A way to fit that was judged on what it had not seen."""

    name: str
    title: str
    measure: str
    """What `value` is; higher is better."""
    value: float
    is_chosen: bool


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What fitting gave: the parameters, and how far they are from the data they were fitted on."""

    params: Any
    customers: int
    error: float
    """In the measure that `score.error_measure` names; 0 is a perfect description."""
    tried: tuple[Tried, ...] = ()


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What a score should know about the time to come, and the plain rule that it has to beat."""

    outcome: str
    """In words, of a customer: "whether she orders again"."""
    kind: Literal["yes", "amount"]
    """Did it happen (judged by the area under the curve), or how much (judged by the correlation of ranks)?"""
    unit: Unit = ""
    """Of the outcome."""
    naive: str
    """The rule without a model, in words."""


class Score(Protocol):
    """One model. Attributes are constants of the class; all methods are pure."""

    name: str
    title: str
    question: str
    """What a marketer asks, ended by a question mark."""
    unit: Unit
    low: float
    high: float | None
    """The value lies between these; None: no bound."""
    source: str
    """A paper, or the rule in a sentence."""
    needs: tuple[str, ...]
    """Trait names, columns of the table that `fit` and `apply` get."""
    cells: OfKeys | None
    """A trait by key whose counts stand in `table.cells`; None: no such."""
    parts: tuple[Part, ...]
    grades: tuple[str, ...]
    """What people call the levels, lowest value first. A change of grade is history; a change of value alone is not."""
    params_type: type[Any]
    """A frozen struct that JSON can carry."""
    refit_days: int
    every_days: int
    """How often everybody is scored anew; one customer is whenever somebody looks."""
    window_days: int | None
    """How far back the traits look; None: everything ever."""
    error_measure: str
    learns: bool
    """A fit needs a lesson for some of its parameters: it is fitted again after each back-test."""
    foresight: Foresight

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Any | None) -> Fit | None:
        """Parameters for this table, or None when there is too little to learn from.

        What only a lesson can teach is taken over from the `newest` parameters where there is none.
        """
        ...

    def apply(self, params: Any, table: TraitTable) -> Scored:
        """Everybody's score under these parameters."""
        ...

    def explain(self, params: Any, row: Row) -> str:
        """One sentence: why this number."""
        ...

    def outcome(self, params: Any, scored: Scored, after: TraitTable) -> Floats:
        """What came after, one entry a scored customer (1 or 0 for a yes or no); NaN where it cannot be said."""
        ...

    def foretold(self, params: Any, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """The same as it was to be expected over so many days; None: the score says who is ahead, not by how much."""
        ...

    def naive(self, params: Any, table: TraitTable, scored: Scored) -> Floats:
        """The plain rule's number, higher where more of the outcome is to be expected."""
        ...


scores: Shelf[Score] = Shelf("score", __name__)


def money(cents: float) -> str:
    """An amount in a sentence; the brand's own sign is put in by whoever shows it."""
    return f"${cents / 100:,.2f}"


def days_ago(days: float) -> str:
    """today, yesterday, 12 days ago."""
    whole = round(days)
    return "today" if whole <= 0 else "yesterday" if whole == 1 else f"{whole:,} days ago"


def counted(number: float, one: str, many: str = "") -> str:
    """1 order, 12 orders."""
    return f"{number:,.0f} {one if round(number) == 1 else many or one + 's'}"


__all__ = [
    "AHEAD_DAYS",
    "Cells",
    "Fit",
    "Floats",
    "Foresight",
    "Ints",
    "Lesson",
    "Part",
    "Row",
    "Score",
    "Scored",
    "TraitTable",
    "Tried",
    "Unit",
    "counted",
    "days_ago",
    "money",
    "scores",
]
