"""The one PostgreSQL, as a pool of connections."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool

from regulars.kit.errors import DatabaseRefused
from regulars.kit.settings import Settings
from regulars.store import embedded, migrate

MIN_VERSION = 150_000
POOL_MAX = 8
POOL_WAIT_SECONDS = 30.0
# Each of these off means: an acknowledged event can be lost in a crash.
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


class Store:
    """Connections to one PostgreSQL 15+, schema up to date."""

    def __init__(self, dsn: str, pool_max: int = POOL_MAX) -> None:
        self.dsn = dsn
        self.pool = ConnectionPool(
            dsn,
            min_size=1,
            max_size=pool_max,
            timeout=POOL_WAIT_SECONDS,
            open=False,
            check=ConnectionPool.check_connection,
            kwargs={"options": "-c timezone=UTC"},
        )

    @classmethod
    @contextmanager
    def open(cls, settings: Settings) -> Generator[Store, None, None]:
        """A store on the database of these settings; the embedded server runs as long as anybody uses it."""
        if settings.database_url:
            with cls._opened(settings.database_url) as store:
                yield store
        else:
            with embedded.serving(settings.home_path) as dsn, cls._opened(dsn) as store:
                yield store

    @classmethod
    @contextmanager
    def _opened(cls, dsn: str) -> Generator[Store, None, None]:
        check(dsn)
        migrate.migrate(dsn)
        store = cls(dsn)
        store.pool.open()
        try:
            yield store
        finally:
            store.pool.close()

    @contextmanager
    def transaction(self) -> Generator[psycopg.Connection, None, None]:
        """A connection inside one transaction: committed at the end, rolled back on error."""
        with self.pool.connection() as connection:
            yield connection


def check(dsn: str) -> None:
    """Raise DatabaseRefused unless this PostgreSQL is new enough and keeps what it acknowledges."""
    try:
        connection = psycopg.connect(dsn, connect_timeout=10)
    except psycopg.OperationalError as fault:
        raise DatabaseRefused(
            f"PostgreSQL cannot be reached: {str(fault).strip()}", "Check REGULARS_DATABASE_URL and that it is running"
        ) from None
    with connection:
        if connection.info.server_version < MIN_VERSION:
            raise DatabaseRefused(
                f"PostgreSQL is version {connection.info.server_version // 10_000}", "Use version 15 or newer"
            )
        rows = connection.execute(
            "select name, setting from pg_settings where name = any(%s) and setting = 'off'", [list(MUST_BE_ON)]
        ).fetchall()
        if rows:
            names = ", ".join(name for name, _ in rows)
            raise DatabaseRefused(
                f"PostgreSQL runs with {names} off: what we acknowledge could be lost", "Set it to on and restart it"
            )
