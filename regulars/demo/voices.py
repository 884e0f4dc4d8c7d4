"""What customers say: calls, one-question surveys and decisions about being contacted. All invented.

Planted effect (stated in the truth file): households whose panel purchases fall by half from the first to the second
half of the year complain three times as often just before, and answer the survey lower. The panel itself is untouched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regulars.demo.campaigns import contact
from regulars.demo.chance import draw
from regulars.demo.orders import Baskets
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import CALLS, EMAIL, GENERATED, Draft, Message

CALLS_A_YEAR = 0.45  # of adults
COMPLAINS, COMPLAINS_BEFORE_DECLINE = 0.12, 0.36
DECLINE = 0.5
SURVEYED = 0.02  # of baskets
WITHDRAWS = 0.02  # of adults in the CRM
OTHER_REASONS = ("opening hours", "points balance", "delivery", "product question", "lost card")
SCORE_EDGES = ((0.03, 0.1, 0.3, 0.6), (0.15, 0.4, 0.65, 0.85))
"""Cumulated shares of the answers 1 to 4: most people, and those about to buy less."""
QUESTION = "How likely are you to recommend us?"
ASKED = (
    (0.55, "after-purchase", "feeling", "checkout", QUESTION),
    (0.70, "found-it", "helpfulness", "checkout", "Did you find what you came for?"),
    (0.85, "letter-relevance", "relevance", "newsletter", "Was this letter meant for you?"),
    (1.00, "closer-to-buying", "closer", "web", "Did this bring you closer to buying?"),
)
"""Cumulated shares of the questions, with what they measure and where."""
WRITES = 0.3  # of those who answer
WORDS = (
    ("Nobody was there to help me", "The shelf was empty and it was a mess", "Nadie me quiso ayudar"),
    ("I had to wait too long at the till", "The prices are too high", "It was not very clean", "La cola era muy larga"),
    (
        "The staff was very friendly",
        "It was quick and the fruit is fresh",
        "I love this store",
        "Todo muy bien, gracias",
    ),
)
"""What people write who answer 1, 2 or 3, and more; a few in Spanish."""
HALF_DAY = 182


def declining(panel: Panel) -> NDArray[np.bool_]:
    """For each household: did its spend fall by half or more in the second half of the year?"""
    home = np.searchsorted(panel.households, panel.household)
    late = panel.local_us >= panel.start_us + HALF_DAY * DAY_US
    spend = np.zeros((2, len(panel.households)), dtype=np.int64)
    np.add.at(spend, (late.astype(np.int64), home), panel.basket_cents)
    return (spend[0] > 0) & (spend[1] <= spend[0] * DECLINE)


def calls(panel: Panel, people: People) -> list[Draft]:
    """About one call from every second adult; the caller is known by her number, her CRM id, or both."""
    declines = declining(panel)
    home = np.searchsorted(panel.households, people.keys // 16)
    chances = np.stack([draw(people.keys, f"call {i}") for i in range(5)])
    drafts: list[Draft] = []
    for i in np.flatnonzero(chances[0] < CALLS_A_YEAR).tolist():
        person = people.persons[i]
        if not person.adult or not (person.phone or person.crm):
            continue
        _, reason, day, known, minutes = chances[:, i].tolist()
        complains = reason < (COMPLAINS_BEFORE_DECLINE if declines[home[i]] else COMPLAINS)
        # Complaints of households that will buy less come in the weeks before they do.
        days = HALF_DAY - 21 + int(day * 21) if complains and declines[home[i]] else int(day * 363)
        at = panel.start_us + days * DAY_US + int((9 + minutes * 9) * HOUR_US)
        why = "complaint" if complains else OTHER_REASONS[int(reason * 1000) % len(OTHER_REASONS)]
        drafts.append(Draft(at, CALLS, person.key, True, _call, (person, why, 1 + int(minutes * 20), known)))
    return drafts


def surveys(panel: Panel, people: People, baskets: Baskets) -> list[Draft]:
    """One question by e-mail after some baskets."""
    declines = declining(panel)
    chosen = np.flatnonzero(draw(panel.basket, "surveyed") < SURVEYED)
    score = draw(panel.basket, "score")
    asked, wrote = draw(panel.basket, "asked what"), draw(panel.basket, "wrote")
    drafts: list[Draft] = []
    for row in chosen.tolist():
        person = people.persons[int(baskets.shopper[row])]
        if not person.adult or not person.email:
            continue
        unhappy = bool(declines[np.searchsorted(panel.households, panel.household[row])])
        value = 1 + sum(bool(score[row] >= edge) for edge in SCORE_EDGES[unhappy])
        at = int(panel.local_us[row]) + DAY_US
        said = float(asked[row]), float(wrote[row])
        drafts.append(Draft(at, EMAIL, person.key, True, _answer, (person, int(panel.basket[row]), value, *said)))
    return drafts


def withdrawals(panel: Panel, people: People) -> list[Draft]:
    """Some tell the call center that they want no more of something."""
    chances = np.stack([draw(people.keys, f"withdraws {i}") for i in range(2)])
    drafts: list[Draft] = []
    for i in np.flatnonzero(chances[0] < WITHDRAWS).tolist():
        person = people.persons[i]
        if person.crm and person.email:
            at = panel.start_us + int((60 + chances[1, i] * 300) * DAY_US)
            drafts.append(Draft(at, CALLS, person.key, True, _withdrawal, (person, person.key % 3 == 0)))
    return drafts


def _call(person: Person, reason: str, minutes: int, known: float) -> Message:
    message: Message = {"type": "track", "event": "Call Received", "messageId": f"call-{person.key}"}
    properties: dict[str, Any] = {"reason": reason, "minutes": minutes}
    if person.crm and (known < 0.5 or not person.phone):
        message["userId"] = person.crm
    if person.phone and (known >= 0.3 or not person.crm):
        properties["phone"] = f"+1{person.phone}"
    return message | {"properties": properties, "context": GENERATED}


def _answer(person: Person, basket: int, score: int, asked: float, wrote: float) -> Message:
    survey, measure, place, question = next(row for edge, *row in ASKED if asked < edge)
    texts = WORDS[min(score, 4) // 2]
    words = texts[int(wrote / WRITES * len(texts))] if wrote < WRITES else str(score)
    return {
        "type": "track",
        "event": "Survey Answered",
        "messageId": f"survey-{basket}",
        **contact(person),
        "properties": {
            "email": person.email,
            "survey_id": survey,
            "measure": measure,
            "touch_point": place,
            "question": question,
            "score": score,
            "answer": words,
        },
        "context": GENERATED,
    }


def _withdrawal(person: Person, by_sms: bool) -> Message:
    channel = "sms" if by_sms and person.phone else "email"
    address = f"+1{person.phone}" if channel == "sms" else person.email
    return {
        "type": "track",
        "event": "Consent Withdrawn",
        "messageId": f"withdrawn-{person.key}",
        "userId": person.crm,
        "properties": {"channel": channel, "purpose": "marketing", "address": address},
        "context": GENERATED,
    }
