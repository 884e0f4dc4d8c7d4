"""A model of how records of one person differ, learned by Splink from the records themselves.

Chances among strangers come from random pairs, chances among records of one person from pairs that share something
else (expectation and maximization). Nobody labels anything, and the same records give the same model.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (Splink's parts are typed in part; nothing of it leaves this module but plain settings.)

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from typing import Any

import duckdb
import numpy as np

from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import comparisons
from regulars.resolve.linkage.columns import numbered
from regulars.resolve.linkage.comparisons import has
from regulars.resolve.linkage.conditions import Pairs, Side
from regulars.resolve.linkage.scorer import compiled, score

RANDOM_PAIRS = 1_000_000
RANDOM_RECORDS_MAX = 50_000
# A level that no pair of strangers had is as rare as if half of one had it.
UNSEEN_PAIRS = 0.5
TRAINING_PAIRS_MAX = 1_000_000
SEED = 20_240_229
# What records of one person share, so that the rest can be learned; a session learns every comparison that does not
# ask for its columns, and names ask for both names.
SHARED = (
    "first_name last_name",
    "national_id",
    "birth_date postcode",
    "email",
    "phone",
    "birth_date street",
    "birth_date number",
    "landline birth_date",
    "street number initial",
    "birth_date initial",
    "birth_date last_name",
    "birth_date city",
    "last_name street",
)
SESSIONS_MAX = 5
# Of fewer pairs nothing can be learned, and nothing where chance alone brings so many of them together; what one
# column says is chance where so many records have the same.
SESSION_PAIRS_MIN = 60
CHANCE_SHARE_MAX = 0.8
PAIRS_PER_RECORD_MAX = 5.0
# Agreement so strict that it is hardly ever by chance, and how many records of one person it finds: only a beginning,
# the share of pairs that are one person is counted again once they are scored.
CERTAIN = ("national_id", "email first_name", "first_name last_name birth_date", "phone first_name last_name")
# Where no column of those is there: families and namesakes share some of it, and it is only a beginning.
LESS_CERTAIN = (
    *("email", "phone last_name", "last_name birth_date postcode", "last_name birth_date street"),
    *("first_name last_name street", "first_name last_name postcode", "last_name birth_date", "phone"),
)
CERTAIN_RECALL = 0.7
OTHERS_FIX = "Add records of other people, or weigh these by a model that was learned before, with --model"


def train(connection: duckdb.DuckDBPyConnection, present: Collection[str], rules: Sequence[str], uid: str) -> Any:
    """What Splink learned from the table `record`, as the settings it would write to JSON.

    Raises LinkRefused for records that can teach nothing.
    """
    from splink import DuckDBAPI, Linker  # its import takes a second

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=connection)
    made = comparisons.settings(present, rules, uid)
    # What nothing is to be learned of would be asked of every pair all the same.
    learnable, told = _split(made["comparisons"])
    if not learnable:
        raise LinkRefused("Nothing tells these records apart: a model cannot be learned of them", OTHERS_FIX)
    sure = certain(present)
    if not sure:
        raise LinkRefused(
            "A model cannot be learned: no columns whose values differ say for certain who a person is",
            f"Map one of {'; '.join(CERTAIN)}, or weigh these records by a model that was learned before, with --model",
        )
    strangers(connection, learnable)
    made["comparisons"] = learnable
    # Where nobody is found for certain, one pair may be left to find.
    made["probability_two_random_records_match"] = 1.0 / max(2.0, _shared_pairs(connection, []))
    linker = Linker(api.register("record"), made, log_level=None, validate_settings=False)
    if sum(_shared_pairs(connection, columns.split()) for columns in sure):
        linker.training.estimate_probability_two_random_records_match(list(map(_on, sure)), recall=CERTAIN_RECALL)
    for columns in sessions(connection, present):
        linker.training.estimate_parameters_using_expectation_maximisation(
            _on(columns), estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS_MAX
        )
    learned = linker.misc.save_model_to_json()
    learned["comparisons"] += told
    return learned


def certain(present: Collection[str]) -> list[str]:
    """What hardly two people share of these columns; what few do where no column says more."""
    told = ([columns for columns in choices if has(present, columns)] for choices in (CERTAIN, LESS_CERTAIN))
    return next((columns for columns in told if columns), [])


def _split(asked: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Comparisons that pairs can teach, and the one of relatives, whose chances are settled afterwards."""
    return (
        [comparison for comparison in asked if comparison["output_column_name"] != comparisons.RELATIVES],
        [comparison for comparison in asked if comparison["output_column_name"] == comparisons.RELATIVES],
    )


