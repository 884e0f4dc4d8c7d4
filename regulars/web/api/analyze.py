"""Segments: the list, and one with its size over time, members, overlap and reach."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from litestar import get

from regulars import analyze
from regulars.analyze import SegmentView, Size
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import NotFound
from regulars.profile.read import display_name
from regulars.store import queries
from regulars.web import access
from regulars.web.site import House

SQL = queries("regulars.web")
MEMBERS_PER_PAGE = 50
OVERLAPS = 6


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A segment on the list."""

    segment: SegmentView
    share: float
    """Of all known customers."""


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a segment, with the figures one looks for first."""

    customer: int
    name: str
    spend_cents: int | None
    orders: int | None
    last_order: date | None
    since: datetime


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What members who bought spent in all, and everybody."""

    members_cents: int
    members: int
    all_cents: int
    all: int


class SegmentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One segment with everything its page shows."""

    segment: SegmentView
    known: int
    history: list[Size]
    members: list[MemberRow]
    after: int | None
    """Ask for members above this id to go on."""
    overlap: list[tuple[str, str, int]]
    """Name, title and people of other segments these are also in."""
    reach: list[tuple[str, int]]
    money: Money


def segments(app: App) -> list[Listed]:
    """All segments with their sizes."""
    known = known_customers(app)
    return [Listed(segment=one, share=one.size / known if known else 0.0) for one in analyze.segments(app)]


def segment(app: App, name: str, after: int | None = None) -> SegmentPage:
    """One segment. Raises NotFound."""
    every = {one.name: one for one in analyze.segments(app)}
    if name not in every:
        raise NotFound(f"There is no segment named '{name}'", f"Choose one of: {', '.join(sorted(every))}")
    found = analyze.members(app, name, after, MEMBERS_PER_PAGE)
    titles = {one.name: one.title for one in every.values()}
    overlap = app.db.execute(SQL.overlap, {"segment": name, "limit": OVERLAPS}).fetchall()
    money = app.db.execute(SQL.segment_money, {"segment": name}).fetchone() or (0, 0, 0, 0)
    return SegmentPage(
        segment=every[name],
        known=known_customers(app),
        history=analyze.size_history(app, name),
        members=rows_of(app, name, [member.customer for member in found]),
        after=found[-1].customer if len(found) == MEMBERS_PER_PAGE else None,
        overlap=[(other, titles.get(other, other), count) for other, count in overlap],
        reach=app.db.execute(SQL.reachable, {"segment": name}).fetchall(),
        money=Money(members_cents=money[0] or 0, members=money[1], all_cents=money[2] or 0, all=money[3]),
    )


def rows_of(app: App, name: str, customers: list[int]) -> list[MemberRow]:
    """Members with names and figures, in the order given."""
    return [
        MemberRow(
            customer=customer,
            name=display_name(first, last, customer),
            spend_cents=spend,
            orders=orders,
            last_order=None if last_day is None else day_date(last_day),
            since=since,
        )
        for customer, first, last, spend, orders, last_day, since in app.db.execute(
            SQL.segment_names, {"segment": name, "customers": customers}
        )
    ]


def known_customers(app: App) -> int:
    """People with an identifier of their own: the base of every share."""
    row = app.db.execute("select count(*) from customer where known").fetchone()
    return row[0] if row else 0


@get("/api/segments", opt=access.OFFICE, sync_to_thread=True)
def segments_json(app: House) -> list[Listed]:
    """All segments: rule as a sentence, size, share of known customers."""
    with app.transaction() as inside:
        return segments(inside)


@get("/api/segments/{name:str}", opt=access.OFFICE, sync_to_thread=True)
def segment_json(app: House, name: str, after: int | None = None) -> SegmentPage:
    """One segment: size over time, members, overlap, who can be reached."""
    with app.transaction() as inside:
        return segment(inside, name, after)


routes = [segments_json, segment_json]
