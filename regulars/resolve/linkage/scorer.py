"""Our own scorer of a model that Splink wrote: one pair, a batch of a million or a partition of Spark by the same code.

A model is JSON: comparisons, each a list of levels with a condition in SQL and two chances. We read the conditions
with SQLGlot and evaluate them over columns of numbers, so that a text that stands in many pairs is compared once as a
number; only spelling that is nearly alike looks at letters. A pair's weight in bits is

    log2(prior odds) + sum over comparisons of log2(m / u) + rarity, log2(u of the level / frequency of the value)

in the order in which Splink adds, so that both give the same number. Conditions are never negated: with that, a value
that is not known makes a condition not hold, as in SQL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp
from sqlglot.errors import SqlglotError

from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import written
from regulars.resolve.linkage.conditions import (
    UNKNOWN,
    Condition,
    Numbers,
    Pairs,
    Rows,
    Side,
    columns,
    compared,
    compile_one,
)

CHANCE_MIN = 1e-300
# How common values are stands in a file beside the model's, of this name.
TERMS_SUFFIX = ".terms.parquet"
READ_FIX = "Name the JSON that a training wrote"
MODELS_KEPT = 4
"""Models that stay ready to be asked: a run asks for its own again and again."""


class Level(NamedTuple):
    """One level of a comparison, ready to be asked."""

    words: str
    holds: Condition | None
    """None: when no other does."""
    weight_bits: float
    rarity: str
    """Column whose frequency counts."""
    rarity_weight: float
    rarity_floor: float
    usual_bits: float
    """log2 of the chance that the frequency replaces."""


class Comparison(NamedTuple):
    """One comparison."""

    name: str
    levels: tuple[Level, ...]


class Model(NamedTuple):
    """All that a score needs."""

    version: str
    prior_bits: float
    comparisons: tuple[Comparison, ...]
    compared: tuple[frozenset[str], ...]
    """Columns whose values must be numbered alike."""
    columns: frozenset[str]
    rare: frozenset[str]
    """Columns whose rarity counts."""


class Scored(NamedTuple):
    """Weights of pairs, in their order."""

    bits: Numbers
    levels: NDArray[np.int8]
    """By pair and comparison: which level held."""
    parts: Numbers
    """By pair and comparison: what it added."""


def load(path: Path) -> Model:
    """The model in this file. Raises LinkRefused where it is none, or asks for what we do not know."""
    try:
        body = path.read_bytes()
    except OSError as fault:
        raise LinkRefused(f"The model {path.name} cannot be read: {fault.strerror}", READ_FIX) from None
    return read(body, path.name)


@lru_cache(MODELS_KEPT)
def read(body: bytes, name: str = "model") -> Model:
    """The same of its text."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise LinkRefused(f"The model {name} cannot be read: {fault}", READ_FIX) from None
    return compiled(data, name)


def compiled(data: Any, name: str = "model") -> Model:
    """A model of Splink's settings, as read from JSON. Raises LinkRefused that names the comparison at fault."""
    try:
        told = written.checked(data)
        parts = [_comparison(each) for each in told.comparisons]
    except ValueError as fault:
        raise LinkRefused(
            f"{name} is no model that can be used: {fault}",
            "Train it here with --train, or by Splink 4 or 5 for DuckDB",
        ) from None
    made = tuple(comparison for comparison, _ in parts)
    trees = [tree for _, some in parts for tree in some]
    rare = frozenset(level.rarity for each in made for level in each.levels if level.rarity)
    prior = told.probability_two_random_records_match
    return Model(told.linker_uid, math.log2(prior / (1 - prior)), made, compared(trees), columns(trees) | rare, rare)


