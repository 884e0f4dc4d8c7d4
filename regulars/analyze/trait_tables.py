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

# The header of a binary COPY (signature, flags, no extension) and its trailer.
COPY_HEADER_BYTES = 19
COPY_TRAILER_BYTES = 2
# Whose cells come as one value: with 30 cells each some 3 MB.
PACKED_CUSTOMERS = 4_096


def read_table(
    app: App, score: Score, as_of_day: int, customer: int | None = None, span: tuple[int, int | None] | None = None
) -> TraitTable:
    """The traits this score needs: of everybody we know, of one customer, or of the numbers from `span` up to its end.

    Not known is NaN. With cells some 30 numbers a customer stand in memory: who reads everybody's reads by spans.
    """
    names = score.needs
    where = _where(customer, span, "known")
    columns = [sql.SQL("coalesce({}::float8, 'NaN')").format(sql.Identifier(name)) for name in names]
    rows = _copied(
        app,
        sql.SQL("select customer::bigint, {} from trait_state where {} order by customer").format(
            sql.SQL(", ").join(columns), where
        ),
        [">i8", *[">f8"] * len(names)],
    )
    values = {name: rows[f"value_{at + 1}"].astype(np.float64) for at, name in enumerate(names)}
    customers = rows["value_0"].astype(np.int64)
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
    # A row is three numbers, and thousands of rows are one value: a COPY would hand over each by itself.
    packed = sql.SQL(
        "select string_agg(int8send(c.customer) || int8send(k.place) || int8send(c.{}::bigint), ''::bytea)"
        " from (select * from {} where {}) c"
        " join (select key, place - 1 as place from unnest({}::text[]) with ordinality as u (key, place)) k"
        " on k.key = c.key group by c.customer / {}"
    ).format(column, name, where, sql.Literal(list(keys)), sql.Literal(PACKED_CUSTOMERS))
    rows = b"".join(value for (value,) in app.db.cursor(binary=True).execute(packed).fetchall())
    numbers = np.frombuffer(rows, dtype=">i8").reshape(-1, 3).astype(np.int64)
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


def _copied(app: App, query: sql.Composable, types: list[str]) -> Any:
    """Rows of 8-byte fields: a binary COPY is an array already, and no row of a million passes through Python."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for at, type_ in enumerate(types):
        fields += [(f"bytes_{at}", ">i4"), (f"value_{at}", type_)]
    statement = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    with app.db.cursor().copy(statement) as stream:
        raw = b"".join(stream)
    return np.frombuffer(raw[COPY_HEADER_BYTES:-COPY_TRAILER_BYTES], dtype=np.dtype(fields))
