"""Segments: the list, and one with its size over time, members, overlap and reach."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from regulars import analyze, design, profile, worker
from regulars.analyze import Evidence, SegmentView, Size, Why, Worth
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import NotFound
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.errors import RuleNotRun, unreadable
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
MEMBERS_PER_PAGE = 50
NAME_MAX_CHARS = 100
OVERLAPS = 6
CLAUSES_MAX = 50
NUL = "\0"


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


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A trait against a value; `sign` is one of > >= < <= =."""

    trait: str
    sign: str
    value: float | str


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """A live count: exact, never from a sample."""

    people: int
    known: int
    took_ms: int
    rule: str


class TraitPage(msgspec.Struct, frozen=True, kw_only=True):
    """One trait with everything its page shows."""

    listed: analyze.Listed
    explained: analyze.Explained
    versions: list[analyze.TraitVersion]
    journeys: list[tuple[str, str]]
    """Name and title of journeys that begin by a segment over it."""
    history: analyze.History | None = None
    """How a customer's value changed, where one was asked for and changes are kept."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came or left, and why: she did something, time passed, the rule or her records changed."""

    customer: int
    name: str
    entered: bool
    at: datetime
    reason: str
    seq: int | None
    """The event behind it, where it was one."""


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
    worth: list[Worth]
    """Size and spend at the end of past days."""
    moves: list[Move]
    """Who came and went last."""
    waiting: int
    """Events that arrived and are not in it yet."""
    waiting_since: datetime | None
    is_still: bool
    """They wait, and no worker is at work."""
    as_of: datetime


def segments(app: App) -> list[Listed]:
    """All segments with their sizes."""
    known = known_customers(app)
    return [Listed(segment=one, share=one.size / known if known else 0.0) for one in analyze.segments(app)]


def segment(app: App, name: str, after: int | None = None) -> SegmentPage:
    """One segment. Raises NotFound."""
    every = {one.name: one for one in analyze.segments(app, archived=True)}
    if name not in every:
        raise NotFound(f"There is no segment named '{name}'", f"Choose one of: {', '.join(sorted(every))}")
    found = analyze.members(app, name, after, MEMBERS_PER_PAGE)
    titles = {one.name: one.title for one in every.values()}
    overlap = app.db.execute(SQL.overlap, {"segment": name, "limit": OVERLAPS}).fetchall()
    stands = worker.standing(app)
    money = app.db.execute(SQL.segment_money, {"segment": name}).fetchone() or (0, 0, 0, 0)
    return SegmentPage(
        segment=every[name],
        known=known_customers(app),
        history=analyze.size_history(app, name),
        members=rows_of(app, name, [member.customer for member in found]),
        after=found[-1].customer if len(found) == MEMBERS_PER_PAGE else None,
        overlap=[(str(other), titles.get(str(other), str(other)), count) for other, count in overlap],
        reach=app.db.execute(SQL.reachable, {"segment": name, "now": app.clock.now()}).fetchall(),
        money=Money(members_cents=money[0] or 0, members=money[1], all_cents=money[2] or 0, all=money[3]),
        worth=analyze.worth(app, name),
        moves=moves_of(app, name),
        waiting=stands.waiting,
        waiting_since=stands.waiting_since,
        is_still=stands.is_still,
        as_of=app.clock.now(),
    )


def moves_of(app: App, name: str) -> list[Move]:
    """Who came into a segment and left it last, by name."""
    found = analyze.came_and_went(app, name)
    rows = app.db.execute(SQL.sample_names, {"customers": [one.customer for one in found]})
    return [
        Move(customer=c, name=full_name(first, last, c), entered=m.entered, at=m.at, reason=m.reason, seq=m.seq)
        for m, (c, first, last, _, _) in zip(found, rows, strict=True)
    ]


def rows_of(app: App, name: str, customers: list[int]) -> list[MemberRow]:
    """Members with names and figures, in the order given."""
    return [
        MemberRow(
            customer=customer,
            name=full_name(first, last, customer),
            spend_cents=spend,
            orders=orders,
            last_order=None if last_day is None else day_date(last_day),
            since=since,
        )
        for customer, first, last, spend, orders, last_day, since in app.db.execute(
            SQL.segment_names, {"segment": name, "customers": customers}
        )
    ]


def why(app: App, name: str, customer: int) -> Why:
    """Why somebody is, or is not, in a segment: every comparison with its value and the events behind it.

    `customer` may be one that was merged into another. Raises NoSuchCustomer.
    """
    return analyze.why(app, name, profile.read(app, customer).customer)