def score(model: Model, pairs: Pairs) -> Scored:
    """Weights in bits, what each comparison added, and by which level."""
    count = len(pairs.left.rows)
    bits = np.full(count, model.prior_bits)
    levels = np.zeros((count, len(model.comparisons)), np.int8)
    parts = np.zeros((count, len(model.comparisons)))
    for place, comparison in enumerate(model.comparisons):
        open_rows: Rows = np.arange(count)
        for number, level in enumerate(comparison.levels):
            if not len(open_rows):
                break
            truth = np.ones(len(open_rows), np.bool_) if level.holds is None else level.holds(pairs, open_rows)
            held, open_rows = open_rows[truth], open_rows[~truth]
            levels[held, place] = number
            rarity = _rarity(level, pairs, held)
            parts[held, place] = level.weight_bits + rarity
            # In two steps, as Splink adds: a sum of numbers depends on their order.
            bits[held] = (bits[held] + level.weight_bits) + rarity
    return Scored(bits, levels, parts)


def probability(bits: Numbers) -> Numbers:
    """The chance that these are one person."""
    small = np.exp2(-np.abs(bits))
    return np.where(bits >= 0, 1.0 / (1.0 + small), small / (1.0 + small))


def _rarity(level: Level, pairs: Pairs, rows: Rows) -> Numbers | float:
    if not level.rarity or not level.rarity_weight:
        return 0.0
    found = [_frequencies(side, level.rarity, rows) for side in (pairs.left, pairs.right)]
    known = np.maximum(np.maximum(found[0], found[1]), 0)
    with np.errstate(divide="ignore"):
        told = level.rarity_weight * (level.usual_bits - np.log2(np.maximum(known, level.rarity_floor)))
    return np.where(known > 0, told, 0.0)


def _frequencies(side: Side, name: str, rows: Rows) -> Numbers:
    column = side.columns[name]
    codes = column.codes[side.rows[rows]]
    return (
        np.where(codes == UNKNOWN, 0.0, column.frequencies[codes]) if len(column.frequencies) else np.zeros(len(rows))
    )


def _comparison(data: written.Comparison) -> tuple[Comparison, list[exp.Expr]]:
    """Ready to be asked, and its conditions as they were read. Raises ValueError that names it."""
    name, levels = data.output_column_name, data.comparison_levels
    try:
        trees = [None if level.is_else else sqlglot.parse_one(level.sql_condition, read="duckdb") for level in levels]
        made = Comparison(name, tuple(_level(*each, trees, levels) for each in zip(levels, trees, strict=True)))
    except RecursionError:
        raise ValueError(f"comparison '{name}': a condition has too many brackets") from None
    except (ValueError, SqlglotError) as fault:
        raise ValueError(f"comparison '{name}': {str(fault).splitlines()[0]}") from None
    return made, [tree for tree in trees if tree is not None]


def _level(
    data: written.Level, tree: exp.Expr | None, trees: Sequence[exp.Expr | None], among: Sequence[written.Level]
) -> Level:
    is_told = not data.is_null_level
    rarity = (data.tf_adjustment_column or "") if is_told and tree else ""
    return Level(
        words=data.label_for_charts or "",
        holds=compile_one(tree) if tree else None,
        weight_bits=math.log2(_chance(data.m_probability) / _chance(data.u_probability)) if is_told else 0.0,
        rarity=rarity,
        rarity_weight=data.tf_adjustment_weight,
        rarity_floor=data.tf_minimum_u_value,
        usual_bits=math.log2(_chance(_usual(rarity, data, trees, among))) if rarity else 0.0,
    )


def _usual(
    rarity: str, data: written.Level, trees: Sequence[exp.Expr | None], among: Sequence[written.Level]
) -> float | None:
    """The chance that two strangers have the same value: of the level that asks for just this."""
    if data.disable_tf_exact_match_detection:
        return data.u_probability
    for level, tree in zip(among, trees, strict=True):
        if tree and not level.is_null_level and tree.sql() == f'"{rarity}_l" = "{rarity}_r"':
            return level.u_probability
    raise ValueError(f"no level asks whether {rarity} is the same")


def _chance(told: float | None) -> float:
    """No chance is zero, or its weight would have no end."""
    assert told is not None, "checked when the model was read"
    return max(told, CHANCE_MIN)
