"""OpenDSR: another system hands in what a person asks, follows how it goes, and is told when that changes.

Each is a request of the desk like any other, with the same deadlines; who handed it in has looked at who she is. The
number they gave it stays, what she is known by does not.
"""

from __future__ import annotations

import base64
import http.client
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.kit.logging import logger
from regulars.kit.outward import AddressRefused, NotSent, checked, post
from regulars.privacy.deadlines import Regime
from regulars.privacy.desk import open_request, take
from regulars.privacy.errors import NoSuchRequest, StepRefused
from regulars.privacy.signing import domain, signature
from regulars.store import queries

SQL = queries(__package__ or "")
API_VERSION = "3.0"
IDENTITIES_MAX, CALLBACKS_MAX = 20, 5
BODY_MAX_BYTES = 64 * 1024
HASH_BYTES = 16
# In one go, and in all for one message; the pause is doubled each time, up to the longest.
CALLS_AT_ONCE, TRIES_MAX = 20, 10
PAUSE_FIRST, PAUSE_MAX = timedelta(minutes=1), timedelta(hours=6)
REGIMES: dict[str, Regime] = {"gdpr": "GDPR", "ccpa": "CCPA", "lgpd": "LGPD"}
KINDS = {"access": "access", "portability": "access", "erasure": "erasure"}
# What OpenDSR calls the identifiers that programs know people by here.
TYPES = {
    "email": "email",
    "phone": "phone",
    "controller_customer_id": "user_id",
    "loyalty_card": "loyalty_card",
    "android_advertising_id": "device_id",
    "ios_advertising_id": "device_id",
    "ios_vendor_id": "device_id",
    "android_id": "device_id",
    "regulars_id": "regulars_id",
}
HASHED = "email"
log = logger("privacy")
_encode = msgspec.json.Encoder().encode


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What she is known by."""

    identity_type: str
    identity_value: str
    identity_format: Literal["raw", "sha256"] = "raw"


class Coded(msgspec.Struct, frozen=True, kw_only=True):
    """The same, where the type stands above it."""

    value: str
    encoding: Literal["raw", "sha256"] = "raw"


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What another system hands in."""

    subject_request_id: uuid.UUID
    subject_request_type: Literal["access", "portability", "erasure"]
    submitted_time: datetime
    subject_identities: list[Identity] | dict[str, Coded] = []
    regulation: Literal["gdpr", "ccpa", "lgpd"] = "gdpr"
    api_version: str = API_VERSION
    status_callback_urls: list[str] = []

    @property
    def identities(self) -> list[Identity]:
        """In one shape."""
        if isinstance(self.subject_identities, list):
            return self.subject_identities
        return [
            Identity(identity_type=kind, identity_value=one.value, identity_format=one.encoding)
            for kind, one in self.subject_identities.items()
        ]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a request stands."""

    subject_request_id: uuid.UUID
    controller_id: str
    received_time: datetime
    expected_completion_time: datetime
    request_status: Literal["pending", "in_progress", "completed", "cancelled"]
    api_version: str
    request: int
    """Its number at the desk."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Who was told what, or could not be."""

    url: str
    request_status: str
    tries: int
    told_at: datetime | None
    fault: str


def parsed(body: bytes) -> Submitted:
    """What was handed in. Raises InputRefused."""
    if len(body) > BODY_MAX_BYTES:
        raise InputRefused(
            f"The request has {len(body)} bytes, more than {BODY_MAX_BYTES}", "Send one person's request"
        )
    try:
        given = msgspec.json.decode(body, type=Submitted)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InputRefused(f"The request cannot be read: {fault}", "See docs/reference/opendsr.md") from None
    if given.subject_request_id.version != 4:
        raise InputRefused("subject_request_id is no UUID of version 4", "Make one for each request")
    if not given.identities or len(given.identities) > IDENTITIES_MAX:
        raise InputRefused(f"A request names 1 to {IDENTITIES_MAX} identities", "Say what the person is known by")
    for one in given.identities:
        if one.identity_type not in TYPES or (one.identity_format == "sha256" and one.identity_type != HASHED):
            raise InputRefused(
                f"Nobody is known here by {one.identity_type[:40]} as {one.identity_format}",
                "Ask /opendsr/v3/discovery",
            )
    return given


def submit(app: App, controller: str, body: bytes) -> Standing:
    """Take a request, in the caller's transaction; the same again is the same one. Raises InputRefused."""
    given = parsed(body)
    if len(given.status_callback_urls) > CALLBACKS_MAX:
        raise InputRefused(f"At most {CALLBACKS_MAX} addresses are called back", "Leave some out")
    for url in given.status_callback_urls:
        checked(url, app.settings.own_hosts)
    print_ = blake2b(body, digest_size=HASH_BYTES).digest()
    app.db.execute(SQL.lock_opendsr)
    row = app.db.execute(SQL.print_of_opendsr, {"id": given.subject_request_id}).fetchone()
    if row is None:
        _open(app, controller, given, print_)
    elif row[0] != print_:
        raise InputRefused("This subject_request_id came before with another body", "Make a new one for a new request")
    return standing(app, given.subject_request_id)


