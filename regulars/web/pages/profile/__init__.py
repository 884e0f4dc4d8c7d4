"""Customers: search as you type, and one customer with everything we know and why."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars import profile
from regulars.analyze import TraitValue
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.optimize import label
from regulars.profile import BUILT_IN, STEWARD, Field, Other
from regulars.web import access, audit, render, words
from regulars.web.api import home
from regulars.web.api import profile as api
from regulars.web.api import timeline as line
from regulars.web.api.analyze import behind
from regulars.web.api.collect import pulse
from regulars.web.api.timeline import CHOICES, POINTS, Line, say_entry
from regulars.web.pages.profile import hand
from regulars.web.site import House

BEST = 20
HAND_SHOWN = 8
# How an event looks on the time line: icon and tone.
LOOKS = {
    "Order Completed": ("store", ""),
    "Order Refunded": ("undo", "warn"),
    "Item Returned": ("undo", "warn"),
    "Survey Answered": ("chat", "on"),
    "Call Received": ("phone", ""),
    "Consent Given": ("check", "good"),
    "Consent Withdrawn": ("x", "bad"),
    "Unsubscribed": ("x", "bad"),
    "Email Bounced": ("alert", "bad"),
    "Coupon Redeemed": ("gift", ""),
    "Segment Entered": ("filter", ""),
    "Segment Left": ("filter", ""),
    "Points Earned": ("coin", ""),
    "Customers Merged": ("merge", ""),
    "Customer Split": ("split", ""),
    "Order Cancelled": ("undo", "warn"),
    "Complaint Filed": ("chat", "bad"),
    "Product Added": ("cart", ""),
    "Checkout Started": ("cart", ""),
    "Message Sent": ("mail", ""),
}
LOOKS_BY_ORIGIN = {
    "points": ("coin", ""),
    "message": ("mail", "warn"),
    "moment": ("tablet", ""),
    "hand": ("note", "on"),
}
LOOKS_BY_KIND = {
    "tills": "store",
    "web": "web",
    "shop": "bag",
    "email": "mail",
    "crm": "people",
    "calls": "phone",
    "own": "cycle",
}


# Why a value holds, and why another one does not.
WHY_GOLDEN = {
    "only": "nobody stated anything else",
    "verified": "it is verified, the others are not",
    "steward": "somebody of ours stated it by hand",
    "trust": "its source is trusted more than the others",
    "newest": "it was stated last",
    "complete": "it is the most complete one",
    "last": "it was written down last",
}
WHY_NOT = {
    "same": "says the same",
    "verified": "not verified",
    "steward": "not stated by hand",
    "trust": "its source is trusted less",
    "newest": "older",
    "complete": "less complete",
    "last": "written down before",
}


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Records that one piece of evidence joins to the others."""

    strength: str
    value: str
    records: list[int]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a time line."""

    heading: Line
    items: list[Line]


@get("/customers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def customers_page(app: House, request: Request[Any, Any, Any], q: FromQuery[str] = "") -> Response[str]:
    """Search as you type; the address shows the search."""
    if q:
        audit.write(app, request.user, "searched customers", "customers")
    with app.transaction() as inside:
        found, best, known = api.find(inside, q), home.best(inside, BEST), pulse(inside).customers
    part = request.headers.get("hx-target") == "found"
    template = "pages/profile/found.html" if part else "pages/profile/customers.html"
    return render.page(app, template, request, found=found, best=best, known=known)


@get("/customers/{customer:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def customer_page(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> Response[str]:
    """Who, why one person, time line, traits with why, points, consents, segments."""
    audit.write(app, request.user, "looked up a customer", f"customer:{customer}")
    with app.transaction() as inside:
        view = api.customer(inside, customer)
        fields_to_set = settable(inside)
    return render.page(
        app,
        "pages/profile/customer.html",
        request,
        view=view,
        looks=look,
        days=days(app, view.timeline),
        choices=CHOICES,
        customer=view.profile.customer,
        traits=known_traits(view),
        say_trait=partial(say_trait, app),
        joined=joined(view),
        why_golden=why_golden,
        why_not=why_not,
        from_whom=from_whom,
        fields_to_set=fields_to_set,
        say_entry=say_entry,
        can_undo={entry.id for entry in profile.hand.in_effect(view.hand)}.__contains__,
        HAND_SHOWN=HAND_SHOWN,
        points_for=points_for,
        date_of=day_date,
    )


@get("/customers/{customer:int}/timeline", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def timeline_part(
    app: House,
    request: Request[Any, Any, Any],
    customer: FromPath[int],
    before: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Response[str]:
    """Older lines, for the button at the foot of the time line, and the first of one kind."""
    audit.write(app, request.user, "read a time line", f"customer:{customer}")
    with app.transaction() as inside:
        shown = line.timeline(inside, customer, before, kind)
    template = "pages/profile/timeline.html" if before else "pages/profile/line.html"
    return render.page(
        app, template, request, shown=shown, looks=look, days=days(app, shown), choices=CHOICES, customer=customer
    )


@get("/customers/{customer:int}/traits/{trait:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def trait_part(
    app: House, request: Request[Any, Any, Any], customer: FromPath[int], trait: FromPath[str]
) -> Response[str]:
    """The events behind one trait, fetched when somebody asks."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", trait)
    with app.transaction() as inside:
        events = behind(inside, customer, trait)
    return render.page(app, "pages/profile/behind.html", request, events=events)


