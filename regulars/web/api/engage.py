"""The outbox: every wish to reach somebody, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import flow
from regulars.app import App
from regulars.engage import Caught, Opened, catcher
from regulars.kit.errors import InputRefused, NotAllowed, NotFound
from regulars.model import Card, Moment
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.accounts import Role
from regulars.web.site import House

SQL = queries("regulars.web")
OUTBOX_ROWS = 50
VALUE_MAX_CHARS = 200
LETTER_NAME_MAX_CHARS = 100
MOMENT_KINDS = ("card", "phone", "email", "customer")


class ShopCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card as an associate gets it: who it is has been said at the till, the last name and our number have not."""

    greeting: str
    facts: list[str]
    action: str | None
    action_why: str | None
    points: int
    as_of: datetime


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox."""

    key: str
    customer: int
    name: str
    channel: str
    template: str
    origin: str
    state: str
    reason: str | None
    why: str | None
    created_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    not_before: datetime | None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many ended so, for which reason."""

    state: str
    reason: str | None
    why: str | None
    count: int


class Outbox(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the outbox, newest first, and the sums over all of it."""

    state: str
    messages: list[Message]
    tallies: list[Tally]
    older: str | None
    """Ask for rows before this key to go on."""

    def count(self, *states: str) -> int:
        """Rows in these states; of all when none is named."""
        return sum(tally.count for tally in self.tallies if not states or tally.state in states)


def outbox(app: App, state: str = "", before: str | None = None, customer: int | None = None) -> Outbox:
    """The newest rows in `state` (any when empty), or those before the row `before`; of one customer when given."""
    given = {"state": state or None, "before": before, "customer": customer, "limit": OUTBOX_ROWS}
    fields = Message.__struct_fields__
    rows = app.db.execute(SQL.outbox_rows, given).fetchall()
    messages = [Message(**dict(zip(fields, row, strict=True))) for row in rows]
    older = messages[-1].key if len(messages) == OUTBOX_ROWS else None
    return Outbox(state=state, messages=messages, tallies=tallies(app), older=older)


def tallies(app: App) -> list[Tally]:
    """Every yes and no with its reason, most first."""
    return [
        Tally(state=state, reason=reason, why=why, count=count)
        for state, reason, why, count in app.db.execute(SQL.outbox_tallies)
    ]


def card_of(app: App, kind: str, value: str, place: str = "") -> Card | None:
    """The card for a card number, phone, e-mail or customer id; None: nobody is known by it."""
    if kind not in MOMENT_KINDS:
        raise InputRefused(f"A customer is not looked up by '{kind}'", f"Use one of: {', '.join(MOMENT_KINDS)}")
    return flow.on_moment(app, Moment(kind=kind, value=value.strip()[:VALUE_MAX_CHARS], place=place))


def may_ask(visitor: access.Visitor, given: Mapping[str, str]) -> None:
    """Raises NotAllowed unless an administrator asks, when it is by our own numbers: they can be counted up."""
    if given.get("customer") and visitor.role is not Role.ADMIN:
        raise NotAllowed("Customer numbers are for administrators", "Ask with a loyalty card, a phone or an e-mail")


def by_card(visitor: access.Visitor, card: Card) -> Card | ShopCard:
    """What this visitor gets of a card: the same as the page shows."""
    if visitor.role is Role.ADMIN:
        return card
    return ShopCard(
        greeting=card.greeting,
        facts=card.facts,
        action=card.action,
        action_why=card.action_why,
        points=card.points,
        as_of=card.as_of,
    )


def letter(app: App, name: str) -> Opened:
    """One caught message by its name in the list. Raises NotFound."""
    if len(name) > LETTER_NAME_MAX_CHARS:
        raise NotFound("There is no caught message of so long a name", "Choose one from the list")
    return catcher.opened(catcher.folder_of(app.settings), name)


def mail(app: App) -> list[Caught]:
    """What the local catcher holds, newest first."""
    return catcher.caught(catcher.folder_of(app.settings))


@get("/api/moment", opt=access.shop("moment:read"), sync_to_thread=True)
def moment_json(
    app: House,
    request: Request[Any, Any, Any],
    card: FromQuery[str] = "",
    phone: FromQuery[str] = "",
    email: FromQuery[str] = "",
    customer: FromQuery[str] = "",
    place: FromQuery[str] = "",
) -> Card | ShopCard:
    """Who stands here, by one of card, phone, email or customer: greeting, three facts, one action, points."""
    given = {"card": card, "phone": phone, "email": email, "customer": customer}
    kind, value = next(((kind, value) for kind, value in given.items() if value), ("", ""))
    may_ask(request.user, given)
    with app.transaction() as inside:
        found = card_of(inside, kind, value, place)
    audit.write(app, request.user, "asked who it is", f"customer:{found.customer}" if found else "moment")
    if found is None:
        raise NotFound("Nobody is known by this", "Ask for another card, phone or e-mail")
    return by_card(request.user, found)


@get("/api/mail", opt=access.office("messages:read"), sync_to_thread=True)
def mail_json(app: House, request: Request[Any, Any, Any]) -> list[Caught]:
    """What the local mail catcher holds, newest first."""
    audit.write(app, request.user, "read the list of letters", "mail")
    return mail(app)


@get("/api/mail/{name:str}", opt=access.office("messages:read"), sync_to_thread=True)
def letter_json(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Opened:
    """One caught message with its headers and both parts."""
    opened = letter(app, name)
    audit.write(app, request.user, "read a letter", f"letter:{name}")
    return opened


@get("/api/outbox", opt=access.office("messages:read"), sync_to_thread=True)
def outbox_json(
    app: House,
    request: Request[Any, Any, Any],
    status: FromQuery[str] = "",
    before: FromQuery[str | None] = None,
    customer: FromQuery[int | None] = None,
) -> Outbox:
    """The outbox, newest first, with the sums by state and reason."""
    audit.write(app, request.user, "read the outbox", "outbox" if customer is None else f"customer:{customer}")
    with app.transaction() as inside:
        return outbox(inside, status, before, customer)


routes = [outbox_json, moment_json, mail_json, letter_json]