def strangers(connection: duckdb.DuckDBPyConnection, asked: Sequence[Any]) -> None:
    """Give each level of these comparisons its chance among strangers: its share of random pairs.

    Splink takes all pairs of a few records; as many random pairs of many records tell more of how common values are.
    """
    model = compiled({"probability_two_random_records_match": 0.5, "comparisons": [_bare(each) for each in asked]})
    count = connection.execute("from record select count(*)").fetchall()[0][0]
    step = max(1, count // RANDOM_RECORDS_MAX)
    table = connection.sql(
        f"from record select {', '.join(sorted(model.columns))} where number_ % {step} = 0 order by number_"
    ).to_arrow_table()
    dice = np.random.default_rng(SEED)
    left, right = (dice.integers(0, table.num_rows, RANDOM_PAIRS) for _ in range(2))
    left, right = left[left != right], right[left != right]
    side = numbered(table, model, None)
    levels = score(model, Pairs.of(Side(side, left), Side(side, right))).levels
    for place, comparison in enumerate(asked):
        seen = np.bincount(levels[:, place], minlength=len(comparison["comparison_levels"]))
        for level, times in list(zip(comparison["comparison_levels"], seen, strict=True))[1:]:
            level["u_probability"] = max(float(times), UNSEEN_PAIRS) / max(1, int(seen[1:].sum()))


def _bare(comparison: Any) -> Any:
    """The same with chances that say nothing, so that it can be asked at all."""
    chances = {"m_probability": 1.0, "u_probability": 1.0, "tf_adjustment_column": None}
    return comparison | {"comparison_levels": [level | chances for level in comparison["comparison_levels"]]}


def sessions(connection: duckdb.DuckDBPyConnection, present: Collection[str]) -> list[str]:
    """The fewest of SHARED, in their order, whose pairs can teach all that there is to learn."""
    open_names = {comparison.name for comparison in comparisons.asked(present)} - {comparisons.RELATIVES}
    chosen: list[str] = []
    for columns in SHARED:
        learned = open_names & _learned(present, columns)
        if has(present, columns) and learned and _is_telling(connection, columns.split()):
            open_names -= learned
            chosen.append(columns)
    return chosen[:SESSIONS_MAX]


def _learned(present: Collection[str], columns: str) -> set[str]:
    """Comparisons that ask for none of these columns."""
    asked = {comparison.name: comparisons.columns_of(comparison) for comparison in comparisons.asked(present)}
    return {name for name, its in asked.items() if not its & set(columns.split())}


def _is_telling(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> bool:
    """Enough records share all these columns, and more of them than would by chance."""
    pairs, all_pairs = _shared_pairs(connection, names), _shared_pairs(connection, [])
    if len(names) == 1:
        return SESSION_PAIRS_MIN <= pairs <= PAIRS_PER_RECORD_MAX * math.sqrt(2 * all_pairs)
    by_chance = all_pairs * math.prod(_shared_pairs(connection, [name]) / all_pairs for name in names)
    return pairs >= SESSION_PAIRS_MIN and by_chance <= CHANCE_SHARE_MAX * pairs


def _shared_pairs(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> float:
    """How many pairs of records have the same values in all these columns."""
    known = " and ".join(f"{name} is not null" for name in names) or "true"
    grouped = f"(from record select count(*) as n where {known} group by {', '.join(names) or '()'})"
    return connection.execute(f"from {grouped} select coalesce(sum(n * (n - 1.0) / 2.0), 0.0)").fetchall()[0][0]


def _on(columns: str) -> str:
    return " and ".join(f"l.{column} = r.{column}" for column in columns.split())
