"""Whether Spark finds the very people that DuckDB finds, and in which time: a town of families linked by both.

The second run weighs by the model of the first, each in a process of its own.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module but numbers.)

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from regulars import resolve
from regulars.bench import households
from regulars.bench.link import SAME, SEED, measured
from regulars.kit.settings import Settings
from regulars.lake.spark import check as check_spark

RECORDS = 50_000


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `same_scores` and `same_files`: shares of pairs with the same bits and of files with the same bytes, 1.

    Raises SparkRefused before any work where there is no Spark.
    """
    check_spark()
    duckdb, spark = resolve.LINK_ENGINES
    count = size or RECORDS
    with TemporaryDirectory(prefix="regulars-engines-") as folder:
        file, here, there = (Path(folder) / name for name in ("town.parquet", "here", "there"))
        households.write(file, count, SEED)
        link = ("regulars", "link", str(file), "--truth", "person", "--json", "--engine")
        ours = measured(*link, duckdb, "--out", str(here))
        theirs = measured(*link, spark, "--model", str(here / "model.json"), "--out", str(there))
        one, other = _scores(here), _scores(there)
        files = [(here / name).read_bytes() == (there / name).read_bytes() for name in SAME]
    is_same = np.array_equal(one[:2], other[:2])
    return {
        "ratios": {
            "same_scores": float(np.mean(one[2] == other[2])) if is_same else 0.0,
            "same_files": sum(files) / len(files),
        },
        "raw": {
            "records": count,
            "pairs": one.shape[1],
            "seconds": round(ours.seconds, 1),
            "spark_seconds": round(theirs.seconds, 1),
            "peak_gib": round(ours.peak_gib, 2),
            "clusters": ours.answer["clusters"],
            "b_cubed_f1": round(ours.answer["truth"]["b_cubed"]["f1"], 4),
            "seed": SEED,
        },
    }


def _scores(out: Path) -> NDArray[np.int64]:
    """Left and right numbers of all pairs in their order, and below them the bits of each weight as a number."""
    left, right, bits, _ = (
        parquet.read_table(out / ".work" / "scores")
        .sort_by([("left_number", "ascending"), ("right_number", "ascending")])
        .columns
    )
    numbers = (np.asarray(left, np.int64), np.asarray(right, np.int64), np.asarray(bits).view(np.int64))
    return np.stack(numbers)
