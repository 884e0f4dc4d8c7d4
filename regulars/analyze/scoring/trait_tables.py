"""The traits that scores ask for, as columns: of now from PostgreSQL, of a past day and after it from the lake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from psycopg import sql

from regulars.analyze.plan import Plan
from regulars.analyze.rebuild import fold_days
from regulars.analyze.schema import ready
from regulars.analyze.scores import Cells, Floats, Ints, Lesson, Score, TraitTable
from regulars.analyze.traits import OfKeys
from regulars.app import App

# Whose traits or cells come as one value: with 30 cells each some 3 MB.
PACKED_CUSTOMERS = 4_096


def read_table(
    app: App, score: Score, as_of_day: int, customer: int | None = None, span: tuple[int, int | None] | None = None
) -> TraitTable:
    """The traits this score needs: of everybody we know, of one customer, or of the numbers from `span` up to its end.

    Not known is NaN. With cells some 30 numbers a customer stand in memory: who reads everybody's reads by spans.
    """
    names = score.needs
    where = _where(customer, span, "known")
    sent = [sql.SQL("float8send(coalesce({}::float8, 'NaN'))").format(sql.Identifier(name)) for name in names]
    query = sql.SQL("select string_agg({}, ''::bytea) from trait_state where {} group by customer / {}").format(
        sql.SQL(" || ").join([sql.SQL("int8send(customer)"), *sent]), where, sql.Literal(PACKED_CUSTOMERS)
    )
    fields = [("customer", ">i8"), *((f"value_{at}", ">f8") for at in range(len(names)))]
    rows = np.frombuffer(_packed(app, query), dtype=np.dtype(fields))
    rows = rows[np.argsort(rows["customer"], kind="stable")]
    values = {name: rows[f"value_{at}"].astype(np.float64) for at, name in enumerate(names)}
    customers = rows["customer"].astype(np.int64)
    table = TraitTable(as_of_day=as_of_day, customers=customers, columns=values)
    if score.cells is None:
        return table
    return TraitTable(
        as_of_day=as_of_day, customers=customers, columns=values, cells=_cells(app, score.cells, table, customer, span)
    )


def read_lesson(app: App, every: Sequence[Score], customers: list[int], days: tuple[int, int]) -> dict[str, Lesson]:
    """These customers as of the first of the days, and what they did up to the second, for each score by its name."""
    before_day, until = days
    names = sorted({name for score in every for name in score.needs})
    cells = list(dict.fromkeys(score.cells for score in every if score.cells is not None))
    before = _folded(app, names, cells, customers, (-1, before_day))
    after = _folded(app, names, cells, customers, (before_day, until))
    return {
        score.name: Lesson(before=_of(score, *before, before_day), after=_of(score, *after, until)) for score in every
    }


Folded = tuple[Any, dict[str, Floats], dict[OfKeys, Cells]]


def _folded(app: App, names: list[str], cells: list[OfKeys], customers: list[int], days: tuple[int, int]) -> Folded:
    built, counts = fold_days(app, names, cells, customers, days)
    order = sorted(range(len(built.rows)), key=lambda at: built.rows[at][0])
    found = np.array([built.rows[at][0] for at in order], dtype=np.int64)
    columns = {
        name: np.array([built.rows[at][place] for at in order], dtype=np.float64)
        for place, name in enumerate(built.columns)
        if name in names
    }
    held: dict[OfKeys, Cells] = {}
    for cell, rows in zip(cells, counts, strict=True):
        keys = tuple(sorted({row[1] for row in rows}))
        at_key = {key: at for at, key in enumerate(keys)}
        held[cell] = Cells(
            keys=keys,
            rows=np.searchsorted(found, np.array([row[0] for row in rows], dtype=np.int64)),
            places=np.array([at_key[row[1]] for row in rows], dtype=np.int64),
            counts=np.array([row[2] for row in rows], dtype=np.float64),
        )
    return found, columns, held


def _of(score: Score, customers: Any, columns: dict[str, Floats], held: dict[OfKeys, Cells], day: int) -> TraitTable:
    own = {name: columns[name] for name in score.needs}
    cells = None if score.cells is None else held[score.cells]
    return TraitTable(as_of_day=day, customers=customers, columns=own, cells=cells)


def _where(customer: int | None, span: tuple[int, int | None] | None, known: str) -> sql.Composable:
    if customer is not None:
        return sql.SQL("customer = {}").format(sql.Literal(customer))
    where = sql.SQL(known)  # pyright: ignore[reportArgumentType]
    if span is None:
        return where
    first, end = span
    from_first = where + sql.SQL(" and customer >= {}").format(sql.Literal(first))
    return from_first if end is None else from_first + sql.SQL(" and customer < {}").format(sql.Literal(end))


def _cells(
    app: App, cell: OfKeys, table: TraitTable, customer: int | None, span: tuple[int, int | None] | None
) -> Cells:
    family, measure = place_of(ready(app).plan, cell)
    name, column = sql.Identifier(family), sql.Identifier(measure)
    where = sql.SQL("{} > 0 and ").format(column) + _where(customer, span, "true")
    listed = sql.SQL("select distinct key from {} where {} order by key").format(name, where)
    keys = tuple(str(key) for (key,) in app.db.execute(listed).fetchall())
    packed = sql.SQL(
        "select string_agg(int8send(c.customer) || int8send(k.place) || int8send(c.{}::bigint), ''::bytea)"
        " from (select * from {} where {}) c"
        " join (select key, place - 1 as place from unnest({}::text[]) with ordinality as u (key, place)) k"
        " on k.key = c.key group by c.customer / {}"
    ).format(column, name, where, sql.Literal(list(keys)), sql.Literal(PACKED_CUSTOMERS))
    numbers = np.frombuffer(_packed(app, packed), dtype=">i8").reshape(-1, 3).astype(np.int64)
    numbers = numbers[np.lexsort((numbers[:, 1], numbers[:, 0]))]
    customers: Ints = numbers[:, 0]
    at: Ints = np.searchsorted(table.customers, customers).astype(np.int64)
    there = np.flatnonzero(at < len(table.customers))
    there = there[table.customers[at[there]] == customers[there]]
    return Cells(
        keys=keys,
        rows=at[there],
        places=numbers[there, 1],
        counts=numbers[there, 2].astype(np.float64),
    )


def place_of(plan: Plan, cell: OfKeys) -> tuple[str, str]:
    """Table and column of a trait by key."""
    for family in plan.families:
        for output in family.outputs:
            if output.leaf == cell:
                return family.table, output.measure
    raise AssertionError("a score reads the cells of a declared trait")


def _packed(app: App, query: sql.Composed) -> bytes:
    """Rows of 8-byte fields, thousands of them as one value, so that no row of a million passes through Python.

    A binary COPY would hand over each row by itself: seven microseconds of processor a row.
    """
    return b"".join(value for (value,) in app.db.cursor(binary=True).execute(query).fetchall())
