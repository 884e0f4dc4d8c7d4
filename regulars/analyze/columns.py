"""Traits as columns: of everybody now from PostgreSQL, of everybody on a past day from the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from regulars.analyze.past import SQL
from regulars.analyze.rebuild import fold_past
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
    columns = [sql.SQL("customer::bigint"), *columns]
    some = sql.SQL("" if customers is None else " and customer = any({})").format(sql.Literal(list(customers or [])))
    statement = sql.SQL(
        "copy (select {} from trait_state where known{} order by customer) to stdout (format binary)"
    ).format(sql.SQL(", ").join(columns), some)
    rows = copied(app, statement, {}, {"customer": ">i8"} | {f"value_{at}": ">f8" for at in range(len(names))})
    values = {name: rows[f"value_{at}"].astype(np.float64) for at, name in enumerate(names)}
    return TraitTable(as_of_day=day, customers=rows["customer"].astype(np.int64), columns=values)


def copied(
    app: App, statement: LiteralString | sql.Composed, given: Mapping[str, object], types: Mapping[str, str]
) -> NDArray[Any]:
    """The rows of a binary COPY of bigint (>i8) and float8 (>f8) that are never null, as one structured array.

    Every field is 8 bytes wide, so the answer is an array already: no row of a million passes through Python.
    """
    with app.db.cursor().copy(statement, given) as stream:
        raw = b"".join(stream)
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in types.items():
        fields += [(f"bytes of {name}", ">i4"), (name, kind)]
    return np.frombuffer(raw[COPY_HEADER_BYTES:-COPY_TRAILER_BYTES], dtype=np.dtype(fields))


def of_past(app: App, names: Sequence[str], day: int) -> TraitTable:
    """These traits of everybody we know now, as they were at the end of a past day."""
    built = fold_past(app, names, day)
    places = [built.columns.index(name) for name in names]
    customers = np.array([row[0] for row in built.rows], dtype=np.int64)
    # The lake knows visitors, too, who never said who they are: compared with people we know they would be a group that
    # went away.
    known = np.isin(customers, of_now(app, [], day).customers)
    values: dict[str, Any] = {
        name: np.array([row[place] for row in built.rows], dtype=np.float64)
        for name, place in zip(names, places, strict=True)
    }
    return TraitTable(as_of_day=day, customers=customers, columns=values).where(known)
