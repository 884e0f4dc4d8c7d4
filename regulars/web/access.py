"""Who is asking, and may they: sessions, server keys, roles. Deny by default; a test walks every route."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from regulars.app import App
from regulars.kit.errors import InputRefused, NotAllowed, NotFound
from regulars.store import queries
from regulars.web.accounts import Account, Role, fingerprint, new_token
from regulars.web.errors import SignInNeeded

SQL = queries("regulars.web")

SESSION_LIFE = timedelta(days=7)
SESSION_IDLE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
KEY_PREFIX = "rk_server_"
KEY_NAME_MAX_CHARS = 80

# What a handler says about itself, as its `opt`. A handler that says nothing is closed to everybody.
OFFICE: dict[str, Any] = {"roles": frozenset({Role.ADMIN})}
SHOP: dict[str, Any] = {"roles": frozenset({Role.ADMIN, Role.ASSOCIATE})}
PUBLIC: dict[str, Any] = {"public": True}
# For one-click unsubscribe: mail programs post without a page of ours; the signed address itself is the proof.
BY_ANYBODY: dict[str, Any] = {"public": True, "by_anybody": True}


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """The account behind a request. `session` is the cookie's fingerprint; None when a server key asks."""

    account: int | None
    name: str
    role: Role
    form_token: str
    session: bytes | None


class ServerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A program's key as the list shows it; the key itself is shown once and kept as a hash."""

    id: int
    name: str
    role: Role
    created_at: datetime
    used_at: datetime | None
    """To the minute; None: never."""
    revoked_at: datetime | None


def visitor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor | None:
    """Who asks; None: nobody is signed in."""
    scope = cast(dict[str, Any], connection.scope)
    return scope.get("user")


def may(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard: raises unless the handler names the visitor's role, or is declared public."""
    if handler.opt.get("public") is True:
        return
    roles: frozenset[Role] | None = handler.opt.get("roles")
    visitor = visitor_of(connection)
    if visitor is None:
        raise SignInNeeded("This page is for people who are signed in", "Sign in first")
    if roles is None or visitor.role not in roles:
        raise NotAllowed(
            "This page is for administrators", f"You are signed in as {visitor.role}; ask an administrator"
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


def add_server_key(app: App, name: str, role: Role) -> str:
    """A key for a program, with a role's reach; sent as `Authorization: Bearer …`. Shown once, kept as a hash."""
    name = name.strip()[:KEY_NAME_MAX_CHARS]
    if not name:
        raise InputRefused("A key needs a name", "Name the program that will use it, such as till 3")
    key = KEY_PREFIX + new_token(app)
    app.db.execute(SQL.add_server_key, {"name": name, "role": role, "hash": fingerprint(key), "at": app.clock.now()})
    return key


def server_keys(app: App) -> list[ServerKey]:
    """Every key, newest first."""
    rows = app.db.execute(SQL.server_keys)
    return [msgspec.convert(dict(zip(ServerKey.__struct_fields__, row, strict=True)), ServerKey) for row in rows]


def revoke_server_key(app: App, key: int) -> None:
    """No program gets in with this key any more. Raises NotFound."""
    if app.db.execute(SQL.revoke_server_key, {"id": key, "at": app.clock.now()}).fetchone() is None:
        raise NotFound(f"There is no key {key}", "Choose one from the list")


def by_key(app: App, key: str) -> Visitor | None:
    """The visitor of a server key, None when it is unknown or revoked."""
    now = app.clock.now()
    with app.transaction() as inside:
        row = inside.db.execute(SQL.find_server_key, {"hash": fingerprint(key)}).fetchone()
        if row is None:
            return None
        id_, name, role, used_at = row
        if used_at is None or now - used_at > TOUCH_EVERY:
            inside.db.execute(SQL.touch_server_key, {"id": id_, "now": now})
    return Visitor(account=None, name=name, role=Role(role), form_token="", session=None)
