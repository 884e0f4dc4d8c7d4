"""Spark finds the same pairs, weighs them the same to the bit, and so joins the same people."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from regulars import resolve
from regulars.lake import spark
from tests.resolve.linking import febrl

ORDER = [("left_number", "ascending"), ("right_number", "ascending")]
SAME = ("pairs.parquet", "clusters.parquet", "metrics.json", "report.html")


@pytest.fixture(autouse=True)
def short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """So little work is done before anything compiled for speed would pay."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    monkeypatch.setitem(spark.OWN, "spark.sql.codegen.wholeStage", "false")


def test_spark_gives_the_same_people_by_the_same_weights(tmp_path: Path) -> None:
    file = febrl("dataset1", tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    resolve.link(resolve.LinkTask(files=(file,), out=here, truth="person"))

    resolve.link(resolve.LinkTask(files=(file,), out=there, truth="person", model=here / "model.json", engine="spark"))

    ours, theirs = (
        parquet.read_table(out / ".work" / "scores" / "0000.parquet").sort_by(ORDER) for out in (here, there)
    )
    assert ours.num_rows > 500
    assert theirs.equals(ours)
    for name in SAME:
        assert (there / name).read_bytes() == (here / name).read_bytes()
