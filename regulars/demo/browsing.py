"""The web store: visits before and after signing in, strangers who never do, and tablets in stores. All invented."""

from __future__ import annotations

from typing import Any

import numpy as np

from regulars.demo import names
from regulars.demo.chance import draw, draw_one, draw_some, pick
from regulars.demo.crm import address_of
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import GENERATED, NOBODY, WEB, Draft, Message

MAX_VISITS = 12
SIGNS_IN = 0.60
SIGNS_OUT = 0.35  # of those signed in
MAIL_VERIFIED = 0.85
TYPES_CARD = 0.50
CARD_VERIFIED = 0.65  # of those
HAS_DELIVERED, TELLS_BIRTH = 0.60, 0.40  # of accounts
STRANGERS_PER_HUNDRED_HOUSEHOLDS = 60
TABLETS = 8
TABLET_USES = 40
MINUTE_US = 60_000_000


def visits(panel: Panel, people: People) -> list[Draft]:
    """Visits of everybody with a login: pages without a name first, with one after signing in."""
    drafts: list[Draft] = []
    for person in people.persons:
        if person.web is None:
            continue
        numbers = np.arange(MAX_VISITS) + person.key * 64
        days, hours = draw(numbers, "visit day"), draw(numbers, "visit hour")
        signs, outs, pages = draw(numbers, "signs in"), draw(numbers, "signs out"), 1 + pick(numbers, "pages", 7)
        count = 3 + person.key % (MAX_VISITS - 3)
        order = np.argsort(days[:count], kind="stable").tolist()
        for nth, visit in enumerate(order):
            at = panel.start_us + int(days[visit] * 364) * DAY_US + int((7 + hours[visit] * 16) * HOUR_US)
            cookie = person.cookies[nth * len(person.cookies) // count]
            # The first visit makes the account.
            signed_at = 1 if nth == 0 or signs[visit] < SIGNS_IN else None
            drafts += _visit(person, nth, at, cookie, int(pages[visit]), signed_at, bool(outs[visit] < SIGNS_OUT))
    return drafts


def _visit(
    person: Person, nth: int, at: int, cookie: str, pages: int, signed_at: int | None, signs_out: bool
) -> list[Draft]:
    drafts: list[Draft] = []
    for page in range(pages + 1):
        login = person.web if signed_at is not None and page >= signed_at else None
        key = f"page-{person.key}-{nth}-{page}"
        name = names.PAGES[(person.key * 5 + nth * 3 + page) % len(names.PAGES)]
        drafts.append(Draft(at, WEB, person.key, login is not None, _page, (key, name, cookie, login)))
        at += 20_000_000 + (person.key * 37 + page * 101) % 240 * 1_000_000
        if page == 0 and signed_at is not None:
            if nth == 0:
                drafts.append(Draft(at - 6_000_000, WEB, person.key, True, _account, (person, cookie)))
            drafts.append(Draft(at - 5_000_000, WEB, person.key, True, _signed, (person, nth, cookie, "Signed In")))
    if signed_at is not None and signs_out:
        drafts.append(Draft(at, WEB, person.key, True, _signed, (person, nth, cookie, "Signed Out")))
    return drafts


def strangers(panel: Panel) -> list[Draft]:
    """Visitors who never say who they are."""
    drafts: list[Draft] = []
    households: list[int] = panel.households.tolist()
    for household in households:
        if household * 61 % 100 >= STRANGERS_PER_HUNDRED_HOUSEHOLDS:
            continue
        numbers = np.arange(3) + household * 8
        days, hours, pages = draw(numbers, "stranger day"), draw(numbers, "stranger hour"), 1 + pick(numbers, "look", 5)
        for visit in range(1 + household % 3):
            at = panel.start_us + int(days[visit] * 364) * DAY_US + int((7 + hours[visit] * 16) * HOUR_US)
            for page in range(int(pages[visit])):
                key = f"stranger-{household}-{visit}-{page}"
                name = names.PAGES[(household + visit + page) % len(names.PAGES)]
                drafts.append(
                    Draft(at + page * MINUTE_US, WEB, NOBODY, False, _page, (key, name, f"ck-s{household}", None))
                )
    return drafts


def tablets(panel: Panel, people: People) -> list[Draft]:
    """Tablets in stores, used by many: one device, every user types who she is."""
    adults = [person for person in people.persons if person.adult and person.email]
    drafts: list[Draft] = []
    for tablet in range(TABLETS):
        for use in range(TABLET_USES):
            number = tablet * 1000 + use
            at = panel.start_us + int(draw_one(number, "tablet day") * 364) * DAY_US + (10 + use % 9) * HOUR_US
            person = adults[int(draw_one(number, "tablet user") * len(adults))]
            device, key = f"tablet-{tablet}", f"tablet-{tablet}-{use}"
            drafts.append(Draft(at, WEB, person.key, False, _kiosk, (f"{key}-a", device)))
            drafts.append(Draft(at + MINUTE_US, WEB, person.key, True, _typed, (f"{key}-b", device, person)))
            drafts.append(Draft(at + 2 * MINUTE_US, WEB, person.key, False, _kiosk, (f"{key}-c", device)))
    return drafts


def _page(key: str, name: str, cookie: str, login: str | None) -> Message:
    path = f"/{name.lower().replace(' ', '-')}"
    message: Message = {"type": "page", "name": name, "messageId": key, "anonymousId": cookie}
    if login:
        message["userId"] = login
    return message | {"properties": {"path": path}, "context": GENERATED}


def _signed(person: Person, nth: int, cookie: str, name: str) -> Message:
    return {
        "type": "track",
        "event": name,
        "messageId": f"{name.lower().replace(' ', '-')}-{person.key}-{nth}",
        "userId": person.web,
        "anonymousId": cookie,
        "context": GENERATED,
    }


def _account(person: Person, cookie: str) -> Message:
    """The account she makes: her name as she likes it, an e-mail that she mostly confirms, sometimes her card.

    Some have their orders delivered, or tell their birthday for the sake of a gift.
    """
    chances = draw_some(person.key * 8, "account", 7)
    traits: dict[str, Any] = {
        "first_name": person.nick if chances[0] < 0.3 else person.first,
        "last_name": person.last,
        "email": person.email,
        "email_verified": chances[1] < MAIL_VERIFIED,
        "timezone": person.zone,
        "language": "en",
        "consent": {"email": chances[4] < 0.7},
    }
    if chances[5] < HAS_DELIVERED:
        traits["address"] = address_of(person, "a")
    if chances[6] < TELLS_BIRTH:
        traits["birth_date"] = person.birth.isoformat()
    if chances[2] < TYPES_CARD and person.own_card:
        traits["loyalty_card"] = person.card
        if chances[3] < CARD_VERIFIED:
            traits["loyalty_card_verified"] = True
    return {
        "type": "identify",
        "messageId": f"account-{person.key}",
        "userId": person.web,
        "anonymousId": cookie,
        "traits": traits,
        "context": GENERATED,
    }


def _kiosk(key: str, device: str) -> Message:
    context = {"device": {"id": device}, **GENERATED}
    properties = {"path": "/kiosk"}
    return {
        "type": "page",
        "name": "Kiosk",
        "messageId": key,
        "anonymousId": device,
        "properties": properties,
        "context": context,
    }


def _typed(key: str, device: str, person: Person) -> Message:
    message: Message = {
        "type": "identify",
        "messageId": key,
        "anonymousId": device,
        "traits": {"email": person.email, "first_name": person.first, "last_name": person.last},
        "context": {"device": {"id": device}, **GENERATED},
    }
    return message | ({"userId": person.web} if person.web else {})
