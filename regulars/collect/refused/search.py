"""Refusals for people: by group, by search, one with all that is kept of it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.app import App
from regulars.kit.errors import NotFound
from regulars.store import queries

SQL = queries("regulars.collect.refused")

OPEN, REPLAYED, DISMISSED = "open", "replayed", "dismissed"
STATES = (OPEN, REPLAYED, DISMISSED)
GROUPS_SHOWN = 100
PAGE_ROWS = 50


class RefusalSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty: everything of this state."""

    state: str = OPEN
    source: str = ""
    code: str = ""
    text: str = ""
    in_bodies: bool = True
    """Whether `text` is looked for inside messages and ids, too; else it is a whole id or part of a name or reason."""


class RefusalGroup(msgspec.Struct, frozen=True):
    """Refusals of one source for one reason: they need one mend."""

    like: int
    """One of them, by which the group is named."""
    source_id: int | None
    source: str | None
    """None: the sender is not known, so they cannot be sent again."""
    code: str
    reason: str
    """Of one of them."""
    fix: str
    count: int
    first_at: datetime
    last_at: datetime


class KeptRefusal(msgspec.Struct, frozen=True):
    """One refused message and what became of it, as it was kept."""

    id: int
    source: str | None
    received_at: datetime
    message_id: str | None
    code: str
    reason: str
    fix: str
    body: str
    state: str
    ended_at: datetime | None
    became: str | None
    """accepted, duplicate or conflicting; of one that waits, why it was refused again."""
    became_message_id: str | None


class OneRefusal(msgspec.Struct, frozen=True):
    """A refusal with its places in the journal."""

    refusal: KeptRefusal
    became_seq: int | None
    same_id_seq: int | None
    """The event that has its message id: of a conflict, the one that stands."""


def _given(search: RefusalSearch) -> dict[str, str | bool | None]:
    return {
        "state": search.state,
        "source": search.source or None,
        "code": search.code or None,
        "text": search.text.lower() or None,
        "in_bodies": search.in_bodies,
    }


def refusal_groups(app: App, search: RefusalSearch) -> list[RefusalGroup]:
    """The largest groups of this search, GROUPS_SHOWN at most."""
    rows = app.db.execute(SQL.refusal_groups, _given(search) | {"limit": GROUPS_SHOWN}).fetchall()
    return [RefusalGroup(*row) for row in rows]


def refusal_states(app: App) -> dict[str, int]:
    """How many refusals are in each state."""
    counted = dict(app.db.execute(SQL.refusal_states).fetchall())
    return {state: counted.get(state, 0) for state in STATES}


def search_refusals(app: App, search: RefusalSearch, before: int | None = None) -> list[KeptRefusal]:
    """Refusals of this search, newest first, PAGE_ROWS below the refusal `before`."""
    given = _given(search) | {"before": before, "limit": PAGE_ROWS}
    return [KeptRefusal(*row) for row in app.db.execute(SQL.search_refusals, given).fetchall()]


def one_refusal(app: App, ident: int) -> OneRefusal:
    """All that is kept of one. Raises NotFound."""
    row = app.db.execute(SQL.one_refusal, {"id": ident}).fetchone()
    if row is None:
        raise NotFound(f"There is no refusal {ident}", "Choose one from the list of refusals")
    return OneRefusal(KeptRefusal(*row[:12]), row[12], row[13])
