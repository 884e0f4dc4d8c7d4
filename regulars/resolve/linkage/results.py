"""What a run leaves for people: pairs, clusters, metrics and the report."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from regulars.resolve.linkage import page, quality, report
from regulars.resolve.linkage.bands import AUTOMATIC_BITS, REVIEW_BITS
from regulars.resolve.linkage.clusters import Weights
from regulars.resolve.linkage.scorer import load, probability
from regulars.resolve.linkage.state import METRICS, MODEL, Run
from regulars.resolve.linkage.weigh import Scorer


def write(run: Run, weights: Weights, labels: NDArray[np.int64]) -> dict[str, Any]:
    """All files of the folder, the metrics last; the metrics."""
    told = run.connection.sql("from record select record_id, true_person").to_arrow_table()
    ids = told.column("record_id").combine_chunks()
    person = _numbers(told.column("true_person").combine_chunks()) if run.task.truth else None
    metrics = _metrics(run, weights, labels, person)
    # The files need the disk, the report does not.
    with ThreadPoolExecutor(1) as beside:
        tables = beside.submit(_tables, run.task.out, ids, weights, labels)
        _report(run, weights, labels, person, metrics)
        tables.result()
    part = run.work / f"{METRICS}.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(metrics)))
    part.replace(run.task.out / METRICS)
    return metrics


def _tables(out: Path, ids: Any, weights: Weights, labels: NDArray[np.int64]) -> None:
    shown = np.flatnonzero(weights.bits >= REVIEW_BITS)
    shown = shown[np.argsort(weights.at(shown).codes(len(labels)))]
    bits = weights.bits[shown]
    _write(
        out / "pairs.parquet",
        left_id=ids.take(weights.left[shown]),
        right_id=ids.take(weights.right[shown]),
        match_weight=bits,
        probability=probability(bits),
    )
    _write(out / "clusters.parquet", record_id=ids, cluster_id=ids.take(labels))


def _numbers(persons: Any) -> Any:
    """A number for each person, -1 where the truth says nothing."""
    coded = persons.dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _report(run: Run, weights: Weights, labels: Any, person: Any, metrics: dict[str, Any]) -> None:
    run.tell("report", 0.0)
    linked = report.Linked(run.connection, Scorer(run.task.out / MODEL), weights, labels, person, metrics)
    part = run.work / "report.part"
    part.write_text(page.drawn(report.findings(linked)))
    part.replace(run.task.out / "report.html")
    run.tell("report", 1.0)


def _write(path: Path, **named: Any) -> None:
    """Beside its place and moved in: nobody reads half a file."""
    part = path.with_suffix(".part")
    parquet.write_table(pa.table(named), part)
    part.replace(path)


def _metrics(run: Run, weights: Weights, labels: Any, person: Any) -> dict[str, Any]:
    sizes = np.bincount(labels)
    automatic = weights.bits >= AUTOMATIC_BITS
    told: dict[str, Any] = {
        "records": len(labels),
        "clusters": int((sizes > 0).sum()),
        "single_records": int((sizes == 1).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
        "compared_pairs": len(weights.bits),
        "automatic_pairs": int(automatic.sum()),
        "review_pairs": int(((weights.bits >= REVIEW_BITS) & ~automatic).sum()),
        "automatic_bits": AUTOMATIC_BITS,
        "review_bits": REVIEW_BITS,
        "model": load(run.task.out / MODEL).version,
        "mapping": run.state.mapping,
    }
    if person is None:
        return told
    is_known = person >= 0
    judged = automatic & is_known[weights.left] & is_known[weights.right]
    right = person[weights.left[judged]] == person[weights.right[judged]]
    return told | {
        "truth": {
            "records": int(is_known.sum()),
            "edges": quality.edges(right, person[is_known]),
            "pairwise": quality.pairwise(labels[is_known], person[is_known]),
            "b_cubed": quality.b_cubed(labels[is_known], person[is_known]),
        }
    }
