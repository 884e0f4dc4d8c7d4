"""The writer's own connection: every transaction on it ends within a stated time, whatever PostgreSQL does.

PostgreSQL itself gives up on a lock or a statement that takes too long. Where it does not answer at all (it is frozen,
the network is gone), no timeout of its own helps: a watchdog then cuts the connection on our side.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg

from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.kit.logging import logger

CONNECT_SECONDS = 5
LOCK_WAIT_MILLISECONDS = 5_000
STATEMENT_MILLISECONDS = 15_000
TRANSACTION_SECONDS = 20.0
LOOK_SECONDS = 0.5

log = logger("collect")


class Line:
    """One connection for one thread, opened when it is needed and again after every fault."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._connection: psycopg.Connection | None = None
        self._reviver: threading.Thread | None = None
        self._end = threading.Event()
        self._begun = self._ended = 0
        self.seconds = 0.0
        """How long the transaction under way has taken, as the watchdog counts; 0 when there is none."""
        self.was_stale = False
        """The last transaction failed because its connection, opened for an earlier one, had died meanwhile."""

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="journal-watch", daemon=True).start()

    def close(self) -> None:
        """Hang up, and watch no longer."""
        self._end.set()
        self._drop()

    @contextmanager
    def transaction(self) -> Generator[App, None, None]:
        """An App inside one transaction. Raises psycopg.OperationalError where it could not be committed in time."""
        self._begun += 1
        self.was_stale = False
        is_used = self._connection is not None
        try:
            connection = self._opened()
            try:
                yield replace(self._app, connection=connection)
                connection.commit()
            except BaseException:
                self.was_stale = is_used and connection.broken and self.seconds < TRANSACTION_SECONDS
                with suppress(psycopg.Error):  # the fault that brought us here is the one to tell
                    connection.rollback()
                raise
            finally:
                if connection.closed:
                    self._drop()
        finally:
            self._ended = self._begun
            self.seconds = 0.0

    def _opened(self) -> psycopg.Connection:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except psycopg.errors.ConnectionTimeout:
                raise
            except psycopg.OperationalError:
                self._revive()
                self._connection = self._connect()
        return self._connection

    def _connect(self) -> psycopg.Connection:
        limits = f"-c lock_timeout={LOCK_WAIT_MILLISECONDS} -c statement_timeout={STATEMENT_MILLISECONDS}"
        return psycopg.connect(
            self._app.store.dsn, connect_timeout=CONNECT_SECONDS, options=f"-c timezone=UTC {limits}"
        )

    def _revive(self) -> None:
        """Have the embedded server started again if it is gone; where recovery takes longer, senders do not wait."""
        if self._reviver is None or not self._reviver.is_alive():
            self._reviver = threading.Thread(target=self._ensure_running, name="journal-revive", daemon=True)
            self._reviver.start()
        self._reviver.join(CONNECT_SECONDS)

    def _ensure_running(self) -> None:
        try:
            self._app.store.ensure_running()
        except (RegularsError, psycopg.Error, OSError) as fault:
            log.warning("database_not_revived", why=type(fault).__name__)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _watch(self) -> None:
        # Counted, not read off a clock: a machine that slept would otherwise cut every connection when it wakes.
        seen = 0
        while not self._end.wait(LOOK_SECONDS):
            is_same = self._begun == seen and self._ended < seen
            seen = self._begun
            self.seconds = self.seconds + LOOK_SECONDS if is_same else 0.0
            if self.seconds >= TRANSACTION_SECONDS:
                self._cut()

    def _cut(self) -> None:
        connection = self._connection
        if connection is not None and not connection.closed:
            log.warning("journal_cut", after_seconds=self.seconds)
            with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)
