"""The list of tables as a document, made from the database itself: `make docs` writes it, a test compares it.

python -m tests.house.tables
"""

import re
import tempfile
from pathlib import Path

import psycopg

from regulars.store import embedded, migrate
from tests.house.reading import PACKAGE, ROOT

TARGET = ROOT / "docs" / "reference" / "tables.md"
COLUMNS = """
select c.table_name, c.column_name,
    format_type(a.atttypid, a.atttypmod) || case when c.is_nullable = 'NO' then '' else ', may be unknown' end
from information_schema.columns c
join pg_class t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace
join pg_attribute a on a.attrelid = t.oid and a.attname = c.column_name
where c.table_schema = 'public' and c.table_name !~ 'yoyo'
order by c.table_name, c.ordinal_position
"""
HEAD = """# Tables

What stands in PostgreSQL, by the room that writes it. Made by `make docs` from an empty database; a test compares it.
Read any of them; write none: the journal is the truth and the rest is made from it. Traits make further tables at run
time (`trait_state` and one per family of cells), which follow the catalogue.
"""
MADE = re.compile(r"create\s+(?:unlogged\s+)?(?:table|view|materialized view)\s+(?:if\s+not\s+exists\s+)?(\w+)", re.I)


def described(connection: psycopg.Connection) -> str:
    """The document."""
    columns: dict[str, list[str]] = {}
    for table, column, kind in connection.execute(COLUMNS).fetchall():
        columns.setdefault(str(table), []).append(f"`{column}` {kind}")
    parts = [HEAD]
    for path in sorted((PACKAGE / "store" / "migrations").glob("*.sql")):
        text = path.read_text()
        parts.append(f"\n## {path.stem.split('_', 1)[1]}\n")
        for name in [name for name in MADE.findall(text) if name in columns]:
            why = reason(text, name)
            parts.append(f"\n**`{name}`**{': ' + why if why else ''}\n\n{'; '.join(columns[name])}\n")
    return "".join(parts)


def reason(text: str, name: str) -> str:
    """The comment right above the statement that makes a table."""
    before = re.split(rf"^create[^\n]*\b{name}\b", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)[0].splitlines()
    lines: list[str] = []
    while before and before[-1].startswith("--"):
        lines.insert(0, before.pop().removeprefix("--").strip())
    return " ".join(lines)


def write() -> None:
    """Write the document from a new, empty database."""
    with tempfile.TemporaryDirectory(prefix="regulars-docs-") as folder:
        Path(folder).chmod(0o755)
        with embedded.serving(Path(folder) / "home") as dsn:
            migrate.migrate(dsn)
            with psycopg.connect(dsn) as connection:
                TARGET.write_text(described(connection))


if __name__ == "__main__":
    write()
