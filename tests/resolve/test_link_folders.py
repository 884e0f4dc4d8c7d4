"""The folder of a run: never somebody else's, one run at a time, and as good as new where nothing came of a run."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regulars import resolve
from tests.resolve.linking import people, write
from tests.resolve.test_link_into import model as model

ROWS = [["1", "theo", "marchetti", "1971-06-30"], ["2", "ann", "lee", "1960-03-02"]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "a.csv", ["id", "first_name", "last_name", "birth_date"], ROWS)


def link(out: Path, file: Path, **more: Any) -> set[frozenset[str]]:
    resolve.link(resolve.LinkTask(files=(file,), out=out, **more))
    return people(out)


def refused(out: Path, file: Path, **more: Any) -> str:
    with pytest.raises(resolve.LinkRefused) as refusal:
        link(out, file, **more)
    return str(refusal.value)


def test_a_file_is_no_folder_and_nobody_is_told_to_delete_it(file: Path, model: Path) -> None:
    said = refused(file, file, model=model)

    assert "is a file. Name a folder with --out" in said
    assert file.is_file()


def test_a_folder_in_which_another_run_is_at_work_is_left_to_it(file: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / ".work").mkdir(parents=True)

    with (tmp_path / "out" / ".work" / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert "Another run is at work" in refused(tmp_path / "out", file, model=model)


@pytest.mark.parametrize("name", ["mapping", "model"])
def test_what_was_refused_can_be_mended_and_linked_into_the_same_folder(
    name: str, file: Path, model: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.write_text("{}")

    refused(tmp_path / "out", file, **{"model": model, name: bad})

    assert len(link(tmp_path / "out", file, model=model)) == 2


def test_an_empty_work_folder_is_as_good_as_none(file: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / ".work").mkdir(parents=True)

    assert len(link(tmp_path / "out", file, model=model)) == 2


def test_a_folder_that_lost_its_weights_is_refused_and_keeps_its_result(
    file: Path, model: Path, tmp_path: Path
) -> None:
    link(tmp_path / "out", file, model=model)
    before = (tmp_path / "out" / "clusters.parquet").read_bytes()
    (tmp_path / "out" / ".work" / "scores" / "0000.parquet").unlink()

    assert "lacks weights" in refused(tmp_path / "out", file, model=model)
    assert (tmp_path / "out" / "clusters.parquet").read_bytes() == before


@pytest.mark.parametrize("name", ["state.json", "work.duckdb", "scores/0000.parquet"])
def test_a_damaged_folder_says_how_to_begin_anew(name: str, file: Path, model: Path, tmp_path: Path) -> None:
    link(tmp_path / "out", file, model=model)
    (tmp_path / "out" / ".work" / name).write_text("{")

    said = refused(tmp_path / "out", file, model=model)

    assert name.partition("/")[0] in said
    assert "name a new folder" in said


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        duckdb.FatalException("Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(
    fault: Exception, file: Path, model: Path, tmp_path: Path
) -> None:
    def full(stage: str, share: float) -> None:
        if stage == "score":
            raise fault

    with pytest.raises(resolve.LinkRefused, match=r"The disk of .* is full\. Make room and run it again"):
        resolve.link(resolve.LinkTask(files=(file,), out=tmp_path / "out", model=model), full)

    assert len(link(tmp_path / "out", file, model=model)) == 2
