"""Many rows at once on their way to PostgreSQL, as text that costs neither side much.

psycopg dumps a list element by element in Python, ten times the work of COPY; a batch has tens of thousands of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

import psycopg


def copy(db: psycopg.Connection, statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> None:
    """Send rows through a `copy … from stdin`; its constraints hold as for any insert."""
    with db.cursor().copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


def array(values: Iterable[int | bool | None]) -> str:
    """Numbers or truths as an array literal, for a parameter that the statement casts; None becomes NULL."""
    return "{" + repr(list(values))[1:-1].replace("None", "NULL") + "}"


def quoted(values: Iterable[object | None]) -> str:
    """Texts, or what reads as text such as instants, as an array literal; None becomes NULL."""
    return "{" + ",".join(["NULL" if value is None else _quote(str(value)) for value in values]) + "}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
