"""Linking files of records, stage by stage: read, train, meet, score, cluster, tell. A killed run goes on.

Each stage leaves its result in the work folder and is then marked done; whoever runs again with the same files and
settings takes up behind the last mark. The folder of another task is refused, never written over.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from regulars import __version__
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import blocking, columns, modeling, page, pairs, quality, records, report, training
from regulars.resolve.linkage import guess as guessing
from regulars.resolve.linkage import mapping as mappings
from regulars.resolve.linkage.clusters import AUTOMATIC_BITS, REVIEW_BITS, Weights, cluster
from regulars.resolve.linkage.fields import FIELDS
from regulars.resolve.linkage.scorer import Model, compiled, load, probability
from regulars.resolve.linkage.weigh import TERMS_SUFFIX, Scorer

MEMORY_LIMIT = "1GB"
THREADS = 2
BATCH_PAIRS = 1_000_000
HASH_CHUNK_BYTES = 1 << 20
WORK, DATABASE, STATE = ".work", "work.duckdb", "state.json"
MODEL, TERMS, SCORES = "model.json", f"model{TERMS_SUFFIX}", "scores.parquet"

Followed = Callable[[str, float], None]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be linked, and how."""

    files: tuple[Path, ...]
    out: Path
    mapping: Path | None = None
    """None: columns are guessed."""
    model: Path | None = None
    """None: one is trained."""
    truth: str = ""
    """Column that names the person of each record; judged by, never read by the model."""


class _State(msgspec.Struct):
    fingerprint: str = ""
    done: list[str] = []
    present: list[str] = []
    mapping: mappings.Mapping | None = None
    keys: list[str] = []
    candidates: int = 0


class _Run(NamedTuple):
    task: Task
    state: _State
    connection: duckdb.DuckDBPyConnection
    tell: Followed

    @property
    def work(self) -> Path:
        return self.task.out / WORK


def link(task: Task, tell: Followed = lambda stage, share: None) -> dict[str, Any]:
    """Write pairs.parquet, clusters.parquet, metrics.json, model.json and report.html into the folder; the metrics.

    Raises LinkRefused for what a person can mend; nothing stands in the folder then but the work of finished stages.
    """
    with _opened(task, tell) as run:
        for stage, act in (("read", _read), ("train", _train), ("meet", _meet), ("score", _score)):
            if stage not in run.state.done:
                tell(stage, 0.0)
                act(run)
                run.state.done.append(stage)
                _keep(run)
            tell(stage, 1.0)
        tell("cluster", 0.0)
        metrics = _cluster(run)
        tell("cluster", 1.0)
    (task.out / "metrics.json").write_bytes(msgspec.json.format(msgspec.json.encode(metrics)))
    return metrics


@contextmanager
def _opened(task: Task, tell: Followed) -> Generator[_Run, None, None]:
    state = _begun(task)
    work = task.out / WORK
    connection = duckdb.connect(
        str(work / DATABASE),
        config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(work / "spill")},
    )
    try:
        yield _Run(task, state, connection, tell)
    finally:
        connection.close()


def _begun(task: Task) -> _State:
    """How far an earlier run of the same task came; the folder of another one is not touched."""
    work = task.out / WORK
    state = _State(fingerprint=fingerprint(task))
    if (work / STATE).is_file():
        before = msgspec.json.decode((work / STATE).read_bytes(), type=_State)
        if before.fingerprint == state.fingerprint:
            return before
    if task.out.exists() and (not task.out.is_dir() or any(task.out.iterdir())):
        raise LinkRefused(
            f"{task.out} holds something else already, as the result of other files or settings",
            "Name a new folder with --out, or delete this one",
        )
    work.mkdir(parents=True)
    _write_state(work, state)
    return state


def fingerprint(task: Task) -> str:
    """What a run depends on, as one word: another one is another run."""
    digest = hashlib.sha256(repr((__version__, task.truth, [path.name for path in task.files])).encode())
    for path in (*task.files, *([task.mapping] if task.mapping else []), *([task.model] if task.model else [])):
        try:
            with path.open("rb") as file:
                while piece := file.read(HASH_CHUNK_BYTES):
                    digest.update(piece)
        except OSError as fault:
            raise LinkRefused(f"{path} cannot be read: {fault.strerror}", "Check the path and its rights") from None
        digest.update(b"\0")
    return digest.hexdigest()


def _keep(run: _Run) -> None:
    """Mark what is done. The database first: a mark without its stage would be a lie."""
    run.connection.execute("checkpoint")
    _write_state(run.work, run.state)


def _write_state(work: Path, state: _State) -> None:
    part = work / f"{STATE}.part"
    part.write_bytes(msgspec.json.encode(state))
    part.replace(work / STATE)


