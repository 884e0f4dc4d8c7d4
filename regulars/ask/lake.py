"""Answers out of the lake: DuckDB over its Parquet files, with the same views.

Views that the lake does not hold are fetched from PostgreSQL when a statement looks at them, as the asking reader sees
them. Before the statement runs, DuckDB is shut in: no file but the lake's, nothing installed, no setting changed.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types.)

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain
from threading import Timer
from typing import Any

import duckdb as engine_of_lake
import psycopg
from sqlglot import exp

from regulars import analyze, collect
from regulars.app import App
from regulars.ask import postgres
from regulars.ask.errors import QuestionFailed, QuestionTooLong
from regulars.ask.statement import Question
from regulars.ask.views import SQL, VIEW_BY_NAME, View
from regulars.lake import duckdb
from regulars.lake.arrow import pa
from regulars.lake.dialect import DUCKDB, POSTGRES, column

BATCH_ROWS = 65_536
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
FACTS = {"signature": "bigint"} | {column.name: column.type for column in collect.FACT_COLUMNS}


def batches(
    app: App, db: psycopg.Connection, question: Question, schema: str, rows_max: int | None, seconds: float
) -> Iterator[Any]:
    """The answer as PyArrow record batches; at least one. `db` reads the views of `schema`."""
    with _told(), duckdb.engine() as duck:
        looked_at = [VIEW_BY_NAME[name] for name in sorted(question.views)]
        for view in looked_at:
            if not view.lake:
                place = exp.table_(view.name, db=schema, quoted=True)
                there = postgres.schema_of(db, exp.select("*").from_(place).sql(POSTGRES)).names
                looked = exp.select(*[column(name) for name in question.columns(there)]).from_(place)
                _fetch(duck, view.name, db, looked.sql(POSTGRES))
        _open_lake(app, duck, [view for view in looked_at if view.lake])
        duck.confine(str(app.lake.root))
        with _limited(duck, seconds):
            reader = duck.stream(question.text(DUCKDB, rows_max=rows_max), BATCH_ROWS)
            yield from _plain(reader.schema, reader)


def past_traits(app: App, question: Question, day: date, seconds: float, rows_max: int | None) -> Iterator[Any]:
    """The answer of a question about `traits` alone, as they were at the end of a day."""
    with app.transaction() as inside:
        columns = {trait.name: trait.type for trait in analyze.trait_columns(inside)}
        built = analyze.rebuild(inside, day.toordinal() - EPOCH_ORDINAL)
        known = {customer for (customer,) in inside.db.execute(SQL.known)}
    places = [built.columns.index(name) for name in columns]
    rows = [(row[0], row[0] in known, *[row[place] for place in places]) for row in built.rows]
    with _told(), duckdb.engine() as duck:
        duck.table("traits", {"customer": "bigint", "known": "boolean"} | columns, rows)
        duck.confine(str(app.lake.root))
        with _limited(duck, seconds):
            reader = duck.stream(question.text(DUCKDB, rows_max=rows_max), BATCH_ROWS)
            yield from _plain(reader.schema, reader)


def _open_lake(app: App, duck: duckdb.Engine, views: list[View]) -> None:
    if not views:
        return
    with app.transaction() as inside:
        duck.read_facts("facts", collect.fact_files(inside), FACTS)
        _fetch(duck, "membership", inside.db, SQL.membership)
        _fetch(duck, "span", inside.db, SQL.spans)
    duck.view("owned_facts", SQL.lake_facts)
    for view in views:
        duck.view(view.name, view.lake)


def _fetch(duck: duckdb.Engine, name: str, db: psycopg.Connection, statement: str) -> None:
    parts = postgres.batches(db, statement)
    first = next(parts)
    duck.fill(name, pa.RecordBatchReader.from_batches(first.schema, chain([first], parts)))


def _plain(schema: Any, parts: Iterable[Any]) -> Iterator[Any]:
    """The same with the types of PostgreSQL's answers: what is wider than 64 bits is a double. At least one batch."""
    wanted = pa.schema([pa.field(each.name, _type(each.type)) for each in schema])
    is_empty = True
    for part in parts:
        is_empty = False
        columns = [column.cast(each.type) for column, each in zip(part.columns, wanted, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=wanted)
    if is_empty:
        yield pa.RecordBatch.from_arrays([pa.array([], type=each.type) for each in wanted], schema=wanted)


def _type(of: Any) -> Any:
    if pa.types.is_decimal(of):
        return pa.float64()
    return pa.timestamp("us", tz="UTC") if pa.types.is_timestamp(of) and of.tz else of


@contextmanager
def _limited(duck: duckdb.Engine, seconds: float) -> Generator[None, None, None]:
    timer = Timer(seconds, duck.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _told() -> Generator[None, None, None]:
    """What DuckDB says, in our words."""
    try:
        yield
    except (engine_of_lake.InterruptException, OSError) as fault:
        # Stopped while it hands rows over, DuckDB tells PyArrow, which knows no better name for it.
        if "INTERRUPT" not in str(fault).upper():
            raise
        raise QuestionTooLong(
            "The answer took longer than it may", "Ask for less, or allow more seconds (--seconds)"
        ) from None
    except engine_of_lake.Error as fault:
        said = str(fault).splitlines()[0]
        raise QuestionFailed(f"DuckDB says: {said[:300]}", "Look at docs/reference/views.md") from None
