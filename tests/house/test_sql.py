"""The room that writes a table owns it; every query has a name, a reason and a reader."""

import ast
import re

import sqlglot
from sqlglot import exp

from tests.house.reading import PACKAGE, modules, named_queries, query_files, refuse

WRITE = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?|copy)\s+(?:only\s+)?\"?([a-z_][a-z_0-9]*)",
    re.IGNORECASE,
)
# Words that follow `update` or `copy` without being a table.
NOT_TABLES = {"set", "of", "skip", "nowait", "to", "from", "as"}
CREATED = re.compile(
    r"^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(\w+)", re.IGNORECASE | re.MULTILINE
)
# Tables that live for a transaction, a bench or a DuckDB session are made where they are written.
CREATED_IN_PASSING = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(\w+)",
    re.IGNORECASE,
)
WRITER = re.compile(r"Writer: (\w+)")
SQL_VERB = re.compile(
    r"^\s*(insert\s+into|update\s+\w+\s+set|delete\s+from|select\b.*\bfrom|truncate\s|merge\s+into)\b", re.I | re.S
)
# Where SQL is made by SQLGlot, or is the wire format of a COPY, or belongs to the database and not to a room.
BUILDS_SQL = ("regulars/analyze/", "regulars/optimize/", "regulars/lake/", "regulars/store/", "regulars/bench/")


def test_one_room_writes_a_table() -> None:
    owners = table_owners()
    faults = [
        f"{query.place} writes {table}, which belongs to {owners[table]}"
        for query in named_queries()
        for table in written(query.sql)
        if table in owners and owners[table] != query.room
    ]

    refuse(faults, "The room that writes a table owns the feature: ask the owner through its face.")


def test_what_is_written_is_a_table_that_a_migration_made() -> None:
    texts = [path.read_text() for path in query_files()] + [module.text for module in modules()]
    known = set(table_owners()) | {name for text in texts for name in CREATED_IN_PASSING.findall(text)}
    faults = [
        f"{query.place} writes {table}"
        for query in named_queries()
        for table in written(query.sql)
        if table not in known and query.room != "analyze"  # traits make their own tables
    ]

    refuse(faults, "No migration makes this table.")


def test_every_query_says_why_and_is_used() -> None:
    used = {
        (module.room, node.attr)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    }
    faults = [f"{query.place}: no line of why" for query in named_queries() if not query.why]
    faults += [f"{query.place}: nobody uses it" for query in named_queries() if (query.room, query.name) not in used]

    refuse(faults, "A query is '-- name: x', a comment line of why, the SQL; and somebody calls it.")


def test_queries_that_are_called_exist() -> None:
    names = {(query.room, query.name) for query in named_queries()}
    faults = [
        f"{module.place}:{node.lineno} SQL.{node.attr}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "SQL"
        if (module.room, node.attr) not in names and node.attr != "names"
    ]

    refuse(faults, "No query of this name stands in the room's queries.sql.")


def test_row_sql_stands_in_queries_files_only() -> None:
    faults = [
        f"{module.place}:{node.lineno} {node.value.strip()[:60]!r}"
        for module in modules()
        if not module.place.startswith(BUILDS_SQL)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_VERB.match(node.value)
        and "\n\n" not in node.value
    ]  # fmt: skip

    refuse(faults, "Put it into the room's queries.sql under a name, with a line of why.")


def table_owners() -> dict[str, str]:
    """Who writes a table: the room that the head of its migration names ("Writer: collect.")."""
    owners: dict[str, str] = {}
    for path in sorted((PACKAGE / "store" / "migrations").glob("*.sql")):
        text = path.read_text()
        said = WRITER.search(text)
        assert said, f"{path.name}: its first comment says 'Writer: <room>.'"
        owners |= dict.fromkeys(CREATED.findall(text), said.group(1))
    return owners


def written(sql: str) -> set[str]:
    """The tables that a statement writes."""
    plain = re.sub(r"%\((\w+)\)s", r":\1", sql).replace("%%", "%")
    try:
        trees = [tree for tree in sqlglot.parse(plain, dialect="postgres") if tree]
    except sqlglot.errors.ParseError:
        trees = []
    if not trees or any(isinstance(tree, exp.Command) for tree in trees):
        return {name.lower() for name in WRITE.findall(plain)} - NOT_TABLES
    return {
        table.name
        for tree in trees
        for node in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy, exp.TruncateTable)
        for table in [node.this.find(exp.Table) if node.this else None]
        if table
    }
