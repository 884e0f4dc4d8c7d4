"""Acts for the shelf of scores: fits what is due, applies every model, writes what changed. Called by the day tick.

Three statements read and four write for each model, whatever the number of customers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from psycopg import sql

from regulars.analyze.scores import Row, Score, Scored, TraitTable, scores
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.store import queries

SQL = queries("regulars.analyze.scores")

# The header of a binary COPY (signature, flags, no extension) and its trailer.
COPY_HEADER_BYTES = 19
COPY_TRAILER_BYTES = 2


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model as it is stored."""

    model: str
    version: int
    as_of_day: int
    window_days: int | None
    customers: int
    error: float
    params: Any
    """Of the score's own `params_type`."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score for people: the number, its parts and the sentence that explains it."""

    model: str
    title: str
    version: int
    as_of_day: int
    value: float
    parts: dict[str, float]
    grade: str
    why: str


def score_all(app: App, now: datetime) -> list[int]:
    """Fit what is due, score everybody, keep history; gives the customers with a new grade, each once, in order."""
    as_of_day = day_number(now, app.settings.zone)
    moved: set[int] = set()
    for _, score in scores.items():
        table = read_table(app, score, as_of_day)
        version = _current(app, score, table, now)
        if version is not None:
            moved.update(_write(app, score, version, score.apply(version.params, table), as_of_day))
    return sorted(moved)


def read_table(app: App, score: Score, as_of_day: int, customer: int | None = None) -> TraitTable:
    """The traits this score needs, of everybody (or one customer), as columns; NULL becomes NaN."""
    columns = [sql.SQL("coalesce({}::float8, 'NaN')").format(sql.Identifier(name)) for name in score.needs]
    one = sql.SQL(" where known" if customer is None else " where customer = ") + (
        sql.SQL("") if customer is None else sql.Literal(customer)
    )
    statement = sql.SQL("copy (select customer::bigint, {} from trait_state{}) to stdout (format binary)").format(
        sql.SQL(", ").join(columns), one
    )
    with app.db.cursor().copy(statement) as stream:
        return _parsed(b"".join(stream), score.needs, as_of_day)


def version_of(app: App, score: Score) -> Version | None:
    """The newest fitted version, None before the first."""
    row = app.db.execute(SQL.newest_version, {"model": score.name}).fetchone()
    if row is None:
        return None
    version, as_of_day, window_days, customers, error, params = row
    return Version(
        model=score.name,
        version=version,
        as_of_day=as_of_day,
        window_days=window_days,
        customers=customers,
        error=error,
        params=msgspec.convert(params, score.params_type),
    )


def scores_of(app: App, customer: int) -> list[Standing]:
    """Every score of one customer, by name, with why; scores that cannot judge her are left out."""
    names = list(scores)
    today = day_number(app.clock.now(), app.settings.zone)
    stored = {
        row[0]: row for row in app.db.execute(SQL.of_customer, {"customer": customer, "models": names}).fetchall()
    }
    return [_standing(app, scores[name], customer, stored[name], today) for name in names if name in stored]


def _standing(app: App, score: Score, customer: int, stored: tuple[Any, ...], today: int) -> Standing:
    _, version, as_of_day, value, numbers, grade, params = stored
    # A score that did not change is not written again: its facts are told as of today.
    table = read_table(app, score, today, customer)
    traits = {name: float(column[0]) for name, column in table.columns.items()}
    parts = dict(zip(score.parts, numbers, strict=True))
    row = Row(as_of_day=today, value=value, parts=parts, grade=grade, traits=traits)
    return Standing(
        model=score.name,
        title=score.title,
        version=version,
        as_of_day=as_of_day,
        value=value,
        parts=parts,
        grade=grade,
        why=score.explain(msgspec.convert(params, score.params_type), row),
    )


def _current(app: App, score: Score, table: TraitTable, now: datetime) -> Version | None:
    newest = version_of(app, score)
    if newest is not None and 0 <= table.as_of_day - newest.as_of_day < score.refit_days:
        return newest
    fitted = score.fit(table)
    if fitted is None:
        return newest
    app.db.execute(
        SQL.add_version,
        {
            "model": score.name,
            "version": newest.version + 1 if newest else 1,
            "as_of_day": table.as_of_day,
            "window_days": score.window_days,
            "customers": fitted.customers,
            "params": msgspec.json.encode(fitted.params).decode(),
            "error": fitted.error,
            "fitted_at": now,
        },
    )
    return version_of(app, score)


def _write(app: App, score: Score, version: Version, scored: Scored, as_of_day: int) -> list[int]:
    db = app.db
    db.execute(SQL.make_room)
    with db.cursor().copy(SQL.load) as stream:
        stream.write(_lines(score, scored))
    common = {"model": score.name, "version": version.version, "as_of_day": as_of_day}
    moved = [customer for (customer,) in db.execute(SQL.keep_changes, common).fetchall()]
    db.execute(SQL.drop_unscored, common)
    db.execute(SQL.store_scores, common)
    db.execute(SQL.clear_room)
    return moved


def _lines(score: Score, scored: Scored) -> bytes:
    rows = zip(
        scored.customers.tolist(), scored.values.tolist(), scored.parts.tolist(), scored.grades.tolist(), strict=True
    )
    return "".join(
        f"{customer}\t{value!r}\t{{{','.join(map(repr, parts))}}}\t{score.grades[grade]}\n"
        for customer, value, parts, grade in rows
    ).encode()


def _parsed(raw: bytes, names: tuple[str, ...], as_of_day: int) -> TraitTable:
    # Every field is 8 bytes wide, so a binary COPY is an array already: no row of a million passes through Python.
    fields: list[tuple[str, str]] = [("fields", ">i2"), ("customer_bytes", ">i4"), ("customer", ">i8")]
    for at in range(len(names)):
        fields += [(f"bytes_{at}", ">i4"), (f"value_{at}", ">f8")]
    rows = np.frombuffer(raw[COPY_HEADER_BYTES:-COPY_TRAILER_BYTES], dtype=np.dtype(fields))
    values = {name: rows[f"value_{at}"].astype(np.float64) for at, name in enumerate(names)}
    return TraitTable(as_of_day=as_of_day, customers=rows["customer"].astype(np.int64), columns=values)
