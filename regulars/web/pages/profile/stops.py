"""A time line as people read it: by days, the steps of a visit together, points beside what brought them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

import msgspec

from regulars.app import App
from regulars.profile import TOPICS
from regulars.web import words
from regulars.web.api import timeline as line
from regulars.web.api.timeline import Line

PAGES_NAMED = 3
VISITS = TOPICS["visits"]
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
    "Lifecycle Stage Entered": ("route", ""),
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


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the time line as one: an event, or the steps of a visit."""

    first: Line
    """The latest of them."""
    says: str
    steps: list[Line]
    """Of a visit, latest first; a single event has none."""
    brought: list[Line]
    """Movements of points that it caused."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a time line."""

    heading: Line
    stops: list[Stop]


def look(item: Line) -> tuple[str, str]:
    """Icon and tone of a line."""
    usual = LOOKS_BY_ORIGIN.get(item.origin) or (LOOKS_BY_KIND.get(item.source_kind, "file"), "")
    return LOOKS.get(item.name, usual) if item.origin == "event" else usual


def days(app: App, shown: line.Timeline) -> list[Day]:
    """The items by their day in the brand's zone, the steps of a visit together."""
    zone = app.settings.zone
    by_day = groupby(shown.items, key=lambda item: item.at.astimezone(zone).date())
    grouped = [list(items) for _, items in by_day]
    return [Day(heading=items[0], stops=stops(items)) for items in grouped]


def stops(items: list[Line]) -> list[Stop]:
    """Neighbors that are steps of a visit become one, and points join what brought them."""
    found: list[Stop] = []
    for (is_visit, _), neighbors in groupby(items, key=lambda item: (is_step(item), item.source)):
        steps = list(neighbors)
        if is_visit and len(steps) > 1:
            found.append(Stop(first=steps[0], says=visit(steps), steps=steps, brought=[]))
        else:
            found += [Stop(first=item, says=item.summary, steps=[], brought=[]) for item in steps]
    return [*_with_points(found)]


def _with_points(found: list[Stop]) -> Iterator[Stop]:
    """Points stand with the event that brought them, which is the next one: it came first."""
    brought: list[Line] = []
    for stop, before in pairwise([*found, None]):
        assert stop is not None, "only the last one is"
        if stop.first.origin == "points" and before and before.first.seq == stop.first.seq:
            brought.append(stop.first)
            continue
        yield msgspec.structs.replace(stop, brought=brought)
        brought = []


def is_step(item: Line) -> bool:
    """Whether it is something people do many of while they look around."""
    return item.origin == "event" and (item.kind in VISITS.kinds or item.name in VISITS.names)


def visit(steps: list[Line]) -> str:
    """Looked at Home, Bakery, Coupons and 2 more pages."""
    pages = list(dict.fromkeys(step.name for step in reversed(steps) if step.kind in VISITS.kinds))
    if not pages:
        return f"{steps[-1].summary}, and {words.plural(len(steps) - 1, 'more step')}"
    more = len(pages) - PAGES_NAMED
    said = f"Looked at {', '.join(pages[:PAGES_NAMED])}"
    return f"{said} and {words.plural(more, 'more page')}" if more > 0 else said
