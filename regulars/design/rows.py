"""Many rows at once on their way to PostgreSQL, as text that costs neither side much.

psycopg dumps a list element by element in Python, ten times the work of COPY; a batch has tens of thousands of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from regulars.app import App


def copy(app: App, statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> None:
    """Send rows through a `copy … from stdin`; its constraints hold as for any insert."""
    with app.db.cursor().copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


def array(values: Iterable[int | bool | None]) -> str:
    """Numbers or truths as an array literal, for a parameter that the statement casts."""
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def quoted(texts: Iterable[str]) -> str:
    """Texts as an array literal."""
    return "{" + ",".join(['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts]) + "}"
