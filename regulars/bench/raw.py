"""The raw limit: journal rows written by a plain multi-row INSERT over one connection, into a copy of the journal.

The copy has the journal's index, constraints and foreign key; rows are made beforehand and committed in groups as
large as the journal's own may be at best. Both ways of writing a multi-row INSERT are tried; the faster one counts.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg

from regulars.app import App
from regulars.store import queries

SQL = queries("regulars.bench")
ROWS_PER_COMMIT = 5_000
COPY_PIECE_BYTES = 1024 * 1024
COLUMNS = ("source_id", "received_at", "message_id", "kind", "name", "occurred_at", "body", "body_hash")


def insert_rates(app: App, rows: Sequence[tuple[Any, ...]]) -> dict[str, float]:
    """Rows a second by way of writing it; each row is the values of COLUMNS, the body as text."""
    rates: dict[str, float] = {}
    with app.store.pool.connection() as connection:
        for way, write in (("values", _insert_values), ("unnest", _insert_unnest)):
            for statement in (SQL.drop_raw_journal, SQL.make_raw_journal, SQL.link_raw_journal):
                connection.execute(statement)
            connection.commit()
            start = time.perf_counter()
            for first in range(0, len(rows), ROWS_PER_COMMIT):
                write(connection, rows[first : first + ROWS_PER_COMMIT])
                connection.commit()
            rates[way] = len(rows) / (time.perf_counter() - start)
        connection.execute(SQL.drop_raw_journal)
    return rates


def copy_rate(app: App, path: Path) -> float:
    """Rows a second by one COPY in one transaction, of what the journal holds, from a file made beforehand."""
    fresh = (SQL.drop_raw_journal, SQL.make_raw_journal, SQL.link_raw_journal)
    with app.store.pool.connection() as connection:
        for statement in (*fresh, SQL.fill_raw_journal):
            connection.execute(statement)
        with path.open("wb") as file, connection.cursor().copy(SQL.copy_raw_out) as out:
            file.writelines(out)
        for statement in fresh:
            connection.execute(statement)
        connection.commit()
        start = time.perf_counter()
        with path.open("rb") as file, connection.cursor() as cursor:
            with cursor.copy(SQL.copy_raw_in) as into:
                while piece := file.read(COPY_PIECE_BYTES):
                    into.write(piece)
            connection.commit()
            rate = cursor.rowcount / (time.perf_counter() - start)
        connection.execute(SQL.drop_raw_journal)
    return rate


def _insert_values(connection: psycopg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ",".join(["(%b,%b,%b,%b,%b,%b,%s,%b)"] * len(rows))
    text = cast(LiteralString, SQL.insert_raw_values + marks)
    connection.execute(text, [value for row in rows for value in row])


def _insert_unnest(connection: psycopg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(SQL.insert_raw_unnest, dict(zip(COLUMNS, columns, strict=True)))
