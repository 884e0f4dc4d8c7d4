"""What is missing for Spark is said before the work."""

import sys
from pathlib import Path

import pytest

from regulars.kit.errors import SparkRefused
from regulars.lake import spark


def test_without_java_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(SparkRefused, match="finds none"):
        spark.check()


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)

    with pytest.raises(SparkRefused, match=r"regulars\[spark\]"):
        spark.check()
