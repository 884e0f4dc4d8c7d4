"""Signing in and out, accounts, the audit log."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars.app import App
from regulars.kit.errors import NotAllowed, NotFound, RegularsError
from regulars.web import access, accounts, audit, door, render
from regulars.web.accounts import Account, Role
from regulars.web.site import House

TILL_HOME = "/moment"


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Either a one-time token, or login and password."""

    token: str = ""
    login: str = ""
    password: str = ""
    next: str = "/"


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The form that adds an account."""

    name: str
    login: str
    role: Role


class NewPassword(msgspec.Struct, frozen=True, kw_only=True):
    """The form that sets one's own password."""

    password: str


class OneTime(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in address to hand over, shown once."""

    name: str
    url: str


@get("/signin", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def gate(
    app: House, request: Request[Any, Any, Any], token: FromQuery[str] = "", next: FromQuery[str] = "/"
) -> Response[Any]:
    """The sign-in page; with a token in the address (as printed at the first run) it signs in at once."""
    # A browser that fetches ahead must not use the token up.
    if token and not request.headers.get("sec-purpose"):
        return enter(app, request, SignIn(token=token, next=next))
    return render.page(app, "pages/access/signin.html", request, next=next, fault=None)


@post("/signin", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def sign_in(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[SignIn]) -> Response[Any]:
    """Sign in by token or password."""
    return enter(app, request, data)


def enter(app: App, request: Request[Any, Any, Any], given: SignIn) -> Response[Any]:
    """A session and the way in, or the sign-in page saying why not."""
    try:
        # A password is judged before a transaction begins: it takes long, and connections are few.
        by_password = None if given.token else accounts.by_password(app, given.login, given.password)
        with app.transaction() as inside:
            account = by_password or accounts.by_token(inside, given.token.strip())
            cookie = access.open_session(inside, account)
    except RegularsError as fault:
        return render.page(app, "pages/access/signin.html", request, fault.status, next=given.next, fault=fault)
    target = own_path(given.next) if account.role is Role.ADMIN else TILL_HOME
    answer = Redirect(target, status_code=303)
    answer.set_cookie(session_cookie(app, cookie))
    return answer


def own_path(wanted: str) -> str:
    """The path to go on to: one of ours, never another site's."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours else "/"


def session_cookie(app: App, value: str, max_age: int = int(access.SESSION_LIFE.total_seconds())) -> Cookie:
    """HttpOnly, SameSite=Lax, and `__Host-` with Secure wherever there is https."""
    return Cookie(
        key=door.cookie_name(app),
        value=value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=door.is_https(app),
    )


@post("/signout", opt=access.SHOP, include_in_schema=False, sync_to_thread=True)
def sign_out(app: House, request: Request[Any, Any, Any]) -> Response[Any]:
    """End this session."""
    with app.transaction() as inside:
        access.close_session(inside, request.user)
    answer = Redirect("/signin", status_code=303)
    answer.set_cookie(session_cookie(app, "", max_age=0))
    return answer


def shown(app: App, request: Request[Any, Any, Any], before: int | None = None, **said: object) -> Response[str]:
    """The access page."""
    with app.transaction() as inside:
        people, log = accounts.accounts(inside), audit.page(inside, before)
    own = next((each.login for each in people if each.id == request.user.account), "")
    older = log[-1].id if len(log) == audit.PAGE_ROWS else None
    given: dict[str, Any] = {"link": None, "done": ""} | said
    return render.page(
        app, "pages/access/access.html", request, accounts=people, log=log, older=older, login=own, **given
    )


@get("/access", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def access_page(app: House, request: Request[Any, Any, Any], before: FromQuery[int | None] = None) -> Response[str]:
    """Accounts and the audit log."""
    return shown(app, request, before)


@post("/access", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def add_person(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[NewPerson]) -> Response[str]:
    """A new account, and the one-time sign-in to hand over."""
    with app.transaction() as inside:
        account = accounts.add_account(inside, data.name, data.login, data.role)
    audit.write(app, request.user, "added an account", f"account:{account.id}", account.role)
    return shown(app, request, link=one_time(app, account))


@post("/access/{account:int}/token", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def new_sign_in(app: House, request: Request[Any, Any, Any], account: FromPath[int]) -> Response[str]:
    """A one-time sign-in for somebody who has no password or forgot it."""
    with app.transaction() as inside:
        found = next((each for each in accounts.accounts(inside) if each.id == account and not each.disabled), None)
    if found is None:
        raise NotFound(f"There is no account {account} that may sign in", "Choose one from the list")
    audit.write(app, request.user, "made a one-time sign-in", f"account:{account}")
    return shown(app, request, link=one_time(app, found))


@post("/access/{account:int}/disable", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def disable(app: House, request: Request[Any, Any, Any], account: FromPath[int]) -> Response[str]:
    """Close an account; its sessions end now."""
    with app.transaction() as inside:
        accounts.disable(inside, account, request.user.account)
    audit.write(app, request.user, "disabled an account", f"account:{account}")
    return shown(app, request, done="The account is disabled and its sign-ins have ended.")


@get("/password", opt=access.SHOP, include_in_schema=False, sync_to_thread=True)
def password_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Everybody's own password, for those who do not see the access page too."""
    with app.transaction() as inside:
        mine = own_account(inside, request.user)
    return render.page(app, "pages/access/password.html", request, login=mine.login)


@post("/password", opt=access.SHOP, include_in_schema=False, sync_to_thread=True)
def set_password(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[NewPassword]) -> Response[Any]:
    """Set one's own password; this browser stays signed in with a new session."""
    visitor: access.Visitor = request.user
    with app.transaction() as inside:
        mine = own_account(inside, visitor)
    stored = accounts.hashed(data.password)
    with app.transaction() as inside:
        accounts.set_password(inside, mine, stored)
        cookie = access.open_session(inside, mine)
    audit.write(app, visitor, "set a password", f"account:{mine.id}")
    answer = Redirect("/access" if visitor.role is Role.ADMIN else TILL_HOME, status_code=303)
    answer.set_cookie(session_cookie(app, cookie))
    return answer


def own_account(app: App, visitor: access.Visitor) -> Account:
    """The account of whoever is signed in. Raises NotAllowed for a server key, which is nobody's."""
    mine = next((each for each in accounts.accounts(app) if each.id == visitor.account), None)
    if mine is None:
        raise NotAllowed("A server key has no password", "Sign in as a person")
    return mine


def one_time(app: App, account: Account) -> OneTime:
    """A sign-in address that works once."""
    with app.transaction() as inside:
        token = accounts.mint_token(inside, account.id)
    return OneTime(name=account.name, url=f"{app.settings.base_url.rstrip('/')}/signin?token={token}")


routes = [gate, sign_in, sign_out, access_page, add_person, new_sign_in, disable]
routes += [password_page, set_password]
