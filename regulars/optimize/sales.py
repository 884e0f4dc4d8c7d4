"""Orders and their products out of the lake, by customer: what the reports on purchases read.

The lake names records and never customers, so membership comes from PostgreSQL as it is now: a report about last year
is about the people we know today.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.app import App
from regulars.store import queries

PG = queries("regulars.optimize")
SQL = queries("regulars.optimize.reports")
# Reports share the machine with the worker; DuckDB would take all of it.
THREADS = 2
MEMORY = "512MB"
WEEK_DAYS = 7


class Sales:
    """The views `orders` and `lines` in an engine of their own."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, days: tuple[int, int]) -> None:
        self._engine = engine
        self.first_day, self.last_day = days

    def rows(self, query: str, **params: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._engine.execute(query, params or None).fetchall()

    def columns(self, query: str, **params: Any) -> dict[str, NDArray[Any]]:
        """The columns of a query, by name."""
        fetched: dict[str, Any] = self._engine.execute(query, params or None).fetchnumpy()
        return {name: np.ma.getdata(values) for name, values in fetched.items()}


class Period:
    """`days` up to and including `until`, and as many before them."""

    def __init__(self, days: int, until: int) -> None:
        self.days = days
        self.until = until
        self.split = until - days + 1
        self.start = until - 2 * days + 1

    @property
    def bounds(self) -> dict[str, int]:
        """As parameters of the queries."""
        return {"start": self.start, "split": self.split, "until": self.until}


@contextmanager
def opened(app: App) -> Generator[Sales | None, None, None]:
    """The sales that have reached the lake; None before the first."""
    files = [str(app.lake.root / path) for (path,) in app.db.execute(PG.fact_files).fetchall()]
    if not files:
        yield None
        return
    with duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY}) as engine:
        facts = engine.read_parquet(files, hive_partitioning=False)
        facts.create_view("facts")
        _bring_members(app, engine)
        engine.execute(SQL.orders_view)
        engine.execute(SQL.lines_view)
        first, last = engine.execute(SQL.first_and_last).fetchone() or (None, None)
        yield None if first is None or last is None else Sales(engine, (first, last))


def compared(app: App, params: dict[str, Any], *asked: str) -> tuple[Period, list[dict[str, NDArray[Any]]]] | None:
    """What these queries say about the period of `params` and the one before it; None while there is no order."""
    with opened(app) as lake:
        if lake is None:
            return None
        period = Period(params["days"], params["until"] or lake.last_day)
        return period, [lake.columns(query, **period.bounds) for query in asked]


def _bring_members(app: App, engine: duckdb.DuckDBPyConnection) -> None:
    members = app.db.execute(PG.members).fetchall()
    engine.execute(SQL.member_table)
    if members:
        columns = np.array(members, dtype=np.int64)
        engine.register("arrived", {"signature": columns[:, 0], "customer": columns[:, 1]})
        engine.execute(SQL.take_members)
    spans = app.db.execute(PG.spans).fetchall()
    engine.execute(SQL.span_table)
    if spans:
        columns = np.array(spans, dtype=np.int64)
        names = ("signature", "from_us", "to_us", "customer")
        engine.register("arrived_spans", {name: columns[:, at] for at, name in enumerate(names)})
        engine.execute(SQL.take_spans)
