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

from regulars.resolve.linkage import comparisons
from regulars.resolve.linkage.comparisons import has

RANDOM_PAIRS_MAX = 2_000_000
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
CERTAIN_RECALL = 0.7


def train(connection: duckdb.DuckDBPyConnection, present: Collection[str], rules: Sequence[str], uid: str) -> Any:
    """What Splink learned from the table `keyed`, as the settings it would write to JSON."""
    from splink import DuckDBAPI, Linker  # its import takes a second

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=connection)
    made = comparisons.settings(present, rules, uid)
    linker = Linker(api.register("keyed"), made, log_level=None, validate_settings=False)
    certain: list[Any] = [_on(columns) for columns in CERTAIN if has(present, columns)]
    linker.training.estimate_probability_two_random_records_match(certain, recall=CERTAIN_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS_MAX, seed=SEED)
    for columns in sessions(connection, present):
        linker.training.estimate_parameters_using_expectation_maximisation(
            _on(columns), estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS_MAX
        )
    return linker.misc.save_model_to_json()


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
    grouped = f"(from keyed select count(*) as n where {known} group by {', '.join(names) or '()'})"
    return connection.execute(f"from {grouped} select coalesce(sum(n * (n - 1.0) / 2.0), 0.0)").fetchall()[0][0]


def _on(columns: str) -> str:
    return " and ".join(f"l.{column} = r.{column}" for column in columns.split())
