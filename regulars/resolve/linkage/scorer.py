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
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import sqlglot
from numpy.typing import NDArray
from sqlglot.errors import SqlglotError

from regulars.resolve.errors import LinkRefused
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
        data = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as fault:
        raise LinkRefused(
            f"The model {path.name} cannot be read: {fault}", "Name the JSON that a training wrote"
        ) from None
    return compiled(data, path.name)


def compiled(data: Any, name: str = "model") -> Model:
    """A model of Splink's settings, as read from JSON. Raises LinkRefused."""
    try:
        prior = float(data["probability_two_random_records_match"])
        made = tuple(_comparison(each) for each in data["comparisons"])
        trees = [
            sqlglot.parse_one(level["sql_condition"], read="duckdb")
            for each in data["comparisons"]
            for level in each["comparison_levels"]
            if level["sql_condition"].strip().upper() != "ELSE"
        ]
        version = str(data.get("linker_uid", ""))
    except (KeyError, TypeError, ValueError, SqlglotError) as fault:
        raise LinkRefused(
            f"{name} is no model that can be used: {type(fault).__name__} {fault}",
            "Train it here with --train, or by Splink 4 or 5 for DuckDB",
        ) from None
    rare = frozenset(level.rarity for each in made for level in each.levels if level.rarity)
    return Model(version, math.log2(prior / (1 - prior)), made, compared(trees), columns(trees) | rare, rare)


def score(model: Model, pairs: Pairs) -> Scored:
    """Weights in bits, what each comparison added, and by which level."""
    count = len(pairs.left.rows)
    bits = np.full(count, model.prior_bits)
    levels = np.zeros((count, len(model.comparisons)), np.int8)
    parts = np.zeros((count, len(model.comparisons)))
    for place, comparison in enumerate(model.comparisons):
        open_rows: Rows = np.arange(count)
        for number, level in enumerate(comparison.levels):
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
    found = [_frequencies(side, level.rarity, rows) for side in pairs]
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


def _comparison(data: Any) -> Comparison:
    levels = data["comparison_levels"]
    return Comparison(str(data["output_column_name"]), tuple(_level(level, levels) for level in levels))


def _level(data: Any, among: Sequence[Any]) -> Level:
    condition = data["sql_condition"]
    is_null = bool(data.get("is_null_level"))
    is_else = condition.strip().upper() == "ELSE"
    chances = (1.0, 1.0) if is_null else (float(data["m_probability"]), float(data["u_probability"]))
    rarity = "" if is_null or is_else else str(data.get("tf_adjustment_column") or "")
    return Level(
        words=str(data.get("label_for_charts", "")),
        holds=None if is_else else compile_one(sqlglot.parse_one(condition, read="duckdb")),
        weight_bits=math.log2(max(chances[0], CHANCE_MIN) / max(chances[1], CHANCE_MIN)),
        rarity=rarity,
        rarity_weight=float(data.get("tf_adjustment_weight", 1.0)),
        rarity_floor=float(data.get("tf_minimum_u_value", 0.0)),
        usual_bits=math.log2(_usual(rarity, data, among)) if rarity else 0.0,
    )


def _usual(rarity: str, data: Any, among: Sequence[Any]) -> float:
    """The chance that two strangers have the same value: of the level that asks for just this."""
    if data.get("disable_tf_exact_match_detection"):
        return float(data["u_probability"])
    for level in among:
        if level["sql_condition"].strip().upper() == "ELSE" or level.get("is_null_level"):
            continue
        if sqlglot.parse_one(level["sql_condition"], read="duckdb").sql() == f'"{rarity}_l" = "{rarity}_r"':
            return float(level["u_probability"])
    raise ValueError(f"no level asks whether {rarity} is the same")
