"""The audit log: who looked up whom, who changed what. Append-only; names of things, never personal data."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from regulars.app import App
from regulars.store import queries
from regulars.web.access import Visitor

SQL = queries("regulars.web")
PAGE_ROWS = 50


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing somebody did."""

    id: int
    at: datetime
    who: str
    role: str
    action: str
    object: str
    note: str


def write(app: App, visitor: Visitor, action: str, thing: str, note: str = "") -> None:
    """Add one line in a transaction of its own: a look-up that then fails was still tried."""
    with app.transaction() as inside:
        add(inside, visitor, action, thing, note)


def add(app: App, visitor: Visitor, action: str, thing: str, note: str = "") -> None:
    """Add one line in the caller's transaction: an act and its line stand or fall together."""
    app.db.execute(SQL.add_audit, _line(app, visitor, action, thing, note))


class Pen:
    """Writes the same lines for a till that waits: its own connection, one round trip a line, safe in threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._connection: psycopg.Connection | None = None
        self._turn = threading.Lock()

    def write(self, visitor: Visitor, action: str, thing: str) -> None:
        """Add one line; it is durable when this returns."""
        line = _line(self._app, visitor, action, thing)
        with self._turn:
            try:
                self._add(line)
            except psycopg.OperationalError:
                # The server went away since the last line: once more on a new connection.
                self._close()
                self._add(line)

    def close(self) -> None:
        """Close the connection; the next line opens one."""
        with self._turn:
            self._close()

    def _add(self, line: dict[str, Any]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._app.store.dsn, autocommit=True, options="-c timezone=UTC")
        self._connection.execute(SQL.add_audit, line, prepare=True)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _line(app: App, visitor: Visitor, action: str, thing: str, note: str = "") -> dict[str, Any]:
    return {
        "at": app.clock.now(),
        "account": visitor.account,
        "who": visitor.name,
        "role": visitor.role,
        "action": action,
        "object": thing,
        "note": note,
    }


def page(app: App, before: int | None = None) -> list[Entry]:
    """The newest lines, or those before line `before`."""
    rows = app.db.execute(SQL.audit, {"before": before, "limit": PAGE_ROWS})
    fields = Entry.__struct_fields__
    return [Entry(**dict(zip(fields, row, strict=True))) for row in rows]
