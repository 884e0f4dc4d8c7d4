"""What an idle round of the worker has to know of this room, asked with one statement."""

from __future__ import annotations

from enum import IntFlag

from regulars.app import App
from regulars.privacy import retention
from regulars.store import queries

SQL = queries(__package__ or "")


class Waiting(IntFlag):
    """What there is to do."""

    ERASURES = 1
    """Somebody is to be erased, or a step after that is to be taken."""
    CALLS = 2
    """Another system is to be told how a request stands."""
    RETENTION = 4
    """The journal is to be read for what is over its time, or its file cannot be read and the step says so."""


def waiting(app: App) -> Waiting:
    """What there is to do now, in a transaction of its own."""
    with app.transaction() as inside:
        erasures, calls, *last = inside.db.execute(SQL.waiting, {"now": app.clock.now()}).fetchall()[0]
    found = Waiting(0)
    if erasures:
        found |= Waiting.ERASURES
    if calls:
        found |= Waiting.CALLS
    if retention.is_waiting(app, retention.Last(*last)):
        found |= Waiting.RETENTION
    return found