def _open(app: App, controller: str, given: Submitted, print_: bytes) -> None:
    found = _found(app, given.identities)
    raw = [one.identity_value for one in given.identities if one.identity_format == "raw"]
    number = open_request(
        app,
        kind=KINDS[given.subject_request_type],
        regime=REGIMES[given.regulation],
        contact=raw[0] if raw else "",
        received_at=given.submitted_time,
        actor=controller,
        customer=found[0] if len(found) == 1 else None,
    )
    take(app, number, "prove", controller, "")
    row = {
        "id": given.subject_request_id,
        "request": number,
        "controller": controller,
        "kind": given.subject_request_type,
        "print": print_,
        "callbacks": list(dict.fromkeys(given.status_callback_urls)),
        "now": app.clock.now(),
    }
    app.db.execute(SQL.add_opendsr, row)


def _found(app: App, identities: list[Identity]) -> list[int]:
    """Everybody who is known by these."""
    named = [
        resolve.Named(TYPES[one.identity_type], one.identity_value)
        for one in identities
        if one.identity_format == "raw"
    ]
    hashes = [one.identity_value.lower() for one in identities if one.identity_format == "sha256"]
    found = {customer for customer in resolve.find(app, named) if customer is not None}
    if hashes:
        found |= {customer for (customer,) in app.db.execute(SQL.known_by_hash, {"type": HASHED, "hashes": hashes})}
    return sorted(found)


def standing(app: App, id: uuid.UUID) -> Standing:
    """How it goes. Raises NoSuchRequest."""
    row = app.db.execute(SQL.opendsr_standing, {"ids": [id]}).fetchone()
    if row is None:
        raise NoSuchRequest("There is no request of this subject_request_id", "Hand it in first")
    return _standing(app, row)


def cancel(app: App, controller: str, id: uuid.UUID) -> Standing:
    """Take it back, while nothing was done about it yet. Raises NoSuchRequest, StepRefused."""
    now = standing(app, id)
    if now.request_status == "pending":
        take(app, now.request, "cancel", controller)
    elif now.request_status != "cancelled":
        raise StepRefused(f"The request is {now.request_status}", "Only a pending request can be cancelled")
    return standing(app, id)


def calls_of(app: App, request: int) -> list[Call]:
    """Who was told of a request of the desk, oldest first."""
    return [
        Call(**dict(zip(Call.__struct_fields__, row, strict=True)))
        for row in app.db.execute(SQL.calls_of, {"request": request})
    ]


def note_changes(app: App) -> int:
    """Write down whom to tell of what has changed, in the caller's transaction; gives how many calls are due now."""
    now = {"now": app.clock.now()}
    app.db.execute(SQL.note_calls, now)
    return app.db.execute(SQL.calls_due, now).fetchall()[0][0]


def call_back(app: App, breathe: Callable[[], object]) -> int:
    """Tell whoever wants to know, some at a time, in transactions of its own; gives how many were told."""
    with app.transaction() as inside:
        given = {"now": app.clock.now(), "until": app.clock.now() + PAUSE_FIRST, "limit": CALLS_AT_ONCE}
        taken = inside.db.execute(SQL.take_calls, given).fetchall()
    told = 0
    for id, url, status, tries in taken:
        breathe()
        fault = _call(app, id, url, status)
        told += not fault
        with app.transaction() as inside:
            pause = min(PAUSE_FIRST * 2**tries, PAUSE_MAX)
            given = {"id": id, "url": url, "status": status, "fault": fault, "now": app.clock.now()}
            inside.db.execute(SQL.called, given | {"next": app.clock.now() + pause, "most": TRIES_MAX})
    return told


def _call(app: App, id: uuid.UUID, url: str, status: str) -> str:
    """What went wrong; empty: they know."""
    with app.transaction() as inside:
        now = standing(inside, id)
    body = _encode(
        msgspec.to_builtins(now) | {"request_status": status, "status_callback_url": url, "results_url": None}
    )
    headers = {"content-type": "application/json"} | signed(app, body)
    try:
        answer = post(url, body, headers, app.settings.own_hosts)
    except AddressRefused as fault:
        return fault.what
    except NotSent as fault:
        return str(fault)
    except (OSError, http.client.HTTPException) as fault:
        return type(fault).__name__
    return "" if 200 <= answer < 300 else f"It answered {answer}"


def signed(app: App, body: bytes) -> dict[str, str]:
    """The headers that prove that a body is ours."""
    return {"X-OpenDSR-Processor-Domain": domain(app), "X-OpenDSR-Signature": signature(app, body)}


def accepted(now: Standing, body: bytes) -> dict[str, Any]:
    """The answer to a request that was handed in."""
    return msgspec.to_builtins(now) | {"encoded_request": base64.b64encode(body).decode()}


def discovery(app: App) -> dict[str, Any]:
    """What can be handed in here."""
    return {
        "api_version": API_VERSION,
        "supported_identities": [
            *({"identity_type": kind, "identity_format": "raw"} for kind in TYPES),
            {"identity_type": HASHED, "identity_format": "sha256"},
        ],
        "supported_subject_request_types": list(KINDS),
        "processor_certificate": f"{app.settings.base_url.rstrip('/')}/opendsr/v3/certificate.pem",
    }


def _standing(app: App, row: tuple[Any, ...]) -> Standing:
    id, controller, received, due, status, request = row
    return Standing(
        subject_request_id=id,
        controller_id=controller,
        received_time=received,
        expected_completion_time=_end_of(app, due),
        request_status=status,
        api_version=API_VERSION,
        request=request,
    )


def _end_of(app: App, day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), app.settings.zone).astimezone(UTC)
