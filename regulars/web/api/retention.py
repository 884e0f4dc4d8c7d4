"""What goes when its time is over: the last reading by what is declared, and its approval."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.privacy import retention
from regulars.web import access, audit
from regulars.web.site import House

RETENTION = "/api/privacy/retention"
APPROVED = "approved what goes for good"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What goes may go."""

    number: int | None = None
    """The events that go, where they are a large part of all."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is kept, and what that takes."""

    reading: retention.Reading | None
    """The last one by the file as it stands; None: there is none yet, or nothing is declared."""
    begins: dict[str, date]
    """Since when there is history, by class, of all that something was taken of."""
    fault: str
    """Why the file cannot be read; empty where it can, or where there is none. While it cannot, nothing goes."""


def kept(app: App) -> Kept:
    """How it stands; inside a transaction."""
    try:
        reading, fault = retention.latest(app), ""
    except RegularsError as refused:
        reading, fault = None, refused.what
    return Kept(reading=reading, begins=retention.begins(app), fault=fault)


@get(RETENTION, opt=access.office("privacy:read"), sync_to_thread=True)
def retention_json(app: House) -> Kept:
    """How long what is kept, what goes by that, what is held and why, and since when there is history."""
    with app.transaction() as inside:
        return kept(inside)


@post(RETENTION, opt=access.office("privacy:write"), status_code=200, sync_to_thread=True)
def approve_json(app: House, request: Request[Any, Any, Any], data: JSONBody[Approval]) -> retention.Reading:
    """Let what the last reading counted go for good, today and every day."""
    return approved(app, request, data.number)


def approved(app: App, request: Request[Any, Any, Any], number: int | None) -> retention.Reading:
    """Approve what stands; no approval without its line in the audit log."""
    with app.transaction() as inside:
        reading = retention.approve(inside, request.user.name, number)
        audit.add(inside, request.user, APPROVED, f"reading:{reading.id}", f"{reading.going} events")
    return reading


routes = [retention_json, approve_json]
