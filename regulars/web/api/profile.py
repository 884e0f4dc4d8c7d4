"""Customers: search, one customer's profile, their time line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import analyze, design, profile, resolve
from regulars.analyze import Evidence, Standing, TraitValue
from regulars.app import App
from regulars.design import Balance
from regulars.profile import Bought, Decided, Entry, Hit, Profile
from regulars.resolve import Explanation, Identifier
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.api.analyze import behind
from regulars.web.api.engage import Message, outbox
from regulars.web.api.households import Household, household
from regulars.web.api.timeline import Timeline, timeline
from regulars.web.site import House

SQL = queries("regulars.web")
SEARCH_ROWS = 50
STATEMENT_ROWS = 5
DECISION_ROWS = 30
# The source of other movements is a redemption, or nothing.
ABOUT_AN_ORDER = ("earn", "return")
TEXT_MAX_CHARS = 200


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search gave, best first."""

    text: str
    hits: list[Hit]
    more: bool


class Belonging(msgspec.Struct, frozen=True, kw_only=True):
    """A segment they are in, and since when."""

    segment: str
    title: str
    since: datetime


class PointsLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points and what it was for."""

    kind: str
    """earn, return, redeem, restore, settle or adjust."""
    day: int
    points: int
    """Below zero when points went."""
    order: str
    place: str | None
    """The store, or the channel where there was none; None for what no event caused."""
    expires_day: int | None
    """When these points run out; None: never, or they went."""
    note: str


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the customer page shows, room by room."""

    profile: Profile
    identifiers: list[Identifier]
    explanation: Explanation | None
    """Why these records are one person; None for somebody without evidence."""
    household: Household
    traits: list[TraitValue]
    scores: list[Standing]
    segments: list[Belonging]
    points: Balance
    statement: list[PointsLine]
    messages: list[Message]
    bought: list[Bought]
    """What providers say about them, as far as it may be used now."""
    hand: list[Entry]
    """What people of the brand stated, newest first."""
    decisions: list[Decided]
    """What they agreed to or took back, latest first."""
    timeline: Timeline
    orders: int
    spend_cents: int


def find(app: App, text: str) -> Found:
    """Customers by name, e-mail, phone or card, as typed so far."""
    text = text.strip()[:TEXT_MAX_CHARS]
    hits = profile.search(app, text, SEARCH_ROWS) if text else []
    return Found(text=text, hits=hits, more=len(hits) == SEARCH_ROWS)


# What each room says of a customer, by the name under which it is shown.
TOLD_BY: dict[str, Callable[[App, int], Any]] = {
    "identifiers": lambda app, id: once(resolve.identifiers(app, id)),
    "explanation": resolve.explain,
    "household": household,
    "traits": analyze.traits_of,
    "scores": analyze.scores_of,
    "segments": lambda app, id: belongings(app, id),
    "points": design.balance,
    "statement": lambda app, id: statement(app, id),
    "messages": lambda app, id: outbox(app, customer=id).messages,
    "bought": profile.overlays.bought,
    "hand": profile.hand.entries,
    "decisions": lambda app, id: profile.history(app, id, DECISION_ROWS),
    "timeline": timeline,
    "purchases": lambda app, id: purchases(app, id),
}


class View:
    """One customer as a page shows them: a room is asked when something of it is looked at, and once."""

    def __init__(self, app: App, number: int) -> None:
        """By the id or by one that was merged into it, for as long as the transaction. Raises NoSuchCustomer."""
        self._app = app
        self.profile = profile.read(app, number)

    @property
    def orders(self) -> int:
        """As the traits count them."""
        return self.purchases[0]

    @property
    def spend_cents(self) -> int:
        """As the traits add it up."""
        return self.purchases[1]

    def __getattr__(self, name: str) -> Any:
        if name not in TOLD_BY:
            raise AttributeError(name)
        told = TOLD_BY[name](self._app, self.profile.customer)
        setattr(self, name, told)
        return told


def customer(app: App, number: int) -> Customer:
    """One customer, by the id or by one that was merged into it. Raises NoSuchCustomer."""
    view = View(app, number)
    return Customer(profile=view.profile, **{name: getattr(view, name) for name in Customer.__struct_fields__[1:]})


def once(found: list[Identifier]) -> list[Identifier]:
    """Each value once, under the strongest evidence that names it: they come strongest first."""
    firsts: dict[tuple[str, str], Identifier] = {}
    for one in found:
        firsts.setdefault((one.type, one.value), one)
    return list(firsts.values())


def statement(app: App, number: int) -> list[PointsLine]:
    """The latest movements of their points, each with its order, its place and its expiry."""
    entries = design.statement(app, number, STATEMENT_ROWS)
    rows = app.db.execute(SQL.points_behind, {"entries": [entry.id for entry in entries]})
    behind = {entry: (place, expires_day, points) for entry, place, expires_day, points in rows}
    lines: list[PointsLine] = []
    for entry in entries:
        place, expires_day, points = behind[entry.id]
        lines.append(
            PointsLine(
                kind=entry.kind,
                day=entry.day,
                points=points,
                order=entry.source if entry.kind in ABOUT_AN_ORDER else "",
                place=place,
                expires_day=expires_day,
                note=entry.note,
            )
        )
    return lines


def belongings(app: App, number: int) -> list[Belonging]:
    """Segments they are in, latest first."""
    titles = {segment.name: segment.title for segment in analyze.segments(app)}
    rows = app.db.execute(SQL.belongings, {"customer": number})
    return [Belonging(segment=name, title=titles.get(str(name), str(name)), since=since) for name, since in rows]


def purchases(app: App, number: int) -> tuple[int, int]:
    """Orders and money spent (cents), as the traits hold them."""
    return app.db.execute(SQL.purchases, {"customer": number}).fetchone() or (0, 0)


@get("/api/customers", opt=access.office("customers:read"), sync_to_thread=True)
def customers_json(app: House, request: Request[Any, Any, Any], q: FromQuery[str] = "") -> Found:
    """Search customers by name, e-mail, phone or card."""
    audit.write(app, request.user, "searched customers", "customers")
    with app.transaction() as inside:
        return find(inside, q)


@get("/api/customers/{number:int}", opt=access.office("customers:read"), sync_to_thread=True)
def customer_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Customer:
    """One customer: golden fields with provenance, identifiers, scores, segments, points, messages, time line."""
    audit.write(app, request.user, "looked up a customer", f"customer:{number}")
    with app.transaction() as inside:
        return customer(inside, number)


@get("/api/customers/{number:int}/consents", opt=access.office("customers:read"), sync_to_thread=True)
def consents_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> list[dict[str, Any]]:
    """A receipt for each decision of one customer (ISO/IEC TS 27560:2023), latest first."""
    audit.write(app, request.user, "read consent receipts", f"customer:{number}")
    with app.transaction() as inside:
        return profile.receipts(inside, profile.read(inside, number).customer)


@get("/api/customers/{number:int}/traits/{trait:str}", opt=access.office("customers:read"), sync_to_thread=True)
def trait_json(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], trait: FromPath[str]
) -> list[Evidence]:
    """The newest events behind one trait of one customer."""
    audit.write(app, request.user, "asked why", f"customer:{number}", trait)
    with app.transaction() as inside:
        return behind(inside, number, trait)


routes = [trait_json, consents_json, customers_json, customer_json]
