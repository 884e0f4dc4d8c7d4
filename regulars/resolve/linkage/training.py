"""A model of how records of one person differ, learned by Splink from the records themselves.

Chances among strangers come from random pairs, chances among records of one person from pairs that share something
else (expectation and maximization). Nobody labels anything, and the same records give the same model.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (Splink's parts are typed in part; nothing of it leaves this module but plain settings.)

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

import duckdb

from regulars.resolve.linkage import comparisons
from regulars.resolve.linkage.comparisons import has

RANDOM_PAIRS_MAX = 2_000_000
TRAINING_PAIRS_MAX = 1_000_000
SEED = 20_240_229
# What records of one person share, so that the rest can be learned: each comparison is left out by one of these.
SHARED = ("first_name last_name", "birth_date postcode", "birth_date last_name", "national_id", "email", "phone")
SESSIONS_MAX = 4
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
    for columns in [columns for columns in SHARED if has(present, columns)][:SESSIONS_MAX]:
        linker.training.estimate_parameters_using_expectation_maximisation(
            _on(columns), estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS_MAX
        )
    return linker.misc.save_model_to_json()


def _on(columns: str) -> str:
    return " and ".join(f"l.{column} = r.{column}" for column in columns.split())
