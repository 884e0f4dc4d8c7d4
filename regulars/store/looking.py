"""Looking through a table for words, whatever its columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

# Of PostgreSQL's pages of 8 KiB: a statement's worth of reading.
PAGES_AT_ONCE = 256


def matches(db: psycopg.Connection, table: str, columns: Sequence[tuple[str, str]], pattern: str) -> Iterator[int]:
    """Rows of which one of these columns (name, type) fits a regular expression, upper and lower case alike; by slices.

    In a transaction of repeatable reads: a row that is written anew meanwhile moves, and would be missed.
    """
    if not columns:
        return
    # Names come from the database itself and are quoted; bytes are read as the text they may be.
    texts = [
        sql.SQL("encode({}, 'escape')").format(sql.Identifier(name))
        if kind == "bytea"
        else sql.SQL("{}::text").format(sql.Identifier(name))
        for name, kind in columns
    ]
    fits = sql.SQL(" or ").join(sql.SQL("{} ~* %(pattern)s").format(text) for text in texts)
    name = sql.Identifier(table)
    here = sql.SQL("ctid >= %(first)s::text::tid and ctid < %(beyond)s::text::tid")
    query = sql.SQL("select count(*) from {} where {} and ({})").format(name, here, fits)
    size = sql.SQL("select pg_relation_size({}) / current_setting('block_size')::int").format(sql.Literal(table))
    pages = db.execute(size).fetchall()[0][0]
    for first in range(0, pages, PAGES_AT_ONCE):
        given = {"pattern": pattern, "first": f"({first},0)", "beyond": f"({first + PAGES_AT_ONCE},0)"}
        yield db.execute(query, given).fetchall()[0][0]
