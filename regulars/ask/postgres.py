"""Answers out of PostgreSQL: views of a schema of their own, connections that can only read, rows as Arrow.

Three things hold a statement back, each enough by itself for what it covers: it was read and written anew from parts
that are allowed (`statement`); its transaction can only read, for a stated time; and where our database user could read
the server's files, the connection runs as a role that has a right to these views and to nothing else.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types.)

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from regulars import analyze
from regulars.app import App
from regulars.ask.errors import QuestionFailed, QuestionTooLong, ViewInUse
from regulars.ask.views import SQL, TRAITS, VIEWS, Reader, View
from regulars.lake.arrow import pa

SCHEMAS = {Reader.ANALYST: "analyst", Reader.ADMIN: "analyst_in_clear"}
ROLES = {Reader.ANALYST: "regulars_analyst", Reader.ADMIN: "regulars_analyst_in_clear"}
# A snapshot that stays open keeps PostgreSQL from tidying up.
IDLE_SECONDS = 600
# What one statement may put on the server's disk while it sorts.
SPILL_LIMIT_MB = 4_096
PIECE_BYTES = 1 << 20
ARROW_TYPES: dict[int, Any] = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", tz="UTC"),
    # A sum of whole numbers comes as numeric; as a double it is exact up to 2 ** 53.
    1700: pa.float64(),
}


def make_views(app: App) -> bool:
    """The views of every reader as this version and its catalogue have them; whether connections need a role."""
    with app.transaction() as inside:
        db = inside.db
        traits = analyze.traits_as_query(inside)
        db.execute(SQL.lock_views)
        is_superuser = any(_row(db, role)[0] for role in ROLES.values())
        for reader in Reader:
            _make(db, reader, traits, is_superuser)
    return is_superuser


@contextmanager
def reading(app: App, reader: Reader, seconds: float, as_role: bool) -> Generator[psycopg.Connection, None, None]:
    """A connection that sees the views of this reader and can change nothing; statements end after so many seconds."""
    given = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{round(seconds * 1000)}",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS * 1000}",
        # Nobody is left to take the answer: then the server need not compute it.
        "client_connection_check_interval": "1000",
        "search_path": SCHEMAS[reader],
        "timezone": "UTC",
        "datestyle": "ISO",
        "intervalstyle": "postgres",
        "standard_conforming_strings": "on",
    }
    if as_role:
        # The limit first: who has become the role may not set it any more.
        given |= {"temp_file_limit": f"{SPILL_LIMIT_MB * 1024}", "role": ROLES[reader]}
    app.store.ensure_running()
    options = " ".join(f"-c {name}={value}" for name, value in given.items())
    connection = psycopg.connect(app.store.dsn, options=options)
    try:
        yield connection
    finally:
        connection.close()


def schema_of(db: psycopg.Connection, statement: str) -> Any:
    """The columns of an answer as a PyArrow schema. Raises QuestionFailed."""
    with _told():
        cursor = db.execute(cast(LiteralString, f"with answer as ({statement}) select * from answer limit 0"))
    described = cursor.description or []
    return pa.schema([pa.field(c.name, ARROW_TYPES.get(c.type_code, pa.string())) for c in described])


def batches(db: psycopg.Connection, statement: str) -> Iterator[Any]:
    """The answer as PyArrow record batches of about PIECE_BYTES, read as they are asked for; at least one.

    PostgreSQL writes CSV and PyArrow reads it, so that no row passes through Python.
    """
    from pyarrow import csv

    schema = schema_of(db, statement)
    places = [f"c{place}" for place in range(len(schema))]
    reading_as = csv.ConvertOptions(
        column_types=dict(zip(places, schema.types, strict=True)),
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    with _told(), db.cursor().copy(cast(LiteralString, f"copy ({statement}) to stdout (format csv)")) as copied:
        stream = _Stream(copied)
        if not stream.has_any():
            yield pa.RecordBatch.from_arrays([pa.array([], type=each) for each in schema.types], schema=schema)
            return
        parts = csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=csv.ReadOptions(use_threads=False, block_size=PIECE_BYTES, column_names=places),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=reading_as,
        )
        try:
            for part in parts:
                yield pa.RecordBatch.from_arrays(part.columns, schema=schema)
        except GeneratorExit:
            # Whoever leaves early wants nothing more: psycopg would read the rest, which may take minutes.
            db.close()
            raise


class _Stream(io.RawIOBase):
    """What a COPY gives, as a file."""

    def __init__(self, copied: psycopg.Copy) -> None:
        self._copied, self._left = copied, b""

    def has_any(self) -> bool:
        self._left = self._left or bytes(self._copied.read())
        return bool(self._left)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        pieces: list[bytes] = []
        missing = size if size >= 0 else PIECE_BYTES
        while missing > 0 and self.has_any():
            pieces.append(self._left[:missing])
            self._left = self._left[missing:]
            missing -= len(pieces[-1])
        return b"".join(pieces)


@contextmanager
def _told() -> Generator[None, None, None]:
    """What PostgreSQL says, in our words."""
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise QuestionTooLong(
            "The answer took longer than it may", "Ask for less, or allow more seconds (--seconds)"
        ) from None
    except psycopg.Error as fault:
        said = fault.diag.message_primary or " ".join(str(fault).split())
        raise QuestionFailed(
            f"PostgreSQL says: {said[:300]}", fault.diag.message_hint or "Look at docs/reference/views.md"
        ) from None
    except pa.ArrowInvalid as fault:
        raise QuestionFailed(f"A value cannot be held: {str(fault)[:300]}", "Cast it to text") from None


def _row(db: psycopg.Connection, role: str) -> tuple[bool, bool]:
    is_superuser, is_there = db.execute(SQL.is_superuser, {"role": role}).fetchall()[0]
    return is_superuser, is_there


def _make(db: psycopg.Connection, reader: Reader, traits: str, is_superuser: bool) -> None:
    schema, role = SCHEMAS[reader], ROLES[reader]
    made = [(view, _query(view, reader, traits)) for view in VIEWS if not view.is_in_lake]
    mark = sha256(repr((SQL.masked, made)).encode()).hexdigest()
    if is_superuser and not _row(db, role)[1]:
        # Another database of this server may be making it just now.
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation), db.transaction():
            db.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    found = db.execute(SQL.made_of, {"schema": schema, "role": role}).fetchall()
    if found == [(mark, True if is_superuser else found[0][1])]:
        return
    db.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    db.execute(cast(LiteralString, SQL.masked.replace("analyst.masked", f"{schema}.masked")))
    for view, query in made:
        _make_view(db, schema, view, query.replace("analyst.masked", f"{schema}.masked"))
    for (gone,) in db.execute(SQL.views_of, {"schema": schema}).fetchall():
        if gone not in {view.name for view, _ in made}:
            _drop_view(db, schema, gone)
    db.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(schema), sql.Literal(mark)))
    if is_superuser:
        names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        db.execute(sql.SQL("grant usage on schema {schema} to {role}").format(**names))
        db.execute(sql.SQL("grant select on all tables in schema {schema} to {role}").format(**names))


def _drop_view(db: psycopg.Connection, schema: str, name: str) -> None:
    """Raises ViewInUse where something of the brand's own stands on it."""
    try:
        with db.transaction():
            db.execute(sql.SQL("drop view {}").format(sql.Identifier(schema, name)))
    except psycopg.errors.DependentObjectsStillExist as fault:
        said = " ".join((fault.diag.message_detail or "").split())
        raise ViewInUse(
            f"The view {schema}.{name} has to be made anew, and something stands on it: {said[:300]}",
            "Drop what stands on it, ask again, then make it again",
        ) from None


def _query(view: View, reader: Reader, traits: str) -> str:
    if view is TRAITS:
        return traits
    return view.clear if view.clear and reader is Reader.ADMIN else view.query


def _make_view(db: psycopg.Connection, schema: str, view: View, query: str) -> None:
    """Replaced where its columns only grew, so that what a brand built on it stays; else made anew."""
    name = sql.Identifier(schema, view.name)
    make = sql.SQL("create or replace view {} as ").format(name) + sql.SQL(cast(LiteralString, query))
    try:
        with db.transaction():
            db.execute(make)
    except psycopg.errors.InvalidTableDefinition:
        _drop_view(db, schema, view.name)
        db.execute(make)
    db.execute(sql.SQL("comment on view {} is {}").format(name, sql.Literal(view.about)))
    for column in view.columns:
        place = sql.Identifier(schema, view.name, column.name)
        said = "; ".join(filter(None, [column.meaning, column.unit]))
        db.execute(sql.SQL("comment on column {} is {}").format(place, sql.Literal(said)))
