"""Accounts and how one signs in: a one-time token printed locally, later a password. Only hashes are kept."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web.errors import PasswordRefused, SignInRefused, TooManyTries

SQL = queries("regulars.web")

TOKEN_BYTES = 32
TOKEN_LIFE = timedelta(hours=1)
MAX_TRIES = 5
LOCK = timedelta(minutes=1)
PASSWORD_MIN_CHARS = 12
PASSWORD_MAX_CHARS = 256
NAME_MAX_CHARS = 80
FIRST_LOGIN = "admin"
HASHER = PasswordHasher()
# Verified against when the login is unknown, so that the answer takes equally long.
DUMMY = HASHER.hash("no account has this password")


class Role(StrEnum):
    """What an account may do. What no role is named for, nobody may."""

    ADMIN = "admin"
    ASSOCIATE = "associate"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    id: int
    name: str
    login: str
    role: Role
    has_password: bool
    created_at: datetime
    disabled: bool


def fingerprint(token: str) -> bytes:
    """What we keep of a token: it has 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).digest()


def new_token(app: App) -> str:
    """A fresh secret, fit for a URL."""
    return urlsafe_b64encode(app.dice.token(TOKEN_BYTES)).decode().rstrip("=")


def first_run_token(app: App) -> str:
    """A one-time token for the administrator, whose account is made if need be. To be printed on this machine only."""
    with app.transaction() as inside:
        row = inside.db.execute(
            SQL.first_account,
            {"name": "Administrator", "login": FIRST_LOGIN, "role": Role.ADMIN, "at": app.clock.now()},
        ).fetchone()
        assert row is not None, "the upsert returns the account"
        return mint_token(inside, row[0])


def mint_token(app: App, account: int) -> str:
    """A token that signs `account` in once within the next hour."""
    token, now = new_token(app), app.clock.now()
    app.db.execute(
        SQL.add_token, {"hash": fingerprint(token), "account": account, "at": now, "until": now + TOKEN_LIFE}
    )
    return token


def by_token(app: App, token: str) -> Account:
    """The account of an unused token, which is used up by this. Raises SignInRefused."""
    row = app.db.execute(SQL.use_token, {"hash": fingerprint(token), "now": app.clock.now()}).fetchone()
    if row is None:
        raise SignInRefused(
            "This sign-in token is used up, too old or mistyped",
            "Stop and start Regulars, or run `regulars serve` again: it prints a new one",
        )
    return _account(app, row[0])


def by_password(app: App, login: str, password: str) -> Account:
    """The account with this login and password. Raises SignInRefused, after five in a row TooManyTries."""
    now = app.clock.now()
    with app.transaction() as inside:
        row = inside.db.execute(SQL.account_for_sign_in, {"login": login.strip().lower()}).fetchone()
        if row and row[2] and row[2] > now:
            raise TooManyTries("Too many wrong passwords for this account", "Wait a minute, then try again")
        fits = _fits(row[1] if row else None, password)
        if row:
            tries = {"account": row[0], "fits": fits, "max": MAX_TRIES, "until": now + LOCK}
            inside.db.execute(SQL.count_try, tries)
        account = _account(inside, row[0]) if row and fits else None
    if account is None or account.disabled:
        raise SignInRefused("Name or password do not fit", "Check both, or sign in with a one-time token")
    return account


def _fits(stored: str | None, password: str) -> bool:
    try:
        HASHER.verify(stored or DUMMY, password[:PASSWORD_MAX_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def set_password(app: App, account: int, password: str) -> None:
    """Store a new password (Argon2id) and end all sessions of the account. Raises PasswordRefused."""
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordRefused(
            f"A password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters, this one has {len(password)}",
            "A short sentence is easy to remember and hard to guess",
        )
    app.db.execute(SQL.set_password, {"account": account, "hash": HASHER.hash(password)})
    app.db.execute(SQL.close_sessions_of, {"account": account})


def add_account(app: App, name: str, login: str, role: Role) -> Account:
    """A new account without a password. Raises InputRefused for an empty or taken login."""
    name, login = name.strip()[:NAME_MAX_CHARS], login.strip().lower()[:NAME_MAX_CHARS]
    if not name or not login:
        raise InputRefused("An account needs a name and a login", "Fill in both")
    row = app.db.execute(
        SQL.add_account, {"name": name, "login": login, "role": role, "at": app.clock.now()}
    ).fetchone()
    if row is None:
        raise InputRefused(f"The login '{login}' is taken", "Choose another one")
    return _account(app, row[0])


def accounts(app: App) -> list[Account]:
    """All accounts, oldest first."""
    return [_from(row) for row in app.db.execute(SQL.accounts, {"account": None})]


def disable(app: App, account: int) -> None:
    """Nobody signs in with this account any more; its sessions end now."""
    app.db.execute(SQL.disable_account, {"account": account, "at": app.clock.now()})
    app.db.execute(SQL.close_sessions_of, {"account": account})


def _account(app: App, account: int) -> Account:
    row = app.db.execute(SQL.accounts, {"account": account}).fetchone()
    assert row is not None, "accounts are never deleted"
    return _from(row)


def _from(row: tuple[object, ...]) -> Account:
    id_, name, login, role, has_password, created_at, disabled = row
    return msgspec.convert(
        {
            "id": id_,
            "name": name,
            "login": login,
            "role": role,
            "has_password": has_password,
            "created_at": created_at,
            "disabled": disabled,
        },
        Account,
    )
