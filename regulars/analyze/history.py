"""How values of traits changed: written by one statement a fold, read as steps with what caused each.

A row holds all values that keep their history, so a batch costs one comparison and one insert whatever their number;
what changed is the difference to the row before. Only of people we know, and only where a value is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from psycopg import sql

from regulars.analyze import past
from regulars.analyze.errors import UnknownTrait
from regulars.analyze.past import SQL
from regulars.analyze.plan import Trait, leaves
from regulars.analyze.questions import SOURCE_NAMES
from regulars.analyze.rules import shown
from regulars.analyze.schema import ready
from regulars.app import App

# A change older than this is let go, but for the last row of each customer.
HISTORY_DAYS = 400
# Of one customer and trait, newest first.
CHANGES_SHOWN = 200
# Rows of a customer that are looked through for them.
ROWS_READ = 2_000
# Events shown behind one change.
EVENTS_SHOWN = 20
# Rows looked at in one step of letting go: some tenths of a second.
LOOKED_AT_ONCE = 20_000

Cause = Literal["event", "time", "rule", "people"]


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """An event behind a change."""

    seq: int
    name: str
    at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A value that became another."""

    at: datetime
    day: int
    cause: Cause
    value: Any
    shown: str
    before: str | None
    """As people read it; None: nothing is kept from before."""
    events: list[Behind]
    """Those of the batch that caused it, newest first; none where it was no event."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """How a customer's value of one trait changed."""

    trait: str
    title: str
    customer: int
    changes: list[Change]
    """Newest first, at most CHANGES_SHOWN."""
    kept_days: int


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """One step of letting go of what is too old."""

    rows: int
    go_on_after: int | None
    """The row to go on behind; None: all that was old was looked at."""


def history(app: App, name: str, customer: int) -> History:
    """How this value changed. Raises UnknownTrait where there is no such trait, or its changes are not kept."""
    plan = ready(app).plan
    kept = {trait.name: trait for trait in plan.remembered}
    if name not in kept:
        raise UnknownTrait(
            f"No history is kept of '{name[:60]}'", f"Choose one of: {', '.join(sorted(kept))}, or declare history=True"
        )
    given = {"customer": customer, "limit": ROWS_READ, "shown": CHANGES_SHOWN, "days": HISTORY_DAYS}
    rows = app.db.execute(_steps(name), given).fetchall()
    events = _events(app, kept[name], customer)
    return History(
        trait=name,
        title=kept[name].title,
        customer=customer,
        changes=[_change(app, kept[name], row, events) for row in rows],
        kept_days=HISTORY_DAYS,
    )


def forget_old(app: App, after: int = 0) -> Pruned:
    """Let go of what is older than HISTORY_DAYS among the next LOOKED_AT_ONCE rows behind row `after`."""
    given = {"after": after, "days": HISTORY_DAYS, "limit": LOOKED_AT_ONCE}
    row = app.db.execute(SQL.prune_changes, given).fetchone()
    assert row is not None, "aggregates have a row"
    newest, looked_at, is_old, gone = row
    return Pruned(rows=gone, go_on_after=newest if is_old and looked_at == LOOKED_AT_ONCE else None)


def _steps(name: str) -> sql.Composed:
    column = sql.Identifier(name)
    return sql.SQL(
        "select seq, from_seq, day, at, cause, value, before, is_first from ("
        "select id, seq, day, at, cause, {0} as value, lag({0}) over w as before, lag(seq, 1, case when day < (select"
        " a.day from as_of a) - %(days)s or exists (select from trait_change o where o.customer = r.customer and"
        # Behind a first row whose row before is kept no more, or was not read, stands no event we could name.
        " o.id < r.id) then seq else 0 end) over w as from_seq, lag(id) over w is null as is_first"
        " from (select * from trait_change where customer = %(customer)s order by id desc limit %(limit)s) r"
        " window w as (order by id)) s"
        " where value is distinct from before order by id desc limit %(shown)s"
    ).format(column)


def _events(app: App, trait: Trait, customer: int) -> list[Behind]:
    """Her newest events that the trait looks at."""
    wanted = {leaf.facts.event for leaf in leaves(trait.expression)}
    names = sorted({SOURCE_NAMES.get(name, name) for name in wanted})
    found = past.newest(app, customer, names, [], CHANGES_SHOWN)
    return [Behind(seq=one.seq, name=one.name, at=one.occurred_at) for one in found]


def _change(app: App, trait: Trait, row: tuple[Any, ...], events: Sequence[Behind]) -> Change:
    seq, from_seq, day, at, cause, value, before, is_first = row
    currency = app.settings.brand_currency
    mine = [one for one in events if from_seq < one.seq <= seq] if cause == "event" else []
    return Change(
        at=at,
        day=day,
        cause=cause,
        value=value,
        shown=shown(value, trait.unit, currency),
        before=None if is_first else shown(before, trait.unit, currency),
        events=mine[:EVENTS_SHOWN],
    )
