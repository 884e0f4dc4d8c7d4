"""Traits as columns: of everybody now from PostgreSQL, of everybody on a past day from the lake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from psycopg import sql

from regulars.analyze.past import SQL
from regulars.analyze.rebuild import rebuild
from regulars.analyze.schema import ready
from regulars.analyze.scores import TraitTable
from regulars.app import App

# The header of a binary COPY (signature, flags, no extension) and its trailer.
COPY_HEADER_BYTES = 19
COPY_TRAILER_BYTES = 2
NUMBERS = ("whole", "fraction")


def numeric_traits(app: App) -> list[str]:
    """Declared traits that are numbers and can be compared between customers: no dates."""
    # What ages by itself is finished when asked and has no column.
    stored = {column for table, column in app.db.execute(SQL.columns_in_place).fetchall() if table == "trait_state"}
    declared = (t for t in ready(app).plan.traits if t.expression.kind in NUMBERS and t.unit != "date")
    return [trait.name for trait in declared if trait.name in stored]


def of_now(app: App, names: Sequence[str], day: int, customers: Sequence[int] | None = None) -> TraitTable:
    """These traits of everybody we know, or of some; not known is NaN. By customer."""
    columns = [sql.SQL("coalesce({}::float8, 'NaN')").format(sql.Identifier(name)) for name in names]
    some = sql.SQL("" if customers is None else " and customer = any({})").format(sql.Literal(list(customers or [])))
    statement = sql.SQL(
        "copy (select customer::bigint, {} from trait_state where known{} order by customer) to stdout (format binary)"
    ).format(sql.SQL(", ").join(columns), some)
    with app.db.cursor().copy(statement) as stream:
        raw = b"".join(stream)
    # Every field is 8 bytes wide, so a binary COPY is an array already: no row of a million passes through Python.
    fields: list[tuple[str, str]] = [("fields", ">i2"), ("customer_bytes", ">i4"), ("customer", ">i8")]
    for at in range(len(names)):
        fields += [(f"bytes_{at}", ">i4"), (f"value_{at}", ">f8")]
    rows = np.frombuffer(raw[COPY_HEADER_BYTES:-COPY_TRAILER_BYTES], dtype=np.dtype(fields))
    values = {name: rows[f"value_{at}"].astype(np.float64) for at, name in enumerate(names)}
    return TraitTable(as_of_day=day, customers=rows["customer"].astype(np.int64), columns=values)


def of_past(app: App, names: Sequence[str], day: int) -> TraitTable:
    """These traits of everybody we know now, as they were at the end of a past day."""
    built = rebuild(app, day)
    places = [built.columns.index(name) for name in names]
    customers = np.array([row[0] for row in built.rows], dtype=np.int64)
    values: dict[str, Any] = {
        name: np.array([row[place] for row in built.rows], dtype=np.float64)
        for name, place in zip(names, places, strict=True)
    }
    return TraitTable(as_of_day=day, customers=customers, columns=values)
