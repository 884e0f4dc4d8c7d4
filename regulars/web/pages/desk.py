"""The privacy desk: what is due, drawn; one request with whom it is about and what was done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars import collect, privacy, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError
from regulars.privacy import Asked
from regulars.web import access, audit, render, words
from regulars.web.api import desk as api
from regulars.web.site import House

KINDS = {
    "access": "Access",
    "erasure": "Erasure",
    "rectification": "Rectification",
    "opt_out": "Opt-out of sale",
    "objection": "Objection",
}
REGIMES = {"GDPR": "GDPR", "CCPA": "CCPA, CPRA", "LGPD": "LGPD"}
ACTIONS = {
    "open": "Came in",
    "acknowledge": "Acknowledged",
    "ask_proof": "Asked for proof of identity",
    "prove": "Identity proven",
    "fail_proof": "Identity not proven",
    "assign": "Assigned",
    "find": "Found the customer",
    "extend": "Took more time",
    "note": "Noted",
    "erase": "Began the erasure",
    "answer": "Answered",
    "refuse": "Refused",
    "cancel": "Cancelled",
}
PROOF = {"open": "Not asked yet", "asked": "Asked", "proven": "Proven", "failed": "Not proven"}
SOON_DAYS = 7


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is written down at the desk."""

    kind: str = ""
    regime: str = ""
    contact: str = ""
    received_on: str = ""
    customer: str = ""


class StepForm(msgspec.Struct, frozen=True, kw_only=True):
    """A step as a button sends it."""

    action: str = ""
    note: str = ""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """The one step that is to be taken now."""

    action: str
    verb: str
    why: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One request's time, drawn: shares of the width, in percent."""

    start: float
    width: float
    due: float
    today: float


@get("/privacy", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def desk_page(app: House, request: Request[Any, Any, Any], ended: FromQuery[bool] = False) -> Response[str]:
    """What is due, first due first, with a picture of the deadlines; whom we keep out."""
    audit.write(app, request.user, "read the privacy desk", "privacy")
    with app.transaction() as inside:
        waiting = privacy.requests(inside)
        shown = privacy.requests(inside, is_open=False) if ended else waiting
        orders, kept_out = collect.stops.stop_orders(inside), collect.stops.stop_uses(inside)
    today = app.today
    return render.page(
        app,
        "pages/privacy/desk.html",
        request,
        title=title(waiting, today),
        shown=shown,
        ended=ended,
        bars={} if ended else bars(app, shown, today),
        today=today,
        tone=tone,
        kinds=KINDS,
        regimes=REGIMES,
        orders=orders,
        kept_out=kept_out,
        zone_name=app.settings.brand_zone,
    )


@post("/privacy", opt=access.OFFICE, include_in_schema=False, status_code=303, sync_to_thread=True)
def open_page(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Form]) -> Redirect:
    """Write down a request."""
    new = api.NewRequest(
        kind=data.kind,
        regime=data.regime,
        contact=data.contact,
        received_at=day_begun(app, data.received_on),
        customer=number_of(data.customer),
    )
    with app.transaction() as inside:
        number = api.opened(inside, request.user.name, new)
    audit.write(app, request.user, "opened a privacy request", f"request:{number}", data.kind)
    return Redirect(f"/privacy/{number}", status_code=303)