def behind(app: App, customer: int, trait: str) -> list[Evidence]:
    """The newest events behind one trait of one customer. Raises UnknownTrait."""
    return analyze.explain(app, trait, customer).events


def count(app: App, clauses: list[Comparison]) -> Count:
    """How many fit all of these comparisons now, and how long the answer took. Raises InputRefused."""
    if len(clauses) > CLAUSES_MAX:
        raise RuleNotRun(f"The rule has {len(clauses):,} parts", f"Use at most {CLAUSES_MAX} comparisons")
    if any(NUL in f"{one.trait}{one.value}" for one in clauses):
        raise unreadable()
    parts = [{"kind": "trait", "trait": one.trait, "is": one.sign, "value": one.value} for one in clauses]
    rule = analyze.read({"kind": "all", "of": parts})
    began = time.perf_counter()
    try:
        with app.db.transaction():
            people = analyze.count(app, rule)
    except (psycopg.ProgrammingError, psycopg.DataError):
        raise RuleNotRun(
            "This comparison does not fit its trait", "Compare numbers with numbers, texts with texts"
        ) from None
    took_ms = (time.perf_counter() - began) * 1_000
    return Count(people=people, known=known_customers(app), took_ms=round(took_ms), rule=analyze_sentence(app, rule))


def analyze_sentence(app: App, rule: analyze.Rule) -> str:
    """The rule in words that go on after "Everybody"."""
    return analyze.said(rule, analyze.vocabulary(app))


def catalogue(app: App) -> list[analyze.Listed]:
    """Every trait with its version, how fresh it is, and what rests on it."""
    return analyze.listed(app)


def trait(app: App, name: str, customer: int | None = None) -> TraitPage:
    """One trait, with the arithmetic of a customer where one is given. Raises UnknownTrait."""
    explained = analyze.explain(app, name, customer)
    listed = next(one for one in analyze.listed(app) if one.name == name)
    segments = {user.name for user in listed.used_by if user.kind == "segment"}
    return TraitPage(
        listed=listed,
        explained=explained,
        versions=analyze.trait_versions(app, name),
        journeys=[
            (one.name, one.title) for one in design.journeys(app) if one.graph and one.graph.entry.subject in segments
        ],
        history=analyze.history(app, name, customer) if customer is not None and listed.has_history else None,
    )


def known_customers(app: App) -> int:
    """People with an identifier of their own: the base of every share."""
    row = app.db.execute(SQL.known_customers).fetchone()
    return row[0] if row else 0


@get("/api/segments", opt=access.office("segments:read"), sync_to_thread=True)
def segments_json(app: House) -> list[Listed]:
    """All segments: rule as a sentence, size, share of known customers."""
    with app.transaction() as inside:
        return segments(inside)


@get("/api/segments/{name:str}", opt=access.office("segments:read"), sync_to_thread=True)
def segment_json(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], after: FromQuery[int | None] = None
) -> SegmentPage:
    """One segment: size over time, members, overlap, who can be reached."""
    audit.write(app, request.user, "read the members", f"segment:{name[:NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        return segment(inside, name, after)


@get("/api/segments/{name:str}/why/{customer:int}", opt=access.office("customers:read"), sync_to_thread=True)
def why_json(app: House, request: Request[Any, Any, Any], name: FromPath[str], customer: FromPath[int]) -> Why:
    """Why this customer is, or is not, in this segment, down to the events."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", name)
    with app.transaction() as inside:
        return why(inside, name, customer)


@get("/api/traits", opt=access.office("segments:read"), sync_to_thread=True)
def traits_json(app: House) -> list[analyze.Listed]:
    """The catalogue of traits: version, freshness, unit, and what rests on each."""
    with app.transaction() as inside:
        return catalogue(inside)


@get("/api/traits/{name:str}", opt=access.office("segments:read"), sync_to_thread=True)
def trait_of_catalogue_json(app: House, name: FromPath[str]) -> TraitPage:
    """One trait: what it is made of, its SQL, its versions, what rests on it."""
    with app.transaction() as inside:
        return trait(inside, name)


@post("/api/count", opt=access.office("segments:read"), status_code=200, sync_to_thread=True)
def count_json(app: House, data: JSONBody[list[Comparison]]) -> Count:
    """How many customers fit all of these comparisons now."""
    with app.transaction() as inside:
        return count(inside, data)


routes = [segments_json, segment_json, why_json, traits_json, trait_of_catalogue_json, count_json]
