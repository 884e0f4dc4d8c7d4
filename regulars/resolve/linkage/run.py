"""Linking files of records, stage by stage: read, train, meet, score, cluster, tell. A killed run goes on.

Each stage leaves its result in the work folder and is then marked done; whoever runs again with the same files and
settings takes up behind the last mark. The folder of another task is refused, never written over.

Records may join those of an earlier run (`Task.into`). Then only pairs of new records are met and weighed, and only
people whom such a pair touches are joined anew; the result is the one of all records together.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from regulars.lake.spark import check as check_spark
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import blocking, columns, modeling, pairs, records, results, spark, training
from regulars.resolve.linkage import guess as guessing
from regulars.resolve.linkage import mapping as mappings
from regulars.resolve.linkage.clusters import Before, Weights, cluster
from regulars.resolve.linkage.fields import FIELDS
from regulars.resolve.linkage.kept import BATCH_PAIRS, NONE, PAIR, WEIGHED, Shelf, hand_on, read_parted
from regulars.resolve.linkage.scorer import TERMS_SUFFIX, Model, compiled, load
from regulars.resolve.linkage.state import MODEL, SPARK, TERMS, Followed, Run, Task, finished, opened
from regulars.resolve.linkage.weigh import Scorer

CANDIDATES, PARTED, LABELS = "candidates.parquet", "parted.npy", "labels.npy"
# A folder with a file of weights for each time that records came, and one of earlier pairs that parted by them.
SCORES = "scores"


def link(task: Task, tell: Followed) -> dict[str, Any]:
    """Stage by stage; the metrics. Raises LinkRefused, FileRefused and SparkRefused."""
    if task.engine == SPARK:
        check_spark()
    # Spark meets and weighs in one.
    meeting = () if task.engine == SPARK else (("meet", _meet),)
    with opened(task, tell) as run, ThreadPoolExecutor(1) as beside:
        for stage, act in (("read", _read), ("train", _train), *meeting):
            _pass(run, stage, act)
        # What was weighed before is read while the new records are weighed.
        before = beside.submit(_read_before, run, _count(run)) if task.into else None
        _pass(run, "score", _score)
        tell("cluster", 0.0)
        weights, labels = _cluster(run, before.result() if before else None)
        metrics = results.write(run, weights, labels)
        tell("cluster", 1.0)
    return metrics


def _pass(run: Run, stage: str, act: Callable[[Run], None]) -> None:
    if stage not in run.state.done:
        run.tell(stage, 0.0)
        act(run)
        run.keep(stage)
    run.tell(stage, 1.0)


def _read(run: Run) -> None:
    connection, task = run.connection, run.task
    if task.model:
        # A model that cannot be used is said before the work, and before the folder is bound to it.
        load(task.model)
    found = records.read(connection, task.files, run.work)
    for path, names in zip(task.files, found, strict=True):
        if task.truth and task.truth not in names:
            raise LinkRefused(
                f"{path.name} has no column '{task.truth}'", f"Name one of {', '.join(names)} with --truth"
            )
    cells = [records.sampled(connection, place, names) for place, names in enumerate(found)]
    before = finished(task.into) if task.into else None
    known = before.mapping if before else None
    mapping = _mapping(run, cells, known)
    mappings.check(mapping, found)
    mapping, births = records.dated(mapping, cells, is_told=task.mapping is not None)
    if before:
        run.state.since = _count(run)
    records.clean(connection, mapping, births, task.truth, run.state.since)
    run.state.mapping = mappings.joined(known, mapping) if known else mapping
    run.state.present = sorted({*(before.present if before else ()), *records.present(connection, run.state.since)})
    blocking.key_all(connection, run.state.since)


def _mapping(run: Run, cells: Sequence[dict[str, list[str]]], known: mappings.Mapping | None) -> mappings.Mapping:
    """As the person says; else as the columns were read before, where they are called alike; else guessed."""
    task = run.task
    if task.mapping:
        return mappings.load(task.mapping)
    again = mappings.narrowed(known, [name for file in cells for name in file]) if known else None
    if again and mappings.tells(again):
        return again
    guessed = guessing.guess_all(cells, [task.truth] if task.truth else [])
    # An id that comes twice names something else than the record: then a record is its file and row.
    if (own := guessed.columns("record_id")) and records.repeats(run.connection, own):
        return mappings.narrowed(guessed, guessed.fields.keys() - set(own))
    return guessed


def _train(run: Run) -> None:
    """A model of these records, or the one that was given or weighed before, with its terms, into the folder."""
    out = run.task.out
    given = run.task.into / MODEL if run.task.into else run.task.model
    if given is not None:
        _check(load(given), run.state.present, given.name)
        if given.resolve() != (out / MODEL).resolve():
            if Scorer(given).model.rare:
                shutil.copyfile(given.with_suffix(TERMS_SUFFIX), out / TERMS)
            shutil.copyfile(given, out / MODEL)
        return
    version = run.state.fingerprint[:8]
    rules = blocking.rules(blocking.names(run.state.present))
    learned = training.train(run.connection, records.telling(run.connection), rules, version)
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


def _meet(run: Run) -> None:
    names, since = blocking.names(run.state.present), run.state.since
    shared = pairs.shared_by(run.connection, names, since)
    run.state.candidates = 0
    with parquet.ParquetWriter(run.work / CANDIDATES, pa.schema(PAIR), compression="none", use_dictionary=False) as out:
        for place, (left, right) in pairs.meet(shared, _count(run), since):
            run.tell("meet", place / len(names))
            out.write_batch(pa.record_batch([left.astype(np.int32), right.astype(np.int32)], schema=pa.schema(PAIR)))
            run.state.candidates += len(left)
    if since:
        np.save(run.work / PARTED, np.array(pairs.part(run.connection, names, shared, since)))


def _score(run: Run) -> None:
    folder = run.work / SCORES
    folder.mkdir(exist_ok=True)
    own = _own(run)
    if run.task.into:
        for path in (run.before / SCORES).glob("*"):
            hand_on(path, folder / path.name)
        shutil.copyfile(run.work / PARTED, own.with_suffix(".npy"))
    with parquet.ParquetWriter(own, WEIGHED, compression="none", use_dictionary=False) as out:
        done = 0
        for batch in _weighed_by_spark(run) if run.task.engine == SPARK else _weighed(run):
            out.write_batch(batch)
            done += batch.num_rows
            run.tell("score", done / max(1, run.state.candidates))


def _weighed(run: Run) -> Iterator[Any]:
    """Pairs that met, with their weights."""
    scorer = Scorer(run.task.out / MODEL)
    file = parquet.ParquetFile(run.work / CANDIDATES)
    # Of a few records that join many only their own are made ready, with those they meet.
    numbers = np.unique(np.concatenate([side.to_numpy() for side in file.read().columns])) if run.state.since else None
    wanted = scorer.model.columns
    table = columns.whole(run.connection, wanted) if numbers is None else columns.some(run.connection, wanted, numbers)
    side = scorer.numbered(table)
    for batch in file.iter_batches(BATCH_PAIRS):
        left, right = (batch.column(place).to_numpy().astype(np.int64) for place in (0, 1))
        if numbers is not None:
            left, right = np.searchsorted(numbers, left), np.searchsorted(numbers, right)
        found = scorer.weigh_pairs(side, left, right)
        yield pa.record_batch([batch.column(0), batch.column(1), found.bits, found.apart], schema=WEIGHED)


def _weighed_by_spark(run: Run) -> Iterator[Any]:
    scorer = Scorer(run.task.out / MODEL)
    spark.hand_over(run.connection, blocking.names(run.state.present), sorted(scorer.model.columns), run.work)
    for part in sorted(spark.weigh(run.work, scorer).glob("*.parquet")):
        for batch in parquet.ParquetFile(part).iter_batches(BATCH_PAIRS):
            yield batch.cast(WEIGHED)


def _kept(run: Run) -> list[Path]:
    """The weights of the records that these join, a file for each time that records came."""
    return sorted((run.before / SCORES).glob("*.parquet"))


def _own(run: Run) -> Path:
    """The weights of its own records."""
    return run.work / SCORES / f"{len(_kept(run)) if run.task.into else 0:04}.parquet"


def _read_before(run: Run, count: int) -> Shelf:
    """The weights of the records that these join, but for pairs that no longer meet, with room for the new ones."""
    folder = run.before / SCORES
    parted = np.concatenate((read_parted(folder), np.load(run.work / PARTED)), axis=1)
    return Shelf(folder, _kept(run), run.state.candidates).read(parted, count)


def _cluster(run: Run, before: Shelf | None) -> tuple[Weights, NDArray[np.int64]]:
    count, folder = _count(run), run.work / SCORES
    shelf = before.follow(_own(run)) if before else Shelf(folder, sorted(folder.glob("*.parquet"))).read(NONE, count)
    labels = cluster(count, shelf.weights(), before=_before(run, count) if run.state.since else None)
    _save(run.work / LABELS, labels)
    return shelf.weights(), labels


def _count(run: Run) -> int:
    return run.connection.execute("from record select count(*)").fetchall()[0][0]


def _before(run: Run, count: int) -> Before:
    touched = np.zeros(count, np.bool_)
    touched[run.state.since :] = True
    touched[np.load(run.work / PARTED).ravel()] = True
    return Before(np.load(run.before / LABELS), touched)


def _save(path: Path, values: NDArray[np.int64]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, values)
    part.replace(path)
