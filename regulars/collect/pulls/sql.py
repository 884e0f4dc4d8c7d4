"""A table or view of any SQL database that SQLAlchemy knows, read through dlt in the order of its cursor."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from regulars.collect.errors import PullAway, PullLibraryMissing, PullRefused
from regulars.collect.pulls import Connect, Pull, no_column, pulls
from regulars.kit.errors import RegularsError
from regulars.kit.secret import secret

FETCHED_ROWS = 5_000
# SQLAlchemy means another driver by the plain name; ours is the one that is installed.
DRIVERS = {"postgresql://": "postgresql+psycopg://", "postgres://": "postgresql+psycopg://"}


class SqlTable(Connect, frozen=True, kw_only=True):
    """Where the table is."""

    url: str
    """SQLAlchemy's address; with a password in it as `file:/path` or `env:NAME`."""
    table: str
    schema: str = ""


def rows(connect: SqlTable, since: object) -> Iterator[dict[str, Any]]:
    """Rows whose cursor is at least `since`, the lowest first, and those that have none."""
    library()
    source = library("sources.sql_database")
    url = secret(connect.url, PullRefused)
    for plain, ours in DRIVERS.items():
        url = url.replace(plain, ours, 1) if url.startswith(plain) else url

    # Not dlt's own cursor: it compares again, by Python's order, and so drops texts that the database puts behind.
    def behind(query: Any, table: Any, *_: object) -> Any:
        _check_columns(connect, [column.name for column in table.columns])
        cursor = table.columns[connect.cursor]
        wanted = query if since is None else query.where((cursor >= since) | cursor.is_(None))
        return wanted.order_by(cursor)

    engine = None
    try:
        engine = import_module("sqlalchemy").create_engine(url)
        yield from source.sql_table(
            engine,
            table=connect.table,
            schema=connect.schema or None,
            query_adapter_callback=behind,
            chunk_size=FETCHED_ROWS,
        )
    except Exception as fault:
        # dlt wraps what the database said; its own words may hold the address with the password.
        raise away(f"Table {connect.table}", fault) from None
    finally:
        if engine is not None:
            engine.dispose()


def _check_columns(connect: SqlTable, names: list[str]) -> None:
    for wanted in (connect.key, connect.cursor):
        if wanted not in names:
            raise no_column(wanted, names)


def library(module: str = "") -> Any:
    """dlt, or a module of it. Raises PullLibraryMissing."""
    try:
        import_module("sqlalchemy")
        return import_module(f"dlt.{module}" if module else "dlt")
    except ImportError:
        raise PullLibraryMissing(
            "The library that pulls rows is not installed", "pip install 'regulars[pull]', then run it again"
        ) from None


def away(what: str, fault: Exception) -> RegularsError:
    """What kind of failure this is, told by the innermost fault's kind, without a word of its text."""
    inner: BaseException = fault
    while inner.__cause__ is not None and not isinstance(inner, RegularsError):
        inner = inner.__cause__
    if isinstance(inner, RegularsError):
        return inner
    return PullAway(f"{what} cannot be read: {type(inner).__name__}", "Check address, rights, table and cursor")


pulls.add("sql")(Pull(SqlTable, rows, is_ordered=True))
