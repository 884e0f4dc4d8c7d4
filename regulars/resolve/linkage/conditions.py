"""Conditions of a model, from SQL to functions over numbered columns. Pure.

Known are: a column of one side equal or not equal to one of the other, `is null`, likeness by Jaro and Winkler,
distance by Levenshtein and by Damerau and Levenshtein, `and`, `or`. Nothing is negated.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (rapidfuzz' batch functions have no types.)

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein
from sqlglot import exp

Rows = NDArray[np.int64]
Truths = NDArray[np.bool_]
Numbers = NDArray[np.float64]
UNKNOWN = -1


class Column(NamedTuple):
    """One column of many records: which of `values` each record has; UNKNOWN: none."""

    codes: NDArray[np.int32]
    values: NDArray[np.object_]
    frequencies: Numbers
    """Of each value among all records, 0 where nobody counted."""


class Side(NamedTuple):
    """The records on one side of the pairs: record `rows[i]` of these columns is in pair i."""

    columns: Mapping[str, Column]
    rows: Rows


class Pairs(NamedTuple):
    """Pairs of records. Columns that are compared with each other number their values alike."""

    left: Side
    right: Side
    told: dict[str, NDArray[Any]] | None
    """What all of them answered to each question so far, where they are few; None: many, and each asked on its own."""

    @classmethod
    def of(cls, left: Side, right: Side) -> Pairs:
        """Nothing asked yet."""
        return cls(left, right, {} if len(left.rows) <= FEW_PAIRS else None)

    def side(self, name: str) -> tuple[str, Side]:
        """Column and side of a name in a condition: `first_name_l`."""
        column, _, mark = name.rpartition("_")
        return column, self.left if mark == "l" else self.right


Condition = Callable[[Pairs, Rows], Truths]
ORDERS: Mapping[type[exp.Expr], Callable[[Any, float], Truths]] = {
    exp.GTE: operator.ge,
    exp.GT: operator.gt,
    exp.LTE: operator.le,
    exp.LT: operator.lt,
}
# Beside the function and its type: the orders by which a bound asks for likeness.
MEASURES: Mapping[str, tuple[Any, Any, tuple[Callable[..., Any], ...]]] = {
    "jaro_winkler_similarity": (JaroWinkler.similarity, np.float64, (operator.ge, operator.gt)),
    "levenshtein": (Levenshtein.distance, np.int32, (operator.le, operator.lt)),
    "damerau_levenshtein": (DamerauLevenshtein.distance, np.int32, (operator.le, operator.lt)),
}
# Up to here a question costs the same for all of them as for some: each is asked of all, and once.
FEW_PAIRS = 2_000
WORKERS = 2
BOUND_MAX = 1_000
"""Slips that a condition may allow."""


def compile_one(node: exp.Expr) -> Condition:
    """A condition as a function of pairs: which of these rows it holds for. Raises ValueError for what is not known."""
    return compile_one(node.this) if isinstance(node, exp.Paren) else _once(node.sql(), _compiled(node))


def _once(words: str, holds: Condition) -> Condition:
    """A model asks the same again and again: few pairs answer all at once, and what they said is remembered."""

    def remembered(pairs: Pairs, rows: Rows) -> Truths:
        if pairs.told is None:
            return holds(pairs, rows)
        if words not in pairs.told:
            pairs.told[words] = holds(pairs, np.arange(len(pairs.left.rows)))
        return pairs.told[words][rows]

    return remembered


def _compiled(node: exp.Expr) -> Condition:
    if isinstance(node, exp.And | exp.Or):
        return _joined(compile_one(node.left), compile_one(node.right), isinstance(node, exp.And))
    if isinstance(node, exp.Is) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Null):
        return _is_unknown(node.this.name)
    if isinstance(node, exp.EQ | exp.NEQ) and isinstance(node.left, exp.Column) and isinstance(node.right, exp.Column):
        return _same(node.left.name, node.right.name, isinstance(node, exp.EQ))
    if type(node) in ORDERS and isinstance(node, exp.Binary) and (asked := _asked(node.left)):
        bound = float(node.right.name)
        if 0 <= bound <= BOUND_MAX:
            return _measured(*asked, ORDERS[type(node)], bound)
    raise ValueError(f"the condition {node.sql('duckdb')} is not one we know")


def compared(trees: Sequence[exp.Expr]) -> tuple[frozenset[str], ...]:
    """Columns that are compared with each other, whose values must be numbered alike."""
    groups: list[set[str]] = []
    for tree in trees:
        for node in tree.find_all(exp.EQ, exp.NEQ):
            names = {column.name[:-2] for column in node.find_all(exp.Column)}
            met = [group for group in groups if group & names]
            groups = [group for group in groups if not group & names] + [names.union(*met)]
    return tuple(frozenset(group) for group in groups if len(group) > 1)


def columns(trees: Sequence[exp.Expr]) -> frozenset[str]:
    """All columns that conditions ask for."""
    return frozenset(column.name[:-2] for tree in trees for column in tree.find_all(exp.Column))


def _joined(one: Condition, other: Condition, is_and: bool) -> Condition:
    """The second is asked only where the first leaves it open: put first what is cheap."""

    def holds(pairs: Pairs, rows: Rows) -> Truths:
        truth = one(pairs, rows)
        is_open = truth if is_and else ~truth
        if not is_open.any():
            return truth
        truth = truth.copy()
        truth[is_open] = other(pairs, rows[is_open])
        return truth

    return holds


def _is_unknown(name: str) -> Condition:
    def holds(pairs: Pairs, rows: Rows) -> Truths:
        return _codes(pairs, name, rows) == UNKNOWN

    return holds


def _same(one: str, other: str, is_same: bool) -> Condition:
    def holds(pairs: Pairs, rows: Rows) -> Truths:
        left, right = _codes(pairs, one, rows), _codes(pairs, other, rows)
        return (left != UNKNOWN) & (right != UNKNOWN) & ((left == right) == is_same)

    return holds


def _measured(measure: str, one: str, other: str, order: Callable[[Any, float], Truths], bound: float) -> Condition:
    scorer, type_, near = MEASURES[measure]
    cutoff = bound if order in near else None
    name = f"{measure} {one} {other}"

    def found(pairs: Pairs, places: Rows, codes: Sequence[NDArray[np.int32]]) -> NDArray[Any]:
        values = [pairs.side(end)[1].columns[end[:-2]].values for end in (one, other)]
        # What cannot reach the bound is given up early: most pairs are far from alike. Of few pairs every bound asks.
        return process.cpdist(
            values[0][codes[0][places]],
            values[1][codes[1][places]],
            scorer=scorer,
            dtype=type_,
            score_cutoff=cutoff if pairs.told is None else None,
            workers=WORKERS if pairs.told is None else 1,
        )

    def holds(pairs: Pairs, rows: Rows) -> Truths:
        codes = [_codes(pairs, one, rows), _codes(pairs, other, rows)]
        known = np.flatnonzero((codes[0] != UNKNOWN) & (codes[1] != UNKNOWN))
        likeness = (pairs.told or {}).get(name)
        if likeness is None:
            likeness = found(pairs, known, codes)
            if pairs.told is not None:
                pairs.told[name] = likeness
        truth = np.zeros(len(rows), np.bool_)
        truth[known] = order(likeness, bound)
        return truth

    return holds


def _codes(pairs: Pairs, name: str, rows: Rows) -> NDArray[np.int32]:
    column, side = pairs.side(name)
    codes = side.columns[column].codes
    if pairs.told is None:
        return codes[side.rows[rows]]
    # Few pairs are asked all together, in their order.
    if name not in pairs.told:
        pairs.told[name] = codes[side.rows]
    return pairs.told[name]


def _asked(node: exp.Expr) -> tuple[str, str, str] | None:
    """Measure and columns of a call; None if it is none that we know."""
    named: dict[type[exp.Expr], str] = {
        exp.JarowinklerSimilarity: "jaro_winkler_similarity",
        exp.Levenshtein: "levenshtein",
    }
    name = named.get(type(node)) or (node.name if isinstance(node, exp.Anonymous) else "")
    given = node.expressions if isinstance(node, exp.Anonymous) else [node.this, node.expression]
    if name not in MEASURES or len(given) != 2 or not all(isinstance(each, exp.Column) for each in given):
        return None
    return name, given[0].name, given[1].name
