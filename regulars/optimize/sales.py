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
from regulars.optimize.words import span
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

    def period(self, days: int, until: int | None) -> Period | None:
        """The period asked for, cut to the days on which orders are known; None where not even two days are.

        One that begins before the data is partly empty, and what follows would be called growth.
        Both are shortened alike, to whole weeks where there is one, so that they hold the same weekdays.
        """
        until = self.last_day if until is None else min(until, self.last_day)
        most = (until - self.first_day + 1) // 2
        if most < 1:
            return None
        if days > most:
            return Period(most // WEEK_DAYS * WEEK_DAYS or most, until, is_cut=True)
        return Period(days, until)

    def rows(self, query: str, **params: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._engine.execute(query, params or None).fetchall()

    def columns(self, query: str, **params: Any) -> dict[str, NDArray[Any]]:
        """The columns of a query, by name."""
        fetched: dict[str, Any] = self._engine.execute(query, params or None).fetchnumpy()
        return {name: np.ma.getdata(values) for name, values in fetched.items()}


class Period:
    """`days` up to and including `until`, and as many before them. `is_cut`: more were asked for than are known."""

    def __init__(self, days: int, until: int, is_cut: bool = False) -> None:
        self.days = days
        self.until = until
        self.is_cut = is_cut
        self.split = until - days + 1
        self.start = until - 2 * days + 1

    @property
    def bounds(self) -> dict[str, int]:
        """As parameters of the queries."""
        return {"start": self.start, "split": self.split, "until": self.until}

    @property
    def told(self) -> str:
        """The line that names both periods: 26 Oct 2026 to 22 Nov 2026 against the 28 days before."""
        before = f"{self.days} days" if self.days > 1 else "day"
        told = f"{span(self.split, self.until)} against the {before} before"
        return f"{told}, which is as far as orders go back" if self.is_cut else told


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
    """What these queries say about the period of `params` and the one before it; None while no two days are known."""
    with opened(app) as lake:
        period = lake.period(params["days"], params["until"]) if lake else None
        if lake is None or period is None:
            return None
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
