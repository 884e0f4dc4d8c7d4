"""Spark over the lake: the same questions as DuckDB's, for brands whose history is too long for one machine.

It runs where its own settings say (`spark-submit`, `spark-defaults.conf`), else on this machine.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingImports=false
# (PyArrow has no types, and PySpark is not installed everywhere.)

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from regulars.kit.errors import SparkRefused
from regulars.lake.dialect import SPARK, Dialect

OWN = {
    "spark.ui.enabled": "false",
    # Bars of progress of our own are enough.
    "spark.ui.showConsoleProgress": "false",
    # Pieces that are too small are put together, and these are enough for many machines.
    "spark.sql.shuffle.partitions": "64",
}
"""How a session of our own differs from Spark's."""
SQL_TYPES = {"bigint": "bigint", "text": "string", "boolean": "boolean", "double precision": "double"}


class Engine:
    """One session for one question, in the shape of DuckDB's engine."""

    dialect: Dialect = SPARK

    def __init__(self, session: Any) -> None:
        self._session = session
        self._kept: list[Any] = []
        self._views: list[str] = []

    def view(self, name: str, query: str) -> None:
        """What the query gives, under a name."""
        self._session.sql(query).createOrReplaceTempView(name)
        self._views.append(name)

    def make(self, name: str, query: str) -> None:
        """The same, computed once however often it is read."""
        found = self._session.sql(query).persist()
        found.createOrReplaceTempView(name)
        self._kept.append(found)
        self._views.append(name)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return [tuple(row) for row in self._session.sql(statement).collect()]

    def read_facts(self, name: str, files: Sequence[str], columns: Mapping[str, str]) -> None:
        """A view of these Parquet files; without files an empty table of these columns."""
        if not files:
            self.table(name, columns, [])
            return
        # Folders are named after days, which Spark would take for a column beside the one in the files.
        found = self._session.read.option("recursiveFileLookup", "true").parquet(*files)
        found.createOrReplaceTempView(name)
        self._views.append(name)

    def table(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of rows in the order of `columns` (name to bigint, boolean, double precision or text)."""
        shape = ", ".join(f"`{column}` {SQL_TYPES[type_]}" for column, type_ in columns.items())
        self._session.createDataFrame([tuple(row) for row in rows], shape).createOrReplaceTempView(name)
        self._views.append(name)

    def close(self) -> None:
        """Forget all of it."""
        for name in self._views:
            self._session.catalog.dropTempView(name)
        for kept in self._kept:
            kept.unpersist()


def check() -> None:
    """Raise SparkRefused where Spark cannot run."""
    try:
        import_module("pyspark.sql")
    except ImportError:
        raise SparkRefused("PySpark is not installed", "pip install 'regulars[spark]', then run it again") from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        raise SparkRefused("Spark needs Java and finds none", "Install Java 17 or newer, or set JAVA_HOME")


@contextmanager
def session(spill: str) -> Generator[Any, None, None]:
    """The session that is there, else one of our own that ends with us; what does not fit into memory goes to `spill`.

    Raises SparkRefused.
    """
    check()
    sql = import_module("pyspark.sql")
    running = sql.SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with warnings.catch_warnings():
        # Nothing goes through pandas here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        builder = sql.SparkSession.builder.appName("regulars")
        for name, value in OWN.items():
            builder = builder.config(name, value)
        own = builder.config("spark.local.dir", spill).getOrCreate()
        own.sparkContext.setLogLevel("ERROR")
        try:
            yield own
        finally:
            own.stop()


@contextmanager
def engine() -> Generator[Engine, None, None]:
    """A fresh engine, forgotten at the end. Raises SparkRefused."""
    with TemporaryDirectory(prefix="regulars-spark-") as spill, session(spill) as running:
        found = Engine(running)
        try:
            yield found
        finally:
            found.close()


__all__ = ["OWN", "Engine", "check", "engine", "session"]