def _read(run: _Run) -> None:
    connection, task = run.connection, run.task
    for table in ("raw", "cleaned", "halves", "record"):
        connection.execute(f"drop table if exists {table}")
    found = records.read(connection, task.files, run.work)
    for path, names in zip(task.files, found, strict=True):
        if task.truth and task.truth not in names:
            raise LinkRefused(
                f"{path.name} has no column '{task.truth}'", f"Name one of {', '.join(names)} with --truth"
            )
    cells = [records.sampled(connection, place, names) for place, names in enumerate(found)]
    truth = [task.truth] if task.truth else []
    mapping = mappings.load(task.mapping) if task.mapping else guessing.guess_all(cells, truth)
    mappings.check(mapping, found)
    run.state.mapping = records.dated(mapping, cells)
    records.clean(connection, run.state.mapping, task.truth)
    run.state.present = sorted(records.present(connection))
    run.state.keys = blocking.key_all(connection, run.state.present)


def _train(run: _Run) -> None:
    """A model of these records, or the one that was given, with its terms, into the folder."""
    out = run.task.out
    if run.task.model is not None:
        _check(load(run.task.model), run.state.present, run.task.model.name)
        if run.task.model.resolve() != (out / MODEL).resolve():
            if Scorer(run.task.model).model.rare:
                shutil.copyfile(run.task.model.with_suffix(TERMS_SUFFIX), out / TERMS)
            shutil.copyfile(run.task.model, out / MODEL)
        return
    version = run.state.fingerprint[:8]
    learned = training.train(run.connection, records.telling(run.connection), blocking.rules(run.state.keys), version)
    settled = modeling.settle(learned)
    model = compiled(settled)
    columns.save_terms(columns.count_terms(run.connection, model), out / TERMS, version)
    (out / MODEL).write_bytes(msgspec.json.format(msgspec.json.encode(settled)))


def _check(model: Model, present: Sequence[str], name: str) -> None:
    """Raise LinkRefused for a model that these records cannot answer."""
    strange = sorted(model.columns - FIELDS.keys() - records.DERIVED)
    if strange:
        raise LinkRefused(
            f"The model {name} compares {', '.join(strange)}, which no record here has",
            "Train a model of these records with --train",
        )
    if not model.columns & set(present):
        raise LinkRefused(
            f"The model {name} compares nothing that these records say",
            f"Map fields it compares ({', '.join(sorted(model.columns & FIELDS.keys()))}), or train one with --train",
        )


def _meet(run: _Run) -> None:
    run.state.candidates = pairs.meet(run.connection, run.state.keys)


def _score(run: _Run) -> None:
    scorer = Scorer(run.task.out / MODEL)
    side = scorer.numbered(columns.whole(run.connection, scorer.model.columns))
    schema = pa.schema(
        [("left_number", pa.int32()), ("right_number", pa.int32()), ("bits", pa.float64()), ("apart", pa.bool_())]
    )
    done = 0
    with parquet.ParquetWriter(run.work / SCORES, schema) as writer:
        for batch in run.connection.sql("from candidate").to_arrow_reader(BATCH_PAIRS):
            left, right = (batch.column(place).to_numpy().astype(np.int64) for place in (0, 1))
            weighed = scorer.weigh_pairs(side, left, right)
            found = [batch.column(0), batch.column(1), weighed.bits, weighed.apart]
            writer.write_batch(pa.record_batch(found, schema=schema))
            done += len(left)
            run.tell("score", done / max(1, run.state.candidates))


def _cluster(run: _Run) -> dict[str, Any]:
    table = parquet.read_table(run.work / SCORES)
    left, right, bits, apart = (column.to_numpy() for column in table.columns)
    weights = Weights(left.astype(np.int64), right.astype(np.int64), bits, apart)
    told = run.connection.sql("from record select record_id, true_person order by number_").to_arrow_table()
    ids = told.column("record_id").combine_chunks()
    labels = cluster(len(ids), weights)
    shown = np.flatnonzero(weights.bits >= REVIEW_BITS)
    shown = shown[np.lexsort((weights.right[shown], weights.left[shown]))]
    bits = weights.bits[shown]
    _write(
        run.task.out / "pairs.parquet",
        left_id=ids.take(weights.left[shown]),
        right_id=ids.take(weights.right[shown]),
        match_weight=bits,
        probability=probability(bits),
    )
    _write(run.task.out / "clusters.parquet", record_id=ids, cluster_id=ids.take(labels))
    person = _numbers(told.column("true_person").combine_chunks()) if run.task.truth else None
    metrics = _metrics(run, weights, labels, person)
    _report(run, weights, labels, person, metrics)
    return metrics


def _numbers(persons: Any) -> Any:
    """A number for each person, -1 where the truth says nothing."""
    coded = persons.dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _report(run: _Run, weights: Weights, labels: Any, person: Any, metrics: dict[str, Any]) -> None:
    run.tell("report", 0.0)
    scorer = Scorer(run.task.out / MODEL)
    side = scorer.numbered(columns.whole(run.connection, scorer.model.columns))
    linked = report.Linked(run.connection, scorer, side, weights, labels, person, metrics)
    part = run.work / "report.part"
    part.write_text(page.drawn(report.findings(linked)))
    part.replace(run.task.out / "report.html")
    run.tell("report", 1.0)


def _write(path: Path, **named: Any) -> None:
    """Beside its place and moved in: nobody reads half a file."""
    part = path.with_suffix(".part")
    parquet.write_table(pa.table(named), part)
    part.replace(path)


def _metrics(run: _Run, weights: Weights, labels: Any, person: Any) -> dict[str, Any]:
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
