"""The outbox: every wish to reach somebody, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import flow
from regulars.app import App
from regulars.engage import Caught, Opened, catcher
from regulars.kit.errors import InputRefused, NotFound
from regulars.model import Card, Moment
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House

SQL = queries("regulars.web")
OUTBOX_ROWS = 50
VALUE_MAX_CHARS = 200
MOMENT_KINDS = ("card", "phone", "email", "customer")


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


def mail(app: App) -> list[Caught]:
    """What the local catcher holds, newest first."""
    return catcher.caught(catcher.folder_of(app.settings))


@get("/api/moment", opt=access.SHOP, sync_to_thread=True)
def moment_json(
    app: House,
    request: Request[Any, Any, Any],
    card: FromQuery[str] = "",
    phone: FromQuery[str] = "",
    email: FromQuery[str] = "",
    customer: FromQuery[str] = "",
    place: FromQuery[str] = "",
) -> Card:
    """Who stands here, by one of card, phone, email or customer: greeting, three facts, one action, points."""
    given = {"card": card, "phone": phone, "email": email, "customer": customer}
    kind, value = next(((kind, value) for kind, value in given.items() if value), ("", ""))
    audit.write(app, request.user, "asked who it is", f"moment:{kind}")
    with app.transaction() as inside:
        found = card_of(inside, kind, value, place)
    if found is None:
        raise NotFound("Nobody is known by this", "Ask for another card, phone or e-mail")
    return found


@get("/api/mail", opt=access.OFFICE, sync_to_thread=True)
def mail_json(app: House) -> list[Caught]:
    """What the local mail catcher holds, newest first."""
    return mail(app)


@get("/api/mail/{name:str}", opt=access.OFFICE, sync_to_thread=True)
def letter_json(app: House, name: FromPath[str]) -> Opened:
    """One caught message with its headers and both parts."""
    return catcher.opened(catcher.folder_of(app.settings), name)


@get("/api/outbox", opt=access.OFFICE, sync_to_thread=True)
def outbox_json(
    app: House,
    status: FromQuery[str] = "",
    before: FromQuery[str | None] = None,
    customer: FromQuery[int | None] = None,
) -> Outbox:
    """The outbox, newest first, with the sums by state and reason."""
    with app.transaction() as inside:
        return outbox(inside, status, before, customer)


routes = [outbox_json, moment_json, mail_json, letter_json]