@get("/privacy/{number:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def request_page(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Response[str]:
    """One request."""
    audit.write(app, request.user, "read a privacy request", f"request:{number}")
    return one(app, request, number)


@post("/privacy/{number:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def step_page(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], data: URLEncodedBody[StepForm]
) -> Response[Any]:
    """Take a step; what is refused is said on the page."""
    try:
        with app.transaction() as inside:
            privacy.take(inside, number, data.action, request.user.name, data.note)
    except (privacy.StepRefused, InputRefused) as fault:
        return one(app, request, number, fault)
    audit.write(app, request.user, "worked on a privacy request", f"request:{number}", data.action)
    return Redirect(f"/privacy/{number}", status_code=303)


def one(app: App, request: Request[Any, Any, Any], number: int, fault: RegularsError | None = None) -> Response[str]:
    """The page of one request."""
    with app.transaction() as inside:
        view = api.whole(inside, number)
    today = app.today
    return render.page(
        app,
        "pages/privacy/request.html",
        request,
        status=fault.status if fault else 200,
        fault=fault,
        view=view,
        asked=view.request,
        next=next_step(view),
        named=[one for one in view.scope.identifiers if one.type != "order"] if view.scope else [],
        by_orders=[one for one in view.scope.identifiers if one.type == "order"] if view.scope else [],
        title=f"{KINDS[view.request.kind]}: {standing(view.request, today)}",
        bar=bars(app, [view.request], today)[view.request.id],
        today=today,
        tone=tone,
        kinds=KINDS,
        regimes=REGIMES,
        actions=ACTIONS,
        proof=PROOF,
    )


def next_step(view: api.Whole) -> Next:
    """What is to be done now, and why; the answer is next when nothing else is left."""
    asked = view.request
    if not asked.acknowledged_at and asked.acknowledge_by:
        return Next(action="acknowledge", verb="Acknowledged", why="Tell them that it came in")
    if asked.kind in privacy.NEEDS_PROOF and asked.proof == "open":
        return Next(action="ask_proof", verb="Asked for proof", why="Nobody knows yet that they are who they say")
    if asked.kind in privacy.NEEDS_PROOF and asked.proof != "proven":
        return Next(action="prove", verb="Identity is proven", why="Look at what they sent to prove who they are")
    if asked.customer is None and asked.kind in privacy.NEEDS_PROOF and not view.erasure:
        return Next(action="find", verb="Find", why="Search under Customers, and write the number down here")
    if asked.kind == "erasure" and not view.erasure:
        return Next(
            action="erase", verb="Erase for good", why="Look at the weak evidence first: it may be another person's"
        )
    if asked.kind == "access":
        return Next(action="answer", verb="Answered", why="Download the export below and send it")
    return Next(action="answer", verb="Answered", why="Tell them what was done")


def title(waiting: list[Asked], today: date) -> str:
    """The finding of the desk."""
    late = sum(one.days_left(today) < 0 for one in waiting)
    if not waiting:
        return "Nobody waits for an answer about their data"
    people = words.plural(len(waiting), "request waits", "requests wait")
    if late:
        return f"{people} for an answer, {late} {'is' if late == 1 else 'are'} late"
    return f"{people} for an answer; the first is due {in_days(waiting[0].days_left(today))}"


def standing(asked: Asked, today: date) -> str:
    """How one request stands."""
    if asked.state != "open":
        return asked.state
    left = asked.days_left(today)
    return f"{words.plural(-left, 'day')} late" if left < 0 else f"due {in_days(left)}"


def in_days(days: int) -> str:
    """today, tomorrow, in 5 days."""
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def tone(asked: Asked, today: date) -> str:
    """How urgent it looks."""
    left = asked.days_left(today)
    return "bad" if left < 0 else "warn" if left <= SOON_DAYS else ""


def bars(app: App, shown: list[Asked], today: date) -> dict[int, Bar]:
    """From the day each came in to the day it is due, on one scale with today."""
    if not shown:
        return {}
    came = {one.id: one.received_at.astimezone(app.settings.zone).date() for one in shown}
    first = min([today, *came.values()])
    days = max((max([today, *(one.due_on for one in shown)]) - first).days, 1)

    def place(day: date) -> float:
        return 100 * (day - first).days / days

    return {
        one.id: Bar(
            start=place(came[one.id]),
            width=place(one.due_on) - place(came[one.id]),
            due=place(one.due_on),
            today=place(today),
        )
        for one in shown
    }


def day_begun(app: App, text: str) -> datetime | None:
    """The instant that stands for a day written as 2026-03-01: its noon in the brand's zone, of today rather now."""
    if not text:
        return None
    try:
        noon = datetime.fromisoformat(text).replace(hour=12, tzinfo=app.settings.zone)
    except ValueError:
        raise InputRefused(f"'{text[:40]}' is no day", "Write it as 2026-03-01") from None
    now = app.clock.now()
    return min(noon, now) if noon - now < timedelta(days=1) else noon.astimezone(UTC)


def number_of(text: str) -> int | None:
    """The customer number somebody typed; None: none."""
    bare = text.strip()
    if not bare:
        return None
    named = resolve.customer_id(bare)
    if named is None:
        raise InputRefused(f"'{bare[:40]}' is no customer number", "Search under Customers and give the number")
    return named


routes = [desk_page, open_page, request_page, step_page]
