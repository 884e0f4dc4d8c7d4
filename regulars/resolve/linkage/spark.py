"""Pairs found and weighed by Spark: the same pairs and, to the bit, the same weights as on one machine.

Spark joins records that share a key and hands pairs to our own scorer in Arrow batches (`mapInArrow`). It runs where
its own settings say (`spark-submit`, `spark-defaults.conf`), else on this machine; the folder of the run must be one
that all machines reach, and Regulars installed on them.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingImports=false
# (PyArrow has no types, and PySpark is not installed everywhere.)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regulars.lake import spark
from regulars.resolve.linkage import pairs
from regulars.resolve.linkage.weigh import Scorer

KEYS, RECORDS, SCORES = "spark-keys.parquet", "spark-records.parquet", "spark-scores"
WEIGHED = "left_number int, right_number int, bits double, apart boolean"
# Spark has no numbers without a sign.
SIGNED = "cast(cast(key as hugeint) - 9223372036854775808 as bigint)"


def hand_over(connection: duckdb.DuckDBPyConnection, names: Sequence[str], columns: Sequence[str], work: Path) -> None:
    """Write keys and records as Spark reads them."""
    keyed = f"(unpivot (from keyed select number_, {', '.join(names)}) on {', '.join(names)} into name place value key)"
    connection.sql(f"from {keyed} select place, {SIGNED} as key, number_").write_parquet(str(work / KEYS))
    connection.sql(f"from record select number_, {', '.join(columns)}").write_parquet(str(work / RECORDS))


def weigh(work: Path, scorer: Scorer) -> Path:
    """The folder of Parquet files with all pairs that meet and their weights."""
    columns = sorted(scorer.model.columns)
    with spark.session(str(work / "spill")) as session:
        keys, records = (session.read.parquet(str(work / name)) for name in (KEYS, RECORDS))
        found = keys.groupBy("place", "key").count().where(f"count between 2 and {pairs.BLOCK_MAX}").drop("count")
        telling = keys.join(found, ["place", "key"])
        left, right = (telling.withColumnRenamed("number_", f"{side}_number") for side in ("left", "right"))
        met = left.join(right, ["place", "key"]).where("left_number < right_number")
        both = met.select("left_number", "right_number").distinct()
        for side in ("left", "right"):
            named = [f"number_ as {side}_number", *(f"{name} as {name}_{side}" for name in columns)]
            both = both.join(records.selectExpr(*named), f"{side}_number")
        both.mapInArrow(_weigher(scorer, columns), WEIGHED).write.mode("overwrite").parquet(str(work / SCORES))
    return work / SCORES


def _weigher(scorer: Scorer, columns: Sequence[str]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What each machine does with batches of pairs."""

    def weigher(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            left, right = (
                pa.table({name: batch.column(f"{name}_{side}") for name in columns}) for side in ("left", "right")
            )
            found = scorer.weigh(left, right)
            numbers = (batch.column(f"{side}_number") for side in ("left", "right"))
            yield pa.RecordBatch.from_arrays(
                [*numbers, pa.array(found.bits), pa.array(found.apart)],
                names=["left_number", "right_number", "bits", "apart"],
            )

    return weigher
