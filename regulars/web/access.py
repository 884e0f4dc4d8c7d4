"""Who is asking, and may they: sessions and roles of people, scopes of keys. Deny by default; a test walks them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from regulars.app import App
from regulars.kit.errors import NotAllowed
from regulars.store import queries
from regulars.web.accounts import Account, Role, fingerprint, new_token
from regulars.web.errors import ScopeMissing, SignInNeeded

SQL = queries("regulars.web")

SESSION_LIFE = timedelta(days=7)
SESSION_IDLE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)

# What a handler says about itself, as its `opt`. A handler that says nothing is closed to everybody, and one that names
# no scope is closed to keys.
OFFICE: dict[str, Any] = {"roles": frozenset({Role.ADMIN})}
SHOP: dict[str, Any] = {"roles": frozenset({Role.ADMIN, Role.ASSOCIATE})}
CUSTOMERS = "customers:read"
PUBLIC: dict[str, Any] = {"public": True}
# For one-click unsubscribe: mail programs post without a page of ours; the signed address itself is the proof.
BY_ANYBODY: dict[str, Any] = {"public": True, "by_anybody": True}


def office(scope: str) -> dict[str, Any]:
    """For administrators, and for keys that have this scope."""
    return OFFICE | {"scope": scope}


def shop(scope: str) -> dict[str, Any]:
    """For associates, too, and for keys that have this scope."""
    return SHOP | {"scope": scope}


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """The account or key behind a request. `session` is the cookie's fingerprint; None when a server key asks."""

    account: int | None
    name: str
    role: Role
    """Of a key: whose card it gets."""
    form_token: str
    session: bytes | None
    scopes: frozenset[str] | None = None
    """What a key may do; None for a person, whose role says it."""
    key_id: str = ""
    requests_per_second: int | None = None
    events_per_second: int | None = None
    """No key that asks sends any."""


def may_search_messages(visitor: Visitor) -> bool:
    """Whether they may look for a text inside of messages: who finds what is masked reads it, a letter at a time."""
    return visitor.scopes is None or "personal:read" in visitor.scopes


def may_read_customers(visitor: Visitor) -> bool:
    """Whether they may be told customers by name and number."""
    return visitor.scopes is None or CUSTOMERS in visitor.scopes


def visitor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor | None:
    """Who asks; None: nobody is signed in."""
    scope = cast(dict[str, Any], connection.scope)
    return scope.get("user")


def may(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard: raises unless the handler names the visitor's role, or is declared public."""
    # Which methods an address answers stands in the documentation, and doing nothing needs no right.
    if handler.opt.get("public") is True or cast(dict[str, Any], connection.scope).get("method") == "OPTIONS":
        return
    roles: frozenset[Role] | None = handler.opt.get("roles")
    visitor = visitor_of(connection)
    if visitor is None:
        raise SignInNeeded(
            "This is for people who are signed in and for programs with a key", "Sign in, or send a server key in force"
        )
    if visitor.scopes is not None:
        need(visitor.scopes, handler.opt.get("scope"), visitor.name)
        return
    if roles is None or visitor.role not in roles:
        raise NotAllowed(
            "This page is for administrators", f"You are signed in as {visitor.role}; ask an administrator"
        )


def need(scopes: frozenset[str], scope: str | None, name: str) -> None:
    """Raise unless a key with these scopes reaches what asks for this one. Raises NotAllowed, ScopeMissing."""
    if scope is None:
        raise NotAllowed("This address is for people", "A server key reaches the JSON addresses only")
    if scope not in scopes:
        raise ScopeMissing(
            f"The key '{name}' has not the scope {scope}", f"Make a key with {scope} under API, or ask for one"
        )


def open_session(app: App, account: Account) -> str:
    """Sign in: the cookie's value, new every time."""
    token, now = new_token(app), app.clock.now()
    app.db.execute(
        SQL.open_session,
        {
            "hash": fingerprint(token),
            "account": account.id,
            "form_token": new_token(app),
            "at": now,
            "until": now + SESSION_LIFE,
        },
    )
    return token


def close_session(app: App, visitor: Visitor) -> None:
    """Sign out of this browser, at once; other sign-ins of the same account go on."""
    app.db.execute(SQL.close_session, {"hash": visitor.session})


def by_cookie(app: App, token: str) -> Visitor | None:
    """The visitor of a session cookie, None when it has ended."""
    now = app.clock.now()
    with app.transaction() as inside:
        find = {"hash": fingerprint(token), "now": now, "idle_since": now - SESSION_IDLE}
        row = inside.db.execute(SQL.find_session, find).fetchone()
        if row is None:
            return None
        account, name, role, form_token, seen_at = row
        _touch(inside, find["hash"], seen_at, now)
    return Visitor(account=account, name=name, role=Role(role), form_token=form_token, session=fingerprint(token))


def _touch(app: App, session: object, seen_at: datetime, now: datetime) -> None:
    if now - seen_at > TOUCH_EVERY:
        app.db.execute(SQL.touch_session, {"hash": session, "now": now})
