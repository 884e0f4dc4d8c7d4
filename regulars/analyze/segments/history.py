"""What a segment was worth on past days, and who came and went last."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.analyze.past import SQL
from regulars.analyze.schema import Ready
from regulars.analyze.segments.members import Reason, check_named
from regulars.app import App

HISTORY_DAYS = 400
MOVES_SHOWN = 20
# What a segment is worth is what its members spent in a year.
SPEND = "spend_365_cents"


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """A segment when time was let pass on a day (days since 1970-01-01)."""

    day: int
    customers: int
    spend_cents: int
    """By those who were in it then, in the 365 days before."""


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came into a segment, or left it."""

    customer: int
    entered: bool
    at: datetime
    reason: Reason
    seq: int | None
    """The event behind it, where it was one."""


def keep_days(app: App, catalogue: Ready, day: int) -> None:
    """Write down what each segment is worth today."""
    if any(trait.name == SPEND for trait in catalogue.plan.traits):
        app.db.execute(SQL.keep_segment_days, {"day": day, "too_old": day - HISTORY_DAYS})


def worth(app: App, segment: str) -> list[Worth]:
    """The last HISTORY_DAYS, oldest first; days on which no worker let time pass are left out."""
    check_named(app, segment)
    row = app.db.execute(SQL.as_of_day).fetchone()
    after = (row[0] if row else 0) - HISTORY_DAYS
    rows = app.db.execute(SQL.segment_days, {"segment": segment, "after": after}).fetchall()
    return [Worth(day=day, customers=customers, spend_cents=spend) for day, customers, spend in rows]


def came_and_went(app: App, segment: str, limit: int = MOVES_SHOWN) -> list[Came]:
    """The newest moves, newest first, each with its reason."""
    check_named(app, segment)
    rows = app.db.execute(SQL.moves_in, {"segment": segment, "limit": limit}).fetchall()
    return [Came(customer=who, entered=came, at=at, reason=why, seq=seq) for who, came, at, why, seq in rows]
