"""What stewards decided, by whom and why: a log that is only added to."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.app import App
from regulars.store import queries

SQL = queries(__package__)
DECISIONS_SHOWN_MAX = 100


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One statement, or one that takes a statement back."""

    subject: str
    """Names what it is about; `resolve.decide.undo` takes it."""
    kind: str
    """merge, split, distinct, verify, withdraw, block, close or model."""
    is_undo: bool
    is_latest: bool
    """The last word about its subject."""
    actor: str
    reason: str
    at: datetime
    type: str
    value: str
    """The identifier it is about; both "" where it is about records."""
    customers: list[int]
    """Whom its records are now."""


def decisions(app: App, customer: int | None = None) -> list[Decided]:
    """Newest first, at most DECISIONS_SHOWN_MAX; of one customer's records, or all."""
    given = {"customer": customer, "limit": DECISIONS_SHOWN_MAX}
    return [
        Decided(
            subject=subject,
            kind=stated,
            is_undo=not kind,
            is_latest=is_latest,
            actor=actor,
            reason=reason,
            at=at,
            type=value_type,
            value=value,
            customers=customers,
        )
        for (
            subject, _, kind, actor, reason, at, is_latest, stated, value_type, value, customers
        ) in app.db.execute(SQL.decisions, given)
    ]  # fmt: skip
