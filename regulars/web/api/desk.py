"""The privacy desk: what people ask about their data, by when it is due, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from regulars import collect, privacy, profile
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.privacy import Asked, Erasure, Scope, Step
from regulars.web import access, audit
from regulars.web.site import House

REQUESTS = "/api/privacy/requests"
STEPS = REQUESTS + "/{number:int}/steps"


class NewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks."""

    kind: str
    """access, erasure, rectification, opt_out or objection."""
    regime: str
    """GDPR, CCPA or LGPD."""
    contact: str = ""
    """How she can be reached, as she gave it."""
    received_at: datetime | None = None
    """When it reached the brand; left out: now."""
    customer: int | None = None
    """Whom it is about, if that is known."""


class NewStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step to take."""

    action: str
    note: str = ""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One request with everything the desk shows of it."""

    request: Asked
    steps: list[Step]
    scope: Scope | None
    """None: nobody was found yet, or the customer is gone."""
    erasure: Erasure | None
    """How far what was begun for it is; None: nothing was begun."""
    calls: list[privacy.opendsr.Call]
    """Which other systems were told how it stands; none unless one of them handed it in."""


class StopList(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data must not come in, as reasons and counts; nobody is named."""

    orders: list[collect.stops.StopOrder]
    kept_out: list[collect.stops.StopUse]


def whole(app: App, number: int) -> Whole:
    """One request. Raises NoSuchRequest."""
    asked = privacy.request(app, number)
    begun = None if asked.erasure is None else privacy.erasure(app, asked.erasure)
    return Whole(
        request=asked,
        steps=privacy.steps(app, number),
        scope=_scope(app, asked.customer),
        erasure=begun,
        calls=privacy.opendsr.calls_of(app, number),
    )


def _scope(app: App, customer: int | None) -> Scope | None:
    try:
        return None if customer is None else privacy.scope(app, customer)
    except profile.NoSuchCustomer:
        return None


def opened(app: App, who: str, given: NewRequest) -> int:
    """Write it down; its number. Raises InputRefused."""
    if given.customer is None and not given.contact.strip():
        raise InputRefused(
            "Nobody could answer this request: it names neither a contact nor a customer",
            "Give how they can be reached, or the customer's number",
        )
    return privacy.open_request(
        app,
        kind=given.kind,
        regime=given.regime,
        contact=given.contact,
        received_at=given.received_at or app.clock.now(),
        actor=who,
        customer=given.customer,
    )


@get(REQUESTS, opt=access.office("privacy:read"), sync_to_thread=True)
def requests_json(app: House, request: Request[Any, Any, Any], ended: FromQuery[bool] = False) -> list[Asked]:
    """What people ask about their data, first due first; with `ended` those that ended, latest first."""
    audit.write(app, request.user, "read the privacy desk", "privacy")
    with app.transaction() as inside:
        return privacy.requests(inside, is_open=not ended)


@get(REQUESTS + "/{number:int}", opt=access.office("privacy:read"), sync_to_thread=True)
def request_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Whole:
    """One request with its steps and every identifier it is about."""
    audit.write(app, request.user, "read a privacy request", f"request:{number}")
    with app.transaction() as inside:
        return whole(inside, number)


@post(REQUESTS, opt=access.office("privacy:write"), status_code=201, sync_to_thread=True)
def open_json(app: House, request: Request[Any, Any, Any], data: JSONBody[NewRequest]) -> Asked:
    """Write down what somebody asks; the answer says by when it is due."""
    with app.transaction() as inside:
        number = opened(inside, request.user.name, data)
        asked = privacy.request(inside, number)
    audit.write(app, request.user, "opened a privacy request", f"request:{number}", asked.kind)
    return asked


@post(REQUESTS + "/{number:int}/steps", opt=access.office("privacy:write"), status_code=200, sync_to_thread=True)
def step_json(app: House, request: Request[Any, Any, Any], number: FromPath[int], data: JSONBody[NewStep]) -> Asked:
    """Take one step with a request: acknowledge, ask_proof, prove, fail_proof, assign, find, extend, note, answer, …"""
    with app.transaction() as inside:
        asked = privacy.take(inside, number, data.action, request.user.name, data.note)
    audit.write(app, request.user, "worked on a privacy request", f"request:{number}", data.action)
    return asked


@get("/api/privacy/stop-list", opt=access.office("privacy:read"), sync_to_thread=True)
def stop_list_json(app: House) -> StopList:
    """Why people are kept out, and what each source sent of them."""
    with app.transaction() as inside:
        return StopList(orders=collect.stops.stop_orders(inside), kept_out=collect.stops.stop_uses(inside))


routes = [requests_json, request_json, open_json, step_json, stop_list_json]
