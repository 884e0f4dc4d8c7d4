"""What Home shows: weeks, best customers, who moved, how fresh the data is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, get
from msgspec.structs import replace

from regulars import analyze, worker
from regulars.app import App
from regulars.kit.clock import day_date, day_number
from regulars.store import queries
from regulars.web import access
from regulars.web.api.collect import Pulse, pulse
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
WEEKS = 26
BEST = 5
MOVES = 5
OPPORTUNITIES = 3
MOVED_DAYS = 7
WEEK_DAYS = 7
# Day 0 was a Thursday; weeks start on Monday.
MONDAY_SHIFT = 3


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of identified customers in one week."""

    monday: date
    revenue_cents: int
    orders: int
    buyers: int


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best customers."""

    customer: int
    name: str
    spend_cents: int
    orders: int
    last_order: date
    grade: str | None


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Who came into a segment and who left it in the last week."""

    segment: str
    title: str
    entered: int
    left: int


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """When a source last sent."""

    source: str
    kind: str
    received_at: datetime
    occurred_at: datetime


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of the page. `weeks` oldest first; the last one may not be over, then `is_open`."""

    pulse: Pulse
    flow: worker.Standing
    """Whether what was accepted is carried."""
    weeks: list[Week]
    is_open: bool
    best: list[Best]
    moved: list[Moved]
    fresh: list[Fresh]
    opportunities: list[analyze.missed.Opportunity]
    """The first of the newest search."""

    @property
    def full_weeks(self) -> list[Week]:
        """Weeks that are over."""
        return self.weeks[:-1] if self.is_open else self.weeks


def home(app: App) -> Home:
    """Everything Home shows, from what the flow has carried so far."""
    found, last_day = weeks(app)
    return Home(
        pulse=pulse(app),
        flow=worker.standing(app),
        weeks=found,
        is_open=is_open(last_day, day_number(app.clock.now(), app.settings.zone)),
        best=best(app),
        moved=moved(app),
        fresh=fresh(app),
        opportunities=analyze.missed.leading(app, OPPORTUNITIES),
    )


def is_open(last_day: int | None, today: int) -> bool:
    """Whether the week of the last day with sales may still grow: its Sunday has neither been sold on nor passed."""
    if last_day is None:
        return False
    sunday = last_day - (last_day + MONDAY_SHIFT) % WEEK_DAYS + WEEK_DAYS - 1
    return min(last_day, today - 1) < sunday


def weeks(app: App) -> tuple[list[Week], int | None]:
    """Weeks with sales, oldest first, and the last day with one."""
    rows = app.db.execute(SQL.weeks, {"limit": WEEKS}).fetchall()
    found = [
        Week(
            monday=day_date(int(number) * WEEK_DAYS - MONDAY_SHIFT), revenue_cents=revenue, orders=orders, buyers=buyers
        )
        for number, revenue, orders, buyers, _ in rows
    ]
    return _without_holes(found[::-1]), (rows[0][4] if rows else None)


def _without_holes(found: list[Week]) -> list[Week]:
    """A week without an order is a week with nothing, not a week that did not happen."""
    if not found:
        return []
    by_monday = {week.monday: week for week in found}
    span = (found[-1].monday - found[0].monday).days // WEEK_DAYS + 1
    mondays = [found[-1].monday - timedelta(days=WEEK_DAYS * back) for back in range(min(span, WEEKS))][::-1]
    nothing = Week(monday=mondays[0], revenue_cents=0, orders=0, buyers=0)
    return [by_monday.get(day, msgspec.structs.replace(nothing, monday=day)) for day in mondays]


def best(app: App, limit: int = BEST) -> list[Best]:
    """Customers by money spent."""
    rows = app.db.execute(SQL.best, {"limit": limit}).fetchall()
    return [
        Best(
            customer=customer,
            name=full_name(first, last, customer),
            spend_cents=spend,
            orders=orders,
            last_order=day_date(last_day),
            grade=grade,
        )
        for customer, first, last, spend, orders, last_day, grade in rows
    ]


def moved(app: App) -> list[Moved]:
    """Segments with the most coming and going in the last seven days of what is known."""
    row = app.db.execute(SQL.last_move).fetchone()
    last = row[0] if row else None
    if last is None:
        return []
    titles = {segment.name: segment.title for segment in analyze.segments(app)}
    rows = app.db.execute(SQL.moves, {"after": last - MOVED_DAYS, "limit": MOVES}).fetchall()
    return [
        Moved(segment=name, title=titles.get(str(name), str(name)), entered=came, left=went)
        for name, came, went in rows
    ]


def fresh(app: App) -> list[Fresh]:
    """When each source last sent."""
    return [
        Fresh(source=name, kind=kind, received_at=received, occurred_at=occurred)
        for name, kind, received, occurred in app.db.execute(SQL.freshness)
    ]


@get("/api/home", opt=access.office("reports:read"), sync_to_thread=True)
def home_json(app: House, request: Request[Any, Any, Any]) -> Home:
    """Weeks, best customers (none for a key without customers:read), segment moves, freshness."""
    with app.transaction() as inside:
        found = home(inside)
    return found if access.may_read_customers(request.user) else replace(found, best=[])


routes = [home_json]
