"""What people do in the web store beside buying: lists, searches, offers, and more visits from one week on. Invented.

Planted effects (stated in planted.json). Personas: some with a web account put products on lists, some search, and from
late summer on some follow offers; all others do so once in a while. Shift: from one Monday on, three in ten people with
an account come one more time a fortnight. Nothing of the panel is touched, and each event carries the login and the
cookie that its person's account was made with: it tells nothing new about who she is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from regulars.demo import names
from regulars.demo.chance import draw, draw_one, hash_one
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import GENERATED, WEB, Draft, Message

# Cumulated shares of people with an account, each habit with its event.
HABITS = (("list makers", 0.09), ("searchers", 0.17), ("offer hunters", 0.25))
EVENTS = {
    "list makers": "Product Added to Wishlist",
    "searchers": "Products Searched",
    "offer hunters": "Promotion Clicked",
}
# Days of the panel's year on which habits begin, and how often one shows in a week.
SINCE_DAY = {"list makers": 175, "searchers": 175, "offer hunters": 280}
A_WEEK = {"list makers": 0.9, "searchers": 1.0, "offer hunters": 1.4}
NOW_AND_THEN_DAYS = 90
"""All others do each of these things once in so many days, or not at all."""
DOES_NOW_AND_THEN = 0.35
SHIFT_DAY = 253
"""A Monday: the panel's year begins on a Sunday."""
COMES_MORE = 0.30
EVERY_DAYS = 14
YEAR_DAYS = 364
PAGES_A_VISIT = 2
MINUTE_US = 60_000_000
WANTED = ("milk", "bread", "coffee", "cat food", "pasta", "yogurt", "apples", "cheese")


def habits(people: People) -> dict[int, str]:
    """The planted habit of each person who has one, by the person's key."""
    chances = draw(people.keys, "habit")
    found: dict[int, str] = {}
    for person in with_account(people):
        place = int(np.searchsorted(people.keys, person.key))
        name = next((name for name, until in HABITS if chances[place] < until), None)
        if name:
            found[person.key] = name
    return found


def with_account(people: People) -> list[Person]:
    """People with an account and a browser of their own."""
    browsers = Counter(cookie for person in people.persons for cookie in person.cookies)
    return [p for p in people.persons if p.web is not None and browsers[p.cookies[0]] == 1]


def actions(panel: Panel, people: People) -> list[Draft]:
    """Lists, searches and offers of everybody with an account."""
    planted, drafts = habits(people), list[Draft]()
    for person in with_account(people):
        for name, event in EVENTS.items():
            first = SINCE_DAY[name]
            count = int((YEAR_DAYS - first) / 7 * A_WEEK[name]) if planted.get(person.key) == name else 0
            if not count and draw_one(person.key, f"{name} now and then") < DOES_NOW_AND_THEN:
                count = (YEAR_DAYS - first) // NOW_AND_THEN_DAYS
            for nth in range(count):
                at = _moment(panel, person, f"{name} {nth}", first, YEAR_DAYS)
                drafts.append(Draft(at, WEB, person.key, True, _action, (person, event, nth)))
    return drafts


def more_visits(panel: Panel, people: People) -> list[Draft]:
    """The planted shift: visits that began on one Monday and went on."""
    drafts: list[Draft] = []
    for person in with_account(people):
        if draw_one(person.key, "comes more") >= COMES_MORE:
            continue
        for nth, first in enumerate(range(SHIFT_DAY, YEAR_DAYS, EVERY_DAYS)):
            at = _moment(panel, person, f"more {nth}", first, min(first + EVERY_DAYS, YEAR_DAYS))
            for page in range(PAGES_A_VISIT):
                drafts.append(Draft(at + page * MINUTE_US, WEB, person.key, True, _page, (person, nth, page)))
    return drafts


def _moment(panel: Panel, person: Person, why: str, first: int, end: int) -> int:
    days = first + int(draw_one(person.key, f"day of {why}") * (end - first))
    return panel.start_us + days * DAY_US + int((8 + draw_one(person.key, f"hour of {why}") * 13) * HOUR_US)


def _said(person: Person, key: str) -> Message:
    return {"messageId": key, "userId": person.web, "anonymousId": person.cookies[0], "context": GENERATED}


def _action(person: Person, event: str, nth: int) -> Message:
    bits = hash_one(person.key * 64 + nth, event)
    properties: dict[str, dict[str, Any]] = {
        "Product Added to Wishlist": {"wishlist_name": "Next shop", "product_id": f"p{bits % 900_000 + 100_000}"},
        "Products Searched": {"query": WANTED[bits % len(WANTED)]},
        "Promotion Clicked": {"promotion_id": f"offer-{bits % 40}", "name": "Offer of the week"},
    }
    key = f"{event.lower().replace(' ', '-')}-{person.key}-{nth}"
    return {"type": "track", "event": event, **_said(person, key), "properties": properties[event]}


def _page(person: Person, nth: int, page: int) -> Message:
    name = names.PAGES[(person.key + nth + page) % len(names.PAGES)]
    path = f"/{name.lower().replace(' ', '-')}"
    return {
        "type": "page",
        "name": name,
        **_said(person, f"more-{person.key}-{nth}-{page}"),
        "properties": {"path": path},
    }
