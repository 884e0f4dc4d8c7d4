"""A file of the lake is there whole and under its name, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.lake import Lake


def test_a_file_is_named_on_the_disk_before_anybody_may_count_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lake" / "facts" / "day=1" / "a.parquet"
    kept: list[tuple[Path, bool]] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        kept.append((Path(os.readlink(f"/proc/self/fd/{handle}")), file.exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)

    Lake(tmp_path / "lake").write("facts/day=1/a.parquet", {"n": "bigint"}, [(1,)])

    assert kept == [
        (tmp_path, False),
        (tmp_path / "lake", False),
        (tmp_path / "lake" / "facts", False),
        (file.with_suffix(".partial"), False),
        (file.parent, True),
    ]


def test_writing_a_file_does_not_load_the_pandas_that_is_installed(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from regulars.lake import Lake
from regulars.lake.duckdb import engine
Lake(Path({str(tmp_path)!r})).write("facts/day=1/a.parquet", {{"n": "bigint"}}, [(1,)])
with engine() as duck:
    duck.table("t", {{"n": "bigint"}}, [(1,)])
    assert duck.rows("select n from t") == [(1,)]
assert "pandas" not in sys.modules
import pandas, pyarrow
assert pyarrow.array(pandas.Series([1])).to_pandas().tolist() == [1]
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
