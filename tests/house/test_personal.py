"""Every table is declared by the room that writes it: what it holds about people, or why it holds nothing."""

from collections import defaultdict

import psycopg
import pytest

from regulars.model import EVERY_COLUMN, Hangs, Holding, Impersonal
from regulars.privacy import registry
from tests.house.reading import refuse
from tests.house.test_sql import table_owners

COLUMNS = """
select c.table_name, c.column_name
from information_schema.columns c
join information_schema.tables t on t.table_name = c.table_name and t.table_schema = c.table_schema
where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name !~ 'yoyo'
"""
RULE = (
    "Say in <room>/personal.py what the table holds about people, or why it holds nothing (docs/reference/privacy.md)."
)


@pytest.fixture
def columns(database_url: str) -> dict[str, set[str]]:
    """Columns of every table that a migration made."""
    found: dict[str, set[str]] = defaultdict(set)
    with psycopg.connect(database_url) as connection:
        for table, column in connection.execute(COLUMNS).fetchall():
            found[str(table)].add(str(column))
    return found


def test_every_table_says_what_it_holds_about_people(columns: dict[str, set[str]]) -> None:
    refuse(undeclared(columns, registry.declared()), RULE)


def test_a_column_that_nobody_declared_is_found() -> None:
    said = {"profile": (Holding(table="note", title="Notes", hangs=Hangs.CUSTOMER, keys=("customer",)),)}
    columns = {"note": {"customer", "body"}, "letter": {"customer"}}

    assert undeclared(columns, said) == ["letter is declared by nobody", "note.body is neither told nor kept"]


def test_what_is_declared_is_there_and_belongs_to_who_says_so(columns: dict[str, set[str]]) -> None:
    owners = table_owners()
    faults: list[str] = []
    for room, said in registry.declared().items():
        for one in said:
            if isinstance(one, Holding) and one.is_pattern:
                continue
            if owners.get(one.table) != room:
                faults.append(f"{room} declares {one.table}, which belongs to {owners.get(one.table)}")
            elif isinstance(one, Holding):
                faults += [f"{one.table} has no column {name}" for name in named(one) - columns[one.table]]

    refuse(faults, RULE)


def test_what_an_export_leaves_out_has_a_reason() -> None:
    faults = [
        f"{one.table}: why is {', '.join(one.kept)} not told?"
        for one in registry.holdings()
        if one.kept and not one.why_kept
    ]
    faults += [
        f"{one.table}: of which table?" for one in registry.holdings() if (one.hangs is Hangs.ROW) != bool(one.of)
    ]

    refuse(faults, RULE)


def undeclared(columns: dict[str, set[str]], said: dict[str, tuple[Holding | Impersonal, ...]]) -> list[str]:
    """Tables and columns that no room speaks of, and tables that two speak of."""
    faults: list[str] = []
    everything = [one for tables in said.values() for one in tables]
    for table, present in columns.items():
        found = [one for one in everything if is_about(one, table)]
        if len(found) != 1:
            faults.append(f"{table} is declared by {'nobody' if not found else f'{len(found)} rooms'}")
        elif isinstance(found[0], Holding) and EVERY_COLUMN not in (*found[0].told, *found[0].kept):
            faults += [f"{table}.{name} is neither told nor kept" for name in sorted(present - named(found[0]))]
    return sorted(faults)


def is_about(one: Holding | Impersonal, table: str) -> bool:
    """Whether this declaration speaks of the table."""
    return one.speaks_of(table) if isinstance(one, Holding) else one.table == table


def named(one: Holding) -> set[str]:
    """The columns it names."""
    return {*one.keys, *one.told, *one.kept} - {EVERY_COLUMN}
