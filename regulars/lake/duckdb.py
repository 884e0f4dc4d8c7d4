"""DuckDB over the lake: one short-lived connection, bounded memory, lists in and lists out."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from regulars.lake.arrow import pa
from regulars.lake.dialect import DUCKDB, Dialect

MEMORY_LIMIT = "1GB"
THREADS = 2
PIECE_ROWS = 16_384


class Engine:
    """One in-memory database for one question."""

    dialect: Dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def beside(self) -> Engine:
        """The same database for another thread."""
        other = self._connection.cursor()
        other.execute("use work").fetchall()
        return Engine(other)

    def run(self, statement: str, given: Mapping[str, object] | None = None) -> None:
        """Execute a statement that answers nothing. The result is read to its end: an unread one blocks the next."""
        self._connection.execute(statement, dict(given or {})).fetchall()

    def view(self, name: str, query: str) -> None:
        """What the query gives, under a name."""
        self.run(f'create view "{name}" as {query}')

    def make(self, name: str, query: str) -> None:
        """The same, computed once however often it is read."""
        self.run(f'create table "{name}" as {query}')

    def drop(self, name: str) -> None:
        """Forget a table or a view, if it is there."""
        kinds = self.rows("select table_type from information_schema.tables where table_name = $name", {"name": name})
        for (kind,) in kinds:
            self.run(f'drop {"view" if kind == "VIEW" else "table"} "{name}"')

    def rows(self, statement: str, given: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query; `$name` in it is `given[name]`."""
        return self._connection.execute(statement, dict(given or {})).fetchall()

    def columns(self, statement: str, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """All rows of a query as NumPy arrays by column; nothing may be NULL in it."""
        fetched = self._connection.execute(statement, dict(given or {})).fetchnumpy()
        return {name: np.ma.getdata(values) for name, values in fetched.items()}

    def pieces(self, statement: str, rows: int) -> Iterator[list[tuple[Any, ...]]]:
        """The same, so many at a time: a million rows are never in memory together."""
        self._connection.execute(statement)
        while piece := self._connection.fetchmany(rows):
            yield piece

    def read_facts(self, name: str, files: Sequence[str], columns: Mapping[str, str]) -> None:
        """A view of these Parquet files; without files an empty table of these columns."""
        if not files:
            self.table(name, columns, [])
            return
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        self.view(name, f"select * from read_parquet([{listed}], hive_partitioning = false)")

    def fill(self, name: str, batches: Any) -> None:
        """A table of the rows of a PyArrow RecordBatchReader, which is read to its end."""
        self._connection.register("given_rows", batches)
        self.make(name, "select * from given_rows")
        self._connection.unregister("given_rows")

    def confine(self, folder: str) -> None:
        """From now on: no file outside this folder is read, nothing is installed, and no setting can be changed."""
        inside = folder.replace("'", "''")
        for setting in (
            f"allowed_directories = ['{inside}']",
            "enable_external_access = false",
            "python_enable_replacements = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "lock_configuration = true",
        ):
            self.run(f"set {setting}")

    def stream(self, statement: str, rows_a_batch: int) -> Any:
        """The answer of a query as a PyArrow RecordBatchReader, computed as it is read."""
        return self._connection.sql(statement).to_arrow_reader(rows_a_batch)

    def interrupt(self) -> None:
        """Stop what is running, from another thread."""
        self._connection.interrupt()

    def table(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of rows in the order of `columns` (name to bigint, boolean, double precision or text)."""
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        types = {"bigint": pa.int64(), "text": pa.string(), "boolean": pa.bool_(), "double precision": pa.float64()}
        arrays = [pa.array(v, type=types[t]) for v, t in zip(values, columns.values(), strict=True)]
        self._connection.register("given_rows", pa.table(arrays, names=list(columns)))
        self.make(name, "select * from given_rows")
        self._connection.unregister("given_rows")

    def given(self, name: str, rows: Any) -> None:
        """A table of a PyArrow table, types and all."""
        self._connection.register("given_rows", rows)
        self.make(name, "select * from given_rows")
        self._connection.unregister("given_rows")

    def arrays(self, name: str, columns: Mapping[str, Any]) -> None:
        """A table of NumPy arrays of equal length, by column."""
        self._connection.register("given_arrays", pa.table({key: pa.array(values) for key, values in columns.items()}))
        self.make(name, "select * from given_arrays")
        self._connection.unregister("given_arrays")


@contextmanager
def engine(threads: int = THREADS) -> Generator[Engine, None, None]:
    """A fresh engine, closed at the end. What does not fit into MEMORY_LIMIT goes to a folder that goes with it."""
    with TemporaryDirectory(prefix="regulars-lake-") as spill:
        connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": threads, "temp_directory": spill})
        try:
            # A thread takes a piece of a table at a time: in pieces of the usual size most tables here are one.
            connection.execute(f"attach ':memory:' as work (row_group_size {PIECE_ROWS}); use work")
            yield Engine(connection)
        finally:
            connection.close()
