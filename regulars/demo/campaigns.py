"""Campaigns and redemptions of the panel, and the newsletter we invent: everything the e-mail tool tells.

Panel data: which campaign reached which household, and every redeemed coupon. Invented: which member got it, and what
became of each e-mail.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from regulars.demo.chance import draw, draw_some
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import EMAIL, GENERATED, TILLS, Draft, Message

NEWSLETTER_EVERY_DAYS = 28
SUBSCRIBED = 0.80
KNOWN_BY_ADDRESS_ONLY = 0.15
BOUNCES = 0.02
UNSUBSCRIBES = 0.002
CLICKS_OF_OPENS = 0.25


def campaigns(panel: Panel, people: People) -> list[Draft]:
    """Campaign Sent to every reached household, to each of its adults in the CRM, and what became of the e-mails."""
    kind_and_start = {campaign: (kind, start) for campaign, kind, start in panel.campaigns}
    place = {household: i for i, household in enumerate(panel.households.tolist())}
    drafts: list[Draft] = []
    for campaign, household in panel.reached:
        kind, start = kind_and_start[campaign]
        first = int(people.first_of_household[place[household]])
        for person in people.persons[first : first + int(people.adults[place[household]])]:
            if person.crm is None:
                continue
            at = start + 8 * HOUR_US + person.key % 3600 * 1_000_000
            drafts.append(Draft(at, EMAIL, person.key, True, _sent, (person, campaign, kind)))
            if person.email:
                drafts += _mail(person, f"campaign-{campaign}", at, _chances(person, campaign))
    return drafts


def newsletters(panel: Panel, people: People) -> list[Draft]:
    """One letter every four weeks to who subscribed, until she unsubscribes."""
    readers = [person for person in people.persons if person.email and person.adult]
    keys = np.array([person.key for person in readers], dtype=np.int64)
    subscribed = draw(keys, "subscribed") < SUBSCRIBED
    drafts: list[Draft] = []
    for reader, wanted in zip(readers, subscribed.tolist(), strict=True):
        if not wanted:
            continue
        for number in range(1, 14):
            at = (
                panel.start_us
                + (number * NEWSLETTER_EVERY_DAYS - 10) * DAY_US
                + 9 * HOUR_US
                + reader.key % 1800 * 1_000_000
            )
            chances = _chances(reader, 1000 + number)
            drafts += _mail(reader, f"newsletter-{number}", at, chances)
            if chances[0] >= BOUNCES and chances[3] < UNSUBSCRIBES:
                break
    return drafts


def redemptions(panel: Panel, people: People) -> list[Draft]:
    """Every coupon redeemed in the panel, at the till, with the card of the household's first adult."""
    place = {household: i for i, household in enumerate(panel.households.tolist())}
    drafts: list[Draft] = []
    for household, coupon, campaign, day_us in panel.redemptions:
        person = people.persons[int(people.first_of_household[place[household]])]
        at = day_us + 12 * HOUR_US + coupon % 600 * 60_000_000
        day = (day_us - panel.start_us) // DAY_US
        drafts.append(Draft(at, TILLS, person.key, True, _redeemed, (person, coupon, campaign, day)))
    return drafts


def _chances(person: Person, letter: int) -> list[float]:
    """Bounced, opened, clicked, unsubscribed: four draws for one letter to one person."""
    return draw_some(person.key * 65_536 + letter * 4, "mail", 4)


def _mail(person: Person, campaign: str, at: int, chances: list[float]) -> list[Draft]:
    """What the e-mail tool reports about one letter."""
    bounced, opened, clicked, unsubscribed = chances
    minute = 60_000_000
    steps = [("Email Delivered", at + minute)]
    if bounced < BOUNCES:
        steps = [("Email Bounced", at + minute)]
    # Some read nearly everything, some next to nothing.
    elif opened < 0.10 + 0.40 * (person.key * 7919 % 101 / 100):
        steps.append(("Email Opened", at + int(opened * 40_000) * minute // 10))
        if clicked < CLICKS_OF_OPENS:
            steps.append(("Email Link Clicked", steps[-1][1] + 2 * minute))
    if bounced >= BOUNCES and unsubscribed < UNSUBSCRIBES:
        steps.append(("Unsubscribed", steps[-1][1] + 3 * minute))
    return [Draft(time, EMAIL, person.key, True, _reported, (person, name, campaign)) for name, time in steps]


def contact(person: Person) -> dict[str, Any]:
    """How the e-mail tool knows her: by the CRM's id, or by nothing but the address."""
    by_address = person.crm is None or person.key * 31 % 100 < KNOWN_BY_ADDRESS_ONLY * 100
    return {} if by_address and person.email else {"userId": person.crm}


def _sent(person: Person, campaign: int, kind: str) -> Message:
    return {
        "type": "track",
        "event": "Campaign Sent",
        "messageId": f"sent-{campaign}-{person.key}",
        "userId": person.crm,
        "properties": {
            "campaign_id": f"campaign-{campaign}",
            "campaign_type": kind,
            "household_id": str(person.household),
        },
    }


def _reported(person: Person, name: str, campaign: str) -> Message:
    return {
        "type": "track",
        "event": name,
        "messageId": f"{name.rpartition(' ')[2].lower()}-{campaign}-{person.key}",
        **contact(person),
        "properties": {"email": person.email, "campaign_id": campaign},
        "context": GENERATED,
    }


def _redeemed(person: Person, coupon: int, campaign: int, day: int) -> Message:
    return {
        "type": "track",
        "event": "Coupon Redeemed",
        "messageId": f"coupon-{person.household}-{coupon}-{campaign}-{day}",
        "properties": {
            "coupon_id": str(coupon),
            "campaign_id": f"campaign-{campaign}",
            "household_id": str(person.household),
            "loyalty_card": person.card,
        },
    }
