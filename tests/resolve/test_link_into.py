"""Records that join earlier ones give the result of all together, and only what they touch is weighed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from regulars import resolve
from regulars.bench import households
from regulars.collect.errors import FileRefused
from regulars.resolve.linkage import blocking, pairs
from tests.resolve import likeness_model
from tests.resolve.linking import write

RECORDS = 900
HEAD = ["id", "first_name", "last_name", "birth_date"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without terms."""
    body: dict[str, Any] = json.loads(likeness_model.model()[0])
    for comparison in body["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("tf_adjustment_column", None)
    path = tmp_path_factory.mktemp("model") / "model.json"
    path.write_text(json.dumps(body))
    return path


def pieces(folder: Path, *cuts: int) -> list[Path]:
    """A town in several files, one after the other."""
    households.write(folder / "town.parquet", RECORDS, seed=5)
    files: list[Path] = []
    for begin, end in zip((0, *cuts), (*cuts, RECORDS), strict=True):
        files.append(folder / f"from-{begin}.parquet")
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from '{folder / 'town.parquet'}' limit {end - begin} offset {begin}) to '{files[-1]}'"
            )
    return files


def link(out: Path, *files: Path, **more: Any) -> Path:
    resolve.link(resolve.LinkTask(files=files, out=out, **more))
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_joins_later_is_linked_as_if_all_had_come_together(
    seed: int, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few need to share a key until it is generic, so that some become so on the way.
    monkeypatch.setattr(pairs, "BLOCK_MAX", 6)
    cuts = np.sort(np.random.default_rng(seed).integers(1, RECORDS, 2)).tolist()
    first, second, third = pieces(tmp_path, *cuts)

    out = link(tmp_path / "1", first, model=model, truth="person")
    for step, file in (("2", second), ("3", third)):
        out = link(tmp_path / step, file, into=out, truth="person")

    together = link(tmp_path / "all", first, second, third, model=model, truth="person")
    assert np.load(out / ".work" / "parted.npy").size
    for name in ("pairs.parquet", "clusters.parquet", "metrics.json", "report.html"):
        assert (out / name).read_bytes() == (together / name).read_bytes()


def test_only_pairs_of_those_who_join_are_weighed(model: Path, tmp_path: Path) -> None:
    first, second = pieces(tmp_path, 850)

    out = link(tmp_path / "2", second, into=link(tmp_path / "1", first, model=model))

    weighed = parquet.read_table(out / ".work" / "candidates.parquet").column("right_number").to_numpy()
    assert len(weighed)
    assert weighed.min() >= 850


def test_who_joins_is_read_as_those_before_were(model: Path, tmp_path: Path) -> None:
    # Of one date nobody can say which number is the month; those before could.
    before = [["1", "theo", "marchetti", "25/12/1971"], ["2", "ann", "lee", "03/02/1960"]]
    first = link(tmp_path / "1", write(tmp_path / "a.csv", HEAD, before), model=model)

    out = link(tmp_path / "2", write(tmp_path / "b.csv", HEAD, [["3", "ann", "lee", "03/02/1960"]]), into=first)

    assert parquet.read_table(out / "clusters.parquet").to_pylist()[-1] == {"record_id": "3", "cluster_id": "2"}


def test_a_record_that_is_there_already_does_not_join_again(model: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", HEAD, [["1", "theo", "marchetti", "1971-06-30"]])
    first = link(tmp_path / "1", file, model=model)

    with pytest.raises(resolve.LinkRefused, match="share an id: 1"):
        link(tmp_path / "2", write(tmp_path / "b.csv", HEAD, [["1", "theo", "low", "1971-06-30"]]), into=first)


def test_nobody_joins_a_run_that_did_not_end(model: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", HEAD, [["1", "theo", "marchetti", "1971-06-30"]])
    first = link(tmp_path / "1", file, model=model)
    (first / "metrics.json").unlink()

    with pytest.raises(resolve.LinkRefused, match="holds no finished result"):
        link(tmp_path / "2", file, into=first)


def test_a_joining_run_that_was_killed_while_reading_begins_again(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pieces(tmp_path, 850)
    task = resolve.LinkTask(files=(second,), out=tmp_path / "2", into=link(tmp_path / "1", first, model=model))

    with monkeypatch.context() as patched:
        # The records stand in the table already, and their keys do not.
        patched.setattr(blocking, "key_all", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            resolve.link(task)

    assert resolve.link(task)["records"] == RECORDS


def test_columns_may_be_called_as_ours_are(model: Path, tmp_path: Path) -> None:
    head = ["file number", "file name", "file row", "rowid", "number_", "first_name", "last_name", "birth_date"]
    rows = [["7", "x", "9", "1", "2", *person] for person in (("theo", "lee", "1971-06-30"), ("ann", "low", ""))]

    out = link(tmp_path / "out", write(tmp_path / "a.csv", head, rows), model=model)

    told = parquet.read_table(out / "clusters.parquet").column("record_id").to_pylist()
    assert told == ["a.csv:1", "a.csv:2"]


def test_a_column_that_stands_twice_in_parquet_is_named(model: Path, tmp_path: Path) -> None:
    arrow: Any = pa
    twice = arrow.Table.from_arrays([["lee"], ["low"]], ["last_name", "last_name"])
    parquet.write_table(twice, tmp_path / "a.parquet")

    with pytest.raises(FileRefused, match="more than one column 'last_name'"):
        link(tmp_path / "out", tmp_path / "a.parquet", model=model)
