"""Groups of customers: who moved, who is in, how many there were on any day.

Membership is a bit of the customer's row, judged together with her values; what changed is written as members, as
history and as an event in the journal, all in the transaction that caused it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from regulars import collect
from regulars.analyze.errors import UnknownSegment
from regulars.analyze.fold import Moved
from regulars.analyze.past import SQL
from regulars.analyze.plan import Segment
from regulars.analyze.rules import sentence
from regulars.analyze.schema import Ready, ready
from regulars.app import App
from regulars.model import SegmentMove

PAGE_MEMBERS = 50


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as people see it."""

    name: str
    title: str
    rule: str
    """As a sentence."""
    size: int


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


def write_moves(app: App, catalogue: Ready, moved: Iterable[Moved], now: datetime) -> list[SegmentMove]:
    """Members, history and journal events of these changed words; gives them as moves."""
    names = {bit: name for name, bit in catalogue.bits.items()}
    rows: list[tuple[str, int, bool]] = []
    for customer, before, after in moved:
        changed = before ^ after
        rows += [(name, customer, bool(after >> bit & 1)) for bit, name in names.items() if changed >> bit & 1]
    if not rows:
        return []
    segment, customers, entered = map(list, zip(*rows, strict=True))
    given: dict[str, Any] = {"segments": segment, "customers": customers, "entered": entered, "at": now}
    written = app.db.execute(SQL.move_in_and_out, given).fetchall()
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


def segments(app: App) -> list[SegmentView]:
    """All segments in the order of the catalogue, with their sizes now."""
    catalogue = ready(app)
    sizes = dict(app.db.execute(SQL.segment_sizes).fetchall())
    return [
        SegmentView(name=s.name, title=s.title, rule=_rule(app, catalogue, s), size=sizes.get(s.name, 0))
        for s in catalogue.plan.segments
    ]


def _rule(app: App, catalogue: Ready, segment: Segment) -> str:
    return sentence(segment.rule, catalogue.plan.traits, app.settings.brand_currency)


def segment_named(app: App, name: str) -> Segment:
    """The declared segment, or UnknownSegment."""
    declared = {segment.name: segment for segment in ready(app).plan.segments}
    if name not in declared:
        raise UnknownSegment(f"There is no segment named '{name}'", f"Choose one of: {', '.join(sorted(declared))}")
    return declared[name]


def members(app: App, segment: str, after: int | None = None, limit: int = PAGE_MEMBERS) -> list[Member]:
    """A page of members by customer id, above `after`."""
    segment_named(app, segment)
    given = {"segment": segment, "after": after or 0, "limit": limit}
    return [Member(*row) for row in app.db.execute(SQL.members_after, given).fetchall()]


def size_history(app: App, segment: str) -> list[Size]:
    """Sizes at the end of every day on which the segment changed, oldest first."""
    segment_named(app, segment)
    return [Size(*row) for row in app.db.execute(SQL.size_history, {"segment": segment}).fetchall()]


def visits(app: App, customer: int, limit: int = PAGE_MEMBERS) -> list[Visit]:
    """When this customer came into segments and left them, newest first."""
    return [Visit(*row) for row in app.db.execute(SQL.moves_of, {"customer": customer, "limit": limit}).fetchall()]
