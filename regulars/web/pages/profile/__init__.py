"""Customers: search as you type, and one customer with everything we know and why."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars import profile
from regulars.analyze import TraitValue, personas, shifts
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import InputRefused
from regulars.optimize import label
from regulars.profile import BUILT_IN, STEWARD, Field, Other
from regulars.resolve import Explanation
from regulars.web import access, audit, render, words
from regulars.web.api import home
from regulars.web.api import profile as api
from regulars.web.api import timeline as line
from regulars.web.api.analyze import behind
from regulars.web.api.collect import pulse
from regulars.web.api.timeline import CHOICES, POINTS, say_entry
from regulars.web.pages.households import KINDS as HOUSEHOLD_KINDS
from regulars.web.pages.profile import hand
from regulars.web.pages.profile.rhythm import rhythm
from regulars.web.pages.profile.stops import days, look
from regulars.web.pages.scores import say
from regulars.web.site import House

BEST = 20
HAND_SHOWN = 8
# What a person at the brand wants to know; how many orders and how much stands above them.
TOLD_FIRST = (
    *("gap_mean_days", "days_since_order", "average_order_cents", "top_category", "favorite_store", "last_channel"),
    *("web_share", "discount_share", "private_share", "return_rate", "survey_mean", "calls_90"),
)
# Parts of the page by the name in its address: their templates.
TABS = {"": "overview", "details": "details", "privacy": "consents"}
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
def customer_page(
    app: House, request: Request[Any, Any, Any], customer: FromPath[int], tab: FromQuery[str] = ""
) -> Response[str]:
    """Who, why one person, time line, traits with why, points, consents, segments."""
    if tab not in TABS:
        raise InputRefused(f"'{tab[:40]}' is no part of a customer's page", "Use details or privacy, or nothing")
    audit.write(app, request.user, "looked up a customer", f"customer:{customer}", tab)
    with app.transaction() as inside:
        # Written inside: what a tab does not show is not asked for.
        return render.page(
            app,
            f"pages/profile/{TABS[tab]}.html",
            request,
            tab=tab,
            **SHOWN_ON[tab](inside, api.View(inside, customer)),
        )


def everywhere(app: App, view: api.View) -> dict[str, Any]:
    """What stands above every tab, and the forms."""
    return {
        "view": view,
        "customer": view.profile.customer,
        "fields_to_set": settable(app),
        "say_entry": say_entry,
        "can_undo": {entry.id for entry in profile.hand.in_effect(view.hand)}.__contains__,
        "HAND_SHOWN": HAND_SHOWN,
        "household_kinds": HOUSEHOLD_KINDS,
        "date_of": day_date,
    }


def overview(app: App, view: api.View) -> dict[str, Any]:
    """The year, what happened, why one person, points and messages."""
    return everywhere(app, view) | {
        "bought": rhythm(app, view.profile.customer, view.traits),
        "looks": look,
        "days": days(app, view.timeline),
        "choices": CHOICES,
        "traits": known_traits(view),
        "say_trait": partial(say_trait, app),
        "say_score": partial(say, app),
        "joined": joined(view),
        "points_for": points_for,
        "groups": personas.personas_of(app, view.profile.customer),
        "pulse": shifts.pulse(app, view.profile.customer),
    }


def details(app: App, view: api.View) -> dict[str, Any]:
    """Every value with its source, and what was computed."""
    return everywhere(app, view) | {
        "traits": known_traits(view),
        "say_trait": partial(say_trait, app),
        "why_golden": why_golden,
        "why_not": why_not,
        "from_whom": from_whom,
    }


SHOWN_ON = {"": overview, "details": details, "privacy": everywhere}


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
    return render.page(app, "pages/profile/behind.html", request, events=events, trait=trait, customer=customer)


def joined(view: api.View) -> list[Joined]:
    """Why one person, a line for each piece of evidence and not for each record; what joins most comes first."""
    by_evidence: dict[tuple[str, str], list[int]] = {}
    explanation: Explanation | None = view.explanation
    for hop in explanation.hops if explanation else []:
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


def known_traits(view: api.View) -> list[TraitValue]:
    """Traits that say something about this person, the telling ones first."""
    traits: list[TraitValue] = view.traits
    found = {trait.name: trait for trait in traits if trait.value not in (None, 0, "")}
    return [found[name] for name in dict.fromkeys((*TOLD_FIRST, *found)) if name in found]


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


routes = [*hand.routes, customers_page, customer_page, timeline_part, trait_part]
