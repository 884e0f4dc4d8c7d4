"""Splink by itself, as its guide recommends, for `bench link` to compare with: `python -m regulars.bench.bare FOLDER`.

Takes the cleaned records and the keys that our own run left in FOLDER (the `.work` of its --out), so that both block
alike and know the same columns; trains, weighs and joins connected pairs. Prints the seconds of each step and how good
it is at every threshold of the guide, as JSON. The run must have named the truth.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (Splink's parts are typed in part; nothing of it leaves this module but numbers.)

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from regulars import resolve

THRESHOLDS = (0.9, 0.95, 0.99, 0.999)
RECALL = 0.7
RANDOM_PAIRS = 2_000_000
MEMORY_LIMIT, THREADS = "1GB", 2
# As many of them as the records have columns for.
CERTAIN = ("email", "first_name last_name birth_date", "national_id")
SESSIONS = ("first_name last_name", "birth_date", "national_id", "last_name postcode", "email")
SESSIONS_MAX = 2


def run(work: Path) -> dict[str, Any]:
    """Seconds by step, and B-cubed by threshold with the largest cluster."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bare.duckdb") as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set threads = {THREADS}")
        connection.execute(f"attach '{work / 'work.duckdb'}' as ours (read_only)")
        described = connection.execute("select column_name from (describe ours.keyed)").fetchall()
        keys = [name for (name,) in described if name.startswith("key_")]
        # Keys that too many share are none, as in our own run.
        capped = [
            f"if(count(*) over (partition by {name}) <= {resolve.LINK_BLOCK_MAX}, {name}, null) as {name}"
            for name in keys
        ]
        connection.execute(
            "create table keyed as from ours.record join"
            f" (from ours.keyed select number_, {', '.join(capped)}) as capped using (number_)"
        )
        return _measured(connection, [f"l.{name} = r.{name}" for name in keys])


def _filled(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The columns that any record fills."""
    told = connection.execute("from keyed select count(columns(*))").fetchall()[0]
    names = connection.execute("select column_name from (describe keyed)").fetchall()
    return {name for (name,), count in zip(names, told, strict=True) if count}


def _on(choices: Sequence[str], filled: set[str]) -> list[Any]:
    return [
        " and ".join(f"l.{column} = r.{column}" for column in columns.split())
        for columns in choices
        if filled.issuperset(columns.split())
    ]


def _measured(connection: duckdb.DuckDBPyConnection, rules: list[Any]) -> dict[str, Any]:
    from splink import DuckDBAPI, Linker, SettingsCreator

    seconds: dict[str, float] = {}
    filled = _filled(connection)
    start = time.perf_counter()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="number_",
        comparisons=[made for column, made in _comparisons().items() if column in filled],
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(DuckDBAPI(connection=connection).register("keyed"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(_on(CERTAIN, filled), recall=RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for rule in _on(SESSIONS, filled)[:SESSIONS_MAX]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    seconds["train"] = time.perf_counter() - start
    start = time.perf_counter()
    found = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
    seconds["predict"] = time.perf_counter() - start
    true = connection.execute("from keyed select true_person order by number_").fetchnumpy()["true_person"]
    person = np.unique(np.array(true).astype(str), return_inverse=True)[1].astype(np.int64)
    quality: dict[str, Any] = {}
    for threshold in THRESHOLDS:
        start = time.perf_counter()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold)
        # The guide's own examples cut at 0.95: that clustering is the one that counts as time.
        if threshold == 0.95:
            seconds["cluster"] = time.perf_counter() - start
        told = connection.execute(f"from {clusters.physical_name} select cluster_id order by number_").fetchnumpy()
        label = np.unique(told["cluster_id"], return_inverse=True)[1].astype(np.int64)
        quality[str(threshold)] = {
            "pairwise": resolve.pairwise(label, person),
            "b_cubed": resolve.b_cubed(label, person),
            "largest_cluster": int(np.bincount(label).max()),
        }
    return {"seconds": seconds, "quality": quality}


def _comparisons() -> dict[str, Any]:
    """What the guide compares each column by."""
    import splink.comparison_library as library

    def rare(comparison: Any) -> Any:
        return comparison.configure(term_frequency_adjustments=True)

    return {
        "national_id": library.LevenshteinAtThresholds("national_id", 1),
        "first_name": rare(library.NameComparison("first_name")),
        "last_name": rare(library.NameComparison("last_name")),
        "birth_date": library.DateOfBirthComparison("birth_date", input_is_string=True, datetime_format="%Y%m%d"),
        "street": rare(library.JaroWinklerAtThresholds("street", [0.9])),
        "number": library.ExactMatch("number"),
        "city": rare(library.ExactMatch("city")),
        "postcode": rare(library.LevenshteinAtThresholds("postcode", 1)),
        "email": library.EmailComparison("email"),
        "phone": library.LevenshteinAtThresholds("phone", 1),
        "landline": library.LevenshteinAtThresholds("landline", 1),
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(Path(sys.argv[1]))))
