"""Customers: search, one customer's profile, their time line."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import analyze, design, profile, resolve
from regulars.analyze import Evidence, Standing, Standpoint, TraitValue, affinity
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


class View:
    """One customer as a page shows them: a room is asked when something of it is looked at, and once."""

    def __init__(self, app: App, number: int) -> None:
        """By the id or by one that was merged into it, for as long as the transaction. Raises NoSuchCustomer."""
        self._app = app
        self.profile = profile.read(app, number)
        self._id = self.profile.customer

    @cached_property
    def identifiers(self) -> list[Identifier]:
        """Each value once, strongest first."""
        return once(resolve.identifiers(self._app, self._id))

    @cached_property
    def explanation(self) -> Explanation | None:
        """Why these records are one person."""
        return resolve.explain(self._app, self._id)

    @cached_property
    def household(self) -> Household:
        """Who lives with them."""
        return household(self._app, self._id)

    @cached_property
    def traits(self) -> list[TraitValue]:
        """What is computed about them."""
        return analyze.traits_of(self._app, self._id)

    @cached_property
    def scores(self) -> list[Standing]:
        """What models say of them."""
        return analyze.scores_of(self._app, self._id)

    @cached_property
    def segments(self) -> list[Belonging]:
        """Segments they are in, latest first."""
        return belongings(self._app, self._id)

    @cached_property
    def stage(self) -> Standpoint | None:
        """Where they stand in the lifecycle."""
        return analyze.standpoint(self._app, self._id)

    @cached_property
    def affinity(self) -> list[affinity.Affinity]:
        """What they answered, by measure, over all time."""
        return affinity.affinity_of(self._app, self._id)[0]

    @cached_property
    def points(self) -> Balance:
        """Their points."""
        return design.balance(self._app, self._id)

    @cached_property
    def statement(self) -> list[PointsLine]:
        """The latest movements of their points."""
        return statement(self._app, self._id)

    @cached_property
    def messages(self) -> list[Message]:
        """What was sent to them."""
        return outbox(self._app, customer=self._id).messages

    @cached_property
    def bought(self) -> list[Bought]:
        """What providers say about them, as far as it may be used now."""
        return profile.overlays.bought(self._app, self._id)

    @cached_property
    def hand(self) -> list[Entry]:
        """What people of the brand stated, newest first."""
        return profile.hand.entries(self._app, self._id)

    @cached_property
    def decisions(self) -> list[Decided]:
        """What they agreed to or took back, latest first."""
        return profile.history(self._app, self._id, DECISION_ROWS)

    @cached_property
    def timeline(self) -> Timeline:
        """What happened, latest first."""
        return timeline(self._app, self._id)

    @cached_property
    def purchases(self) -> tuple[int, int]:
        """Orders and money spent (cents), as the traits hold them."""
        return purchases(self._app, self._id)

    @property
    def orders(self) -> int:
        """As the traits count them."""
        return self.purchases[0]

    @property
    def spend_cents(self) -> int:
        """As the traits add it up."""
        return self.purchases[1]


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


@get("/api/customers/{number:int}/traits/{trait:str}/history", opt=access.office("customers:read"), sync_to_thread=True)
def history_json(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], trait: FromPath[str]
) -> analyze.History:
    """How one trait of one customer changed, with the cause and the events of each change."""
    audit.write(app, request.user, "asked why", f"customer:{number}", trait)
    with app.transaction() as inside:
        return analyze.history(inside, trait, profile.read(inside, number).customer)


routes = [trait_json, history_json, consents_json, customers_json, customer_json]
