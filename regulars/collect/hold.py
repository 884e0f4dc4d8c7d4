"""One process at a time: whoever carries a run holds it, and a process that dies lets go, however it died."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

import psycopg

from regulars.app import App
from regulars.collect.keys import SQL
from regulars.kit.errors import RegularsError


@contextmanager
def held(app: App, lock: int, run: int, busy: RegularsError) -> Generator[None, None, None]:
    """Hold the run of this kind (`lock`) over all transactions, until the context ends. Raises `busy` if it is held."""
    # A connection of its own: the lock lives as long as that does.
    with psycopg.connect(app.store.dsn, autocommit=True) as connection:
        if connection.execute(SQL.hold, {"class": lock, "run": run}).fetchone() != (True,):
            raise busy
        try:
            yield
        finally:
            # The database notices only later that a connection was closed, and the next one may be at once.
            with suppress(psycopg.OperationalError):
                connection.execute(SQL.let_go, {"class": lock, "run": run})
