"""Keys of programs that ask: what each may reach, how often, when it was used, when it ends.

A key is shown once and kept as a hash. What is changed here every process knows KEY_FRESH_SECONDS (see `door`) later.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.errors import InputRefused, NotFound
from regulars.store import queries
from regulars.web.access import CUSTOMERS, TOUCH_EVERY, Visitor
from regulars.web.accounts import Role, fingerprint, new_token

SQL = queries("regulars.web")

KEY_PREFIX = "rk_server_"
NAME_MAX_CHARACTERS = 80
REQUESTS_PER_SECOND = 100
"""What a key may ask if nothing else was said, over all processes."""
SCOPES = {
    "customers:read": "customers with all we know of them, and why one is in a segment",
    "profiles:read": "profiles by any identifier, personal fields masked; with customers:read in the clear",
    "segments:read": "segments with their members, traits, and counting a rule",
    "surveys:write": "asking one question, handing in answers, and ending follow-ups",
    "segments:write": "making, changing and archiving segments",
    "reports:read": "home and reports; with customers:read those that name customers, too",
    "messages:read": "journeys, outbox and mail",
    "moment:read": "the card at the till; with customers:read the full one",
    "events:read": "live events and refusals, what they say of people masked, events and the plan",
    "events:write": "sending refused events again",
    "personal:read": "messages and all of one customer in the clear, each for a stated reason",
    "privacy:read": "what people ask about their data, by when it is due, and the stop list",
    "privacy:write": "writing down such requests and the steps taken",
    "sources:read": "sources, devices, the inventory and the audit",
    "sources:write": "changing the inventory",
    "health:read": "whether the flow stands still",
}
"""What a key may do, and what that reaches: the resource, then read or write."""


class ServerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the list shows it."""

    id: int
    name: str
    scopes: list[str]
    requests_per_second: int
    created_at: datetime
    used_at: datetime | None
    """To the minute; None: never."""
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """works, ends (it works until `expires_at`), ended or revoked."""
        return collect.key_state(self.expires_at, self.revoked_at, now)


class NewKey(msgspec.Struct, frozen=True):
    """A key that was made just now. `key` is shown this one time."""

    id: int
    key: str


def add(app: App, name: str, scopes: Collection[str], requests_per_second: int = REQUESTS_PER_SECOND) -> NewKey:
    """A key for a program; sent as `Authorization: Bearer …`. Raises InputRefused, naming every fault."""
    name = " ".join(name.replace("\0", "").split())[:NAME_MAX_CHARACTERS]
    faults = [] if name else ["it has no name"]
    faults += [f"there is no scope '{each[:40]}'" for each in scopes if each not in SCOPES]
    faults += [] if scopes else ["it has no scope"]
    if not 1 <= requests_per_second <= collect.RATE_MAX:
        faults.append(f"{requests_per_second} is no rate, use 1 to {collect.RATE_MAX}")
    if faults:
        raise InputRefused(f"The key cannot be made: {', '.join(faults)}", f"Choose of: {', '.join(SCOPES)}")
    return _make(app, name, [each for each in SCOPES if each in scopes], requests_per_second)


def _make(app: App, name: str, scopes: list[str], rate: int) -> NewKey:
    key = KEY_PREFIX + new_token(app)
    given = {"name": name, "scopes": scopes, "rate": rate, "hash": fingerprint(key), "at": app.clock.now()}
    row = app.db.execute(SQL.add_server_key, given).fetchone()
    assert row is not None, "an insert that returns"
    return NewKey(row[0], key)


def every(app: App) -> list[ServerKey]:
    """Every key there ever was, newest first."""
    rows = app.db.execute(SQL.server_keys).fetchall()
    return [ServerKey(**dict(zip(ServerKey.__struct_fields__, row, strict=True))) for row in rows]


def rotate(app: App, key: int, overlap_hours: float = collect.ROTATION_OVERLAP_HOURS) -> NewKey:
    """A key in place of this one, with its name, scopes and rate; the one before works for `overlap_hours` more.

    Raises NotFound where it works no more, SourceRefused for hours that are none.
    """
    until = collect.end_of_rotated(app, overlap_hours)
    given = {"id": key, "until": until, "now": app.clock.now()}
    row = app.db.execute(SQL.expire_server_key, given).fetchone()
    if row is None:
        raise NotFound(f"There is no key {key} that works", "Choose one from the list, or make a new one")
    return _make(app, *row)


def revoke(app: App, key: int) -> None:
    """No program gets in with this key any more. Raises NotFound."""
    if app.db.execute(SQL.revoke_server_key, {"id": key, "at": app.clock.now()}).fetchone() is None:
        raise NotFound(f"There is no key {key}", "Choose one from the list")


def by_key(app: App, key: str) -> Visitor | None:
    """The visitor of a server key, None when it is unknown, has ended or was revoked."""
    now = app.clock.now()
    with app.transaction() as inside:
        row = inside.db.execute(SQL.find_server_key, {"hash": fingerprint(key), "now": now}).fetchone()
        if row is None:
            return None
        id_, name, scopes, rate, used_at = row
        if used_at is None or now - used_at > TOUCH_EVERY:
            inside.db.execute(SQL.touch_server_key, {"id": id_, "now": now})
    return Visitor(
        account=None,
        name=name,
        role=Role.ADMIN if CUSTOMERS in scopes else Role.ASSOCIATE,
        form_token="",
        session=None,
        scopes=frozenset(scopes),
        key_id=str(id_),
        requests_per_second=rate,
    )
