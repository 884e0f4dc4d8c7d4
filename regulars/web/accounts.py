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
from regulars.kit.errors import InputRefused, NotAllowed, NotFound
from regulars.store import queries
from regulars.web.errors import PasswordRefused, SignInRefused, TooManyTries

SQL = queries("regulars.web")

TOKEN_BYTES = 32
TOKEN_LIFE = timedelta(hours=1)
MAX_TRIES = 5
LOCK = timedelta(minutes=1)
# Wrong tries older than this are forgotten.
TRIES_KEPT = timedelta(hours=1)
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
    """A one-time token for the administrator, whose account is made, or opened again without its old password.

    To be printed on this machine only.
    """
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
    """The account with this login and password. Raises SignInRefused, after five in a row TooManyTries.

    Opens its own transactions and holds none while it works on the password, which takes long on purpose.
    """
    login = login.strip().lower()
    stored = _tried(app, login)
    if _fits(stored, password):
        with app.transaction() as inside:
            row = inside.db.execute(SQL.account_for_sign_in, {"login": login}).fetchone()
            account = _account(inside, row[0]) if row and row[1] == stored else None
            if account and not account.disabled:
                inside.db.execute(SQL.forgive_tries, {"login": fingerprint(login)})
                return account
    raise SignInRefused("Name or password do not fit", "Check both, or sign in with a one-time token")


def _tried(app: App, login: str) -> str | None:
    """Count one more try for what was typed as login; the password hash it must fit, None where there is none."""
    now = app.clock.now()
    tried = {"login": fingerprint(login), "now": now, "until": now + LOCK, "max": MAX_TRIES}
    with app.transaction() as inside:
        inside.db.execute(SQL.forget_tries, {"before": now - TRIES_KEPT})
        if inside.db.execute(SQL.count_try, tried).fetchone() is None:
            raise TooManyTries("Too many wrong passwords for this login", "Wait a minute, then try again")
        row = inside.db.execute(SQL.account_for_sign_in, {"login": login}).fetchone()
    return row[1] if row else None


def _fits(stored: str | None, password: str) -> bool:
    try:
        HASHER.verify(stored or DUMMY, password[:PASSWORD_MAX_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def hashed(password: str) -> str:
    """What we keep of a password (Argon2id). Slow on purpose: no transaction should wait. Raises PasswordRefused."""
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordRefused(
            f"A password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters, this one has {len(password)}",
            "A short sentence is easy to remember and hard to guess",
        )
    return HASHER.hash(password)


def set_password(app: App, account: Account, stored: str) -> None:
    """Keep a new password, as `hashed` gives it, and end all sessions of the account."""
    app.db.execute(SQL.set_password, {"account": account.id, "hash": stored})
    app.db.execute(SQL.close_sessions_of, {"account": account.id})
    app.db.execute(SQL.forgive_tries, {"login": fingerprint(account.login)})


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


def disable(app: App, account: int, by: int | None = None) -> None:
    """Nobody signs in with this account any more; its sessions end now. `by`: the account that asks for it.

    Raises NotAllowed for one's own account and for the last administrator, NotFound.
    """
    if account == by:
        raise NotAllowed("This is your own account", "Ask another administrator to disable it")
    if [each for (each,) in app.db.execute(SQL.administrators)] == [account]:
        raise NotAllowed("This is the last administrator", "Make another one first, who can let people in")
    given = {"account": account, "at": app.clock.now()}
    if app.db.execute(SQL.disable_account, given).fetchone() is None:
        raise NotFound(f"There is no account {account}", "Choose one from the list")
    app.db.execute(SQL.close_sessions_of, given)
    app.db.execute(SQL.spend_tokens, given)


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