def joined(view: api.Customer) -> list[Joined]:
    """Why one person, a line for each piece of evidence and not for each record; what joins most comes first."""
    by_evidence: dict[tuple[str, str], list[int]] = {}
    for hop in view.explanation.hops if view.explanation else []:
        by_evidence.setdefault((hop.strength, hop.value), []).append(hop.to_record)
    found = [Joined(strength=how, value=what, records=records) for (how, what), records in by_evidence.items()]
    return sorted(found, key=lambda one: -len(one.records))


def why_golden(field: Field) -> str:
    """Why this value holds, as words in a sentence."""
    return f"it holds because {WHY_GOLDEN[field.why]}"


def why_not(other: Other) -> str:
    """Why this value does not hold."""
    return WHY_NOT[other.why]


def from_whom(source: str) -> str:
    """Who stated a value: a source by its name, or a person of ours."""
    return "By hand" if source == STEWARD else source


def settable(app: App) -> list[tuple[str, str]]:
    """Fields that can be stated in one line of text, ours and the brand's, with their titles."""
    custom = profile.in_force(app).custom
    ours = [(name, words.sentence(name)) for name in BUILT_IN if name != "address"]
    return [*ours, *((name, rule.title or words.sentence(name)) for name, rule in custom.items())]


def points_for(line: api.PointsLine) -> str:
    """What moved the points: Bought in store 412, Ran out."""
    where = {None: "", "web": " on the web"}.get(line.place, f" in {line.place}")
    return (line.note or POINTS.get(line.kind, words.sentence(line.kind))) + where


def known_traits(view: api.Customer) -> list[TraitValue]:
    """Traits that say something about this person."""
    return [trait for trait in view.traits if trait.value not in (None, 0, "")]


def say_trait(app: App, trait: TraitValue) -> str:
    """A trait's value as pages say it: money, dates and shares like everywhere else."""
    value = trait.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return label(trait.shown)
    match trait.unit:
        case "cents":
            return words.money(value, app.settings.brand_currency)
        case "date":
            return words.day(day_date(int(value)), app.settings.zone)
        case "share":
            return words.percent(value)
        case _:
            return trait.shown


def look(item: Line) -> tuple[str, str]:
    """Icon and tone of a line."""
    usual = LOOKS_BY_ORIGIN.get(item.origin) or (LOOKS_BY_KIND.get(item.source_kind, "file"), "")
    return LOOKS.get(item.name, usual) if item.origin == "event" else usual


def days(app: App, shown: line.Timeline) -> list[Day]:
    """The items by their day in the brand's zone."""
    zone = app.settings.zone
    by_day = groupby(shown.items, key=lambda item: item.at.astimezone(zone).date())
    grouped = [list(items) for _, items in by_day]
    return [Day(heading=items[0], items=items) for items in grouped]


routes = [*hand.routes, customers_page, customer_page, timeline_part, trait_part]
