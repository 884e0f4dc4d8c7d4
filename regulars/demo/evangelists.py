"""Who speaks for the brand: reviews, products shared, posts and friends who came. All invented.

Planted (stated in docs/demo-brand.md): whether somebody speaks is a trait of the person, drawn from a stream of its
own, and who does speaks again and again; it has nothing to do with what she buys. Every event carries the login and
the first browser of its person, which her visits carried before: nobody becomes easier to recognize by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from regulars.demo.browsing import MAX_VISITS
from regulars.demo.chance import draw
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import GENERATED, WEB, Draft, Message

SPEAKS = 0.06  # of people with a login
TIMES_LEAST, TIMES_MOST = 2, 9
KINDS = (("Product Reviewed", 0.5), ("Product Shared", 0.75), ("Brand Mentioned", 0.92), ("Referral Completed", 1.0))
"""Cumulated shares of what they do."""
STARS = (0.04, 0.1, 0.2, 0.5)
"""Cumulated shares of one to four stars."""
NETWORKS = ("mastodon", "instagram", "nextdoor")


def evangelism(panel: Panel, people: People) -> list[Draft]:
    """A few events a year from every person who speaks, after her first visit."""
    drafts: list[Draft] = []
    speaks = draw(people.keys, "speaks for us")
    times = draw(people.keys, "speaks so often")
    baskets = np.argsort(panel.household, kind="stable")
    owners = panel.household[baskets]
    starts = dict(zip(*np.unique(owners, return_index=True), strict=True))
    ends = dict(zip(starts, [*list(starts.values())[1:], len(owners)], strict=True))
    for i in np.flatnonzero(speaks < SPEAKS).tolist():
        person = people.persons[i]
        if person.web is None or not person.adult:
            continue
        visits = np.arange(MAX_VISITS) + person.key * 64
        first = float(draw(visits, "visit day")[: 3 + person.key % (MAX_VISITS - 3)].min())
        count = TIMES_LEAST + int(times[i] ** 2 * (TIMES_MOST - TIMES_LEAST + 1))
        numbers = np.arange(count) + person.key * 16
        # What she reviews or shares was bought by her household.
        bought = baskets[starts[person.key // 16] : ends[person.key // 16]]
        days, kinds, marks = draw(numbers, "says it on"), draw(numbers, "says it as"), draw(numbers, "says it of")
        for nth in range(count):
            day = first * 364 + 1 + days[nth] * (362 - first * 364) if first * 364 < 361 else 363.0
            at = panel.start_us + int(day) * DAY_US + int((8 + marks[nth] * 13) * HOUR_US)
            name = next(name for name, edge in KINDS if kinds[nth] < edge)
            line = int(panel.line_start[bought[int(marks[nth] * len(bought))]])
            product = panel.products[int(panel.product[line])]["product_id"]
            drafts.append(Draft(at, WEB, person.key, True, _said, (person, nth, name, product, float(marks[nth]))))
    return drafts


def _said(person: Person, nth: int, name: str, product: str, mark: float) -> Message:
    stars = 1 + sum(mark * 7 % 1 >= edge for edge in STARS)
    by_name: dict[str, dict[str, Any]] = {
        "Product Reviewed": {"product_id": product, "review_id": f"review-{person.key}-{nth}", "rating": stars},
        "Product Shared": {"product_id": product, "share_via": "email"},
        "Brand Mentioned": {"network": NETWORKS[person.key % len(NETWORKS)], "sentiment": "positive"},
        "Referral Completed": {"referral_id": f"referral-{person.key}-{nth}"},
    }
    return {
        "type": "track",
        "event": name,
        "messageId": f"spoke-{person.key}-{nth}",
        "userId": person.web,
        "anonymousId": person.cookies[0],
        "properties": by_name[name],
        "context": GENERATED,
    }
