"""Looking through a table for words, whatever its columns are."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql


def count_matches(db: psycopg.Connection, table: str, columns: Sequence[tuple[str, str]], pattern: str) -> int:
    """Rows of which one of these columns (name, type) fits a regular expression, upper and lower case alike."""
    if not columns:
        return 0
    # Names come from the database itself and are quoted; bytes are read as the text they may be.
    texts = [
        sql.SQL("encode({}, 'escape')").format(sql.Identifier(name))
        if kind == "bytea"
        else sql.SQL("{}::text").format(sql.Identifier(name))
        for name, kind in columns
    ]
    fits = sql.SQL(" or ").join(sql.SQL("{} ~* %(pattern)s").format(text) for text in texts)
    query = sql.SQL("select count(*) from {} where {}").format(sql.Identifier(table), fits)
    row = db.execute(query, {"pattern": pattern}).fetchone()
    assert row is not None, "an aggregate has a row"
    return row[0]
