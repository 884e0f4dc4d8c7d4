"""The audit log: who looked up whom, who changed what. Append-only; names of things, never personal data."""

from __future__ import annotations

from datetime import datetime

import msgspec

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
        inside.db.execute(
            SQL.add_audit,
            {
                "at": app.clock.now(),
                "account": visitor.account,
                "who": visitor.name,
                "role": visitor.role,
                "action": action,
                "object": thing,
                "note": note,
            },
        )


def page(app: App, before: int | None = None) -> list[Entry]:
    """The newest lines, or those before line `before`."""
    rows = app.db.execute(SQL.audit, {"before": before, "limit": PAGE_ROWS})
    fields = Entry.__struct_fields__
    return [Entry(**dict(zip(fields, row, strict=True))) for row in rows]
