"""The one PostgreSQL, as a pool of connections."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import psycopg
from psycopg_pool import ConnectionPool

from regulars.kit.errors import DatabaseRefused
from regulars.kit.settings import Settings
from regulars.store import embedded, migrate

MIN_VERSION = 150_000
POOL_MAX = 8
POOL_WAIT_SECONDS = 30.0
CONNECT_SECONDS = 10
# Each of these off means: an acknowledged event can be lost in a crash.
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


class Store:
    """Connections to one PostgreSQL 15+, schema up to date.

    A connection that died is found out and replaced before anybody gets it. Whoever finds the embedded server gone
    starts it again, so callers only have to repeat their transaction after `psycopg.OperationalError`.
    """

    def __init__(self, dsn: str, pool_max: int = POOL_MAX, revive: Callable[[], None] | None = None) -> None:
        self.dsn = dsn
        self._revive = revive
        self.pool = ConnectionPool(
            self._reachable_dsn,
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
        home = settings.home_path
        if settings.database_url:
            with cls._opened(settings.database_url, None) as store:
                yield store
        else:
            with embedded.serving(home) as dsn, cls._opened(dsn, partial(embedded.ensure_running, home)) as store:
                yield store

    @classmethod
    @contextmanager
    def _opened(cls, dsn: str, revive: Callable[[], None] | None) -> Generator[Store, None, None]:
        check(dsn)
        migrate.migrate(dsn)
        store = cls(dsn, revive=revive)
        store.pool.open()
        try:
            yield store
        finally:
            store.pool.close()

    def ensure_running(self) -> None:
        """Start the embedded server again if it is gone; nothing to do for a server that is not ours. Cheap."""
        if self._revive is not None:
            self._revive()

    @contextmanager
    def transaction(self) -> Generator[psycopg.Connection, None, None]:
        """A connection inside one transaction: committed at the end, rolled back on error."""
        with self.pool.connection() as connection:
            try:
                yield connection
            except psycopg.OperationalError:
                if connection.broken:
                    self.ensure_running()
                raise

    def _reachable_dsn(self) -> str:
        """Asked by the pool before each new connection: after every failure it would pause for longer."""
        self.ensure_running()
        return self.dsn


def check(dsn: str) -> None:
    """Raise DatabaseRefused, naming every fault, unless this PostgreSQL is fit and keeps what it acknowledges."""
    with connect(dsn) as connection:
        faults = [f"{what}: {fix}" for what, fix in unfit(connection)]
    if faults:
        raise DatabaseRefused(f"PostgreSQL cannot be used: {'; '.join(faults)}", "Change that and start again")


def connect(dsn: str) -> psycopg.Connection:
    """One connection outside the pool, or DatabaseRefused in words."""
    if not dsn.startswith(("postgresql://", "postgres://")):
        raise DatabaseRefused(
            "REGULARS_DATABASE_URL is not the address of a PostgreSQL",
            "Write it as postgresql://user:password@host:5432/database",
        )
    try:
        return psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS)
    except psycopg.ProgrammingError as fault:
        raise DatabaseRefused(
            f"REGULARS_DATABASE_URL cannot be read: {one_line(fault)}",
            "Write it as postgresql://user:password@host:5432/database",
        ) from None
    except psycopg.OperationalError as fault:
        raise DatabaseRefused(
            f"PostgreSQL cannot be reached: {one_line(fault)}", "Check REGULARS_DATABASE_URL and that it is running"
        ) from None


def unfit(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Why this PostgreSQL cannot be used, each with how to mend it; empty when it can."""
    faults: list[tuple[str, str]] = []
    if connection.info.server_version < MIN_VERSION:
        faults.append((f"it is version {connection.info.server_version // 10_000}", "use version 15 or newer"))
    settings = dict(
        connection.execute(
            "select name, setting from pg_settings where name = any(%s)",
            [[*MUST_BE_ON, "server_encoding", "transaction_read_only"]],
        ).fetchall()
    )
    allowed = connection.execute(
        "select current_schema() is not null and has_schema_privilege(current_schema(), 'create')"
    ).fetchone()
    if allowed != (True,):
        faults.append(("its user may not make tables", "make it the owner: alter database … owner to …"))
    off = [name for name in MUST_BE_ON if settings[name] == "off"]
    if off:
        faults.append((f"{', '.join(off)} off, so what is acknowledged could be lost", "set it to on and restart it"))
    if settings["server_encoding"] != "UTF8":
        faults.append((f"the database's encoding is {settings['server_encoding']}", "make one with encoding 'UTF8'"))
    if settings["transaction_read_only"] == "on":
        faults.append(("it only takes reads", "point at the primary, not at a standby"))
    return faults


def one_line(fault: Exception) -> str:
    """What a driver said, on one line."""
    return " ".join(str(fault).split())
