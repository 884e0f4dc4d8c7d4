"""Groups of customers: who moved, who is in, how many there were on any day.

Membership is a bit of the customer's row, judged together with her values; what changed is written as members, as
history and as an event in the journal, all in the transaction that caused it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from regulars import collect
from regulars.analyze.errors import UnknownSegment
from regulars.analyze.fold import Moved
from regulars.analyze.past import SQL
from regulars.analyze.plan import Segment
from regulars.analyze.rules import sentence
from regulars.analyze.schema import Ready, ready
from regulars.analyze.segments import made, tree
from regulars.analyze.segments.making import vocabulary
from regulars.analyze.segments.spoken import said
from regulars.app import App
from regulars.model import SegmentMove

PAGE_MEMBERS = 50
State = Literal["live", "preparing", "failed", "archived"]
"""Judged by its newest version; that is being prepared; that cannot be run; nobody is in it any more."""
Reason = Literal["event", "time", "rule", "people"]
"""She did something; a window ended; the rule was made or changed; her records are others than before."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Where a segment that people made stands."""

    version: int
    state: State
    fault: str | None
    rule: tree.Rule
    author: str
    at: datetime
    """Who saved the newest version, and when."""


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as people see it."""

    name: str
    title: str
    rule: str
    """As a sentence that goes on after "Everybody"."""
    size: int
    made: Made | None = None
    """What is known of it beyond the catalogue, where people made it."""


class Member(msgspec.Struct, frozen=True):
    """Somebody in a segment."""

    customer: int
    since: datetime


class Size(msgspec.Struct, frozen=True):
    """How many were in at the end of a day (days since 1970-01-01)."""

    day: int
    size: int


class Visit(msgspec.Struct, frozen=True):
    """One coming or going of a customer."""

    segment: str
    entered: bool
    at: datetime
    reason: Reason
    seq: int | None
    """The event behind it, where it was one."""


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """Why customers move."""

    reason: Reason
    seqs: Mapping[int, int] = {}
    """By customer, her latest event of the batch."""


def write_moves(
    app: App, catalogue: Ready, moved: Iterable[Moved], now: datetime, because: Because
) -> list[SegmentMove]:
    """Members, history and journal events of these changed words; gives them as moves.

    Whoever moves because a rule was made or changed did nothing: that is history, and no news to anybody.
    """
    names = {bit: name for name, bit in catalogue.bits.items()}
    rows: list[tuple[str, int, bool]] = []
    for customer, before, after in moved:
        changed = before ^ after
        rows += [(name, customer, bool(after >> bit & 1)) for bit, name in names.items() if changed >> bit & 1]
    if not rows:
        return []
    segment, customers, entered = map(list, zip(*rows, strict=True))
    given: dict[str, Any] = {"segments": segment, "customers": customers, "entered": entered, "at": now}
    given |= {"reason": because.reason, "seqs": [because.seqs.get(customer) for customer in customers]}
    written = app.db.execute(SQL.move_in_and_out, given).fetchall()
    if because.reason == "rule":
        return []
    titles = {segment.name: segment.title for segment in catalogue.plan.segments}
    collect.announce(app, [_announcement(row, titles.get(str(row[1])) or str(row[1]), now) for row in written])
    return [SegmentMove(segment=name, customer=who, entered=came, at=now) for name, who, came in rows]


def _announcement(row: tuple[Any, ...], title: str, now: datetime) -> collect.Announcement:
    ident, segment, customer, entered = row
    return collect.Announcement(
        message_id=f"segment-move:{ident}",
        name="Segment Entered" if entered else "Segment Left",
        customer=customer,
        occurred_at=now,
        properties={"segment": segment, "title": title},
    )


def segments(app: App, archived: bool = False) -> list[SegmentView]:
    """All segments with their sizes now: those of the catalogue in its order, then those that people made."""
    catalogue = ready(app)
    sizes = dict(app.db.execute(SQL.segment_sizes).fetchall())
    currency = app.settings.brand_currency
    found = [
        SegmentView(
            name=s.name,
            title=s.title,
            rule=f"with {sentence(s.rule, catalogue.plan.traits, currency)}",
            size=sizes.get(s.name, 0),
        )
        for s in catalogue.declared
    ]
    known = vocabulary(app)
    rows = [row for row in made.stored(app.db) if archived or not row.archived]
    return found + [_view(row, sizes.get(row.name, 0), known) for row in rows]


def _view(row: made.Row, size: int, known: tree.Vocabulary) -> SegmentView:
    rule = tree.read(row.rule)
    return SegmentView(
        name=row.name,
        title=row.title,
        rule=_said(rule, known),
        size=size,
        made=Made(version=row.version, state=_state(row), fault=row.fault, rule=rule, author=row.author, at=row.at),
    )


def _said(rule: tree.Rule, known: tree.Vocabulary) -> str:
    try:
        return said(rule, known)
    except KeyError as gone:
        # Its fault says so, too; a list must not break by it.
        return f"with {gone}, which is no trait any more"


def _state(row: made.Row) -> State:
    if row.archived:
        return "archived"
    if row.fault is not None:
        return "failed"
    return "live" if row.settled and row.adopted == row.version else "preparing"


def segment_named(app: App, name: str) -> Segment:
    """The segment as it is wanted, or UnknownSegment."""
    catalogue = ready(app)
    there = {segment.name: segment for segment in catalogue.plan.segments}
    if name in there:
        return there[name]
    coming = made.wanted(made.stored(app.db), catalogue.plan.traits, catalogue.declared)
    if isinstance(found := coming.get(name), Segment):
        return found
    raise UnknownSegment(f"There is no segment named '{name}'", f"Choose one of: {', '.join(sorted(there))}")


def check_named(app: App, name: str) -> None:
    """Raises UnknownSegment where there never was a segment of this name."""
    if name not in {row.name for row in made.stored(app.db)}:
        segment_named(app, name)


def members(app: App, segment: str, after: int | None = None, limit: int = PAGE_MEMBERS) -> list[Member]:
    """A page of members by customer id, above `after`."""
    check_named(app, segment)
    given = {"segment": segment, "after": after or 0, "limit": limit}
    return [Member(*row) for row in app.db.execute(SQL.members_after, given).fetchall()]


def size_history(app: App, segment: str) -> list[Size]:
    """Sizes at the end of every day on which the segment changed, oldest first."""
    check_named(app, segment)
    return [Size(*row) for row in app.db.execute(SQL.size_history, {"segment": segment}).fetchall()]


def visits(app: App, customer: int, limit: int = PAGE_MEMBERS) -> list[Visit]:
    """When this customer came into segments and left them, newest first."""
    return [Visit(*row) for row in app.db.execute(SQL.moves_of, {"customer": customer, "limit": limit}).fetchall()]
