"""The form for a loyalty card, filled in by hand at the counter and typed at a till by somebody else. All invented.

It asks for name, home and birth, and for no e-mail or phone: with the CRM's rows and the accounts of the web store it
has nothing in common but what it says. Cards handed out before the year began are typed in on its first day.
"""

from __future__ import annotations

from typing import Any

from regulars.demo import crm
from regulars.demo.chance import draw_some
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import GENERATED, TILLS, Draft, Message

# Shares of forms: kept and typed at all; with a nickname; with a slip in a name; with a birth, of those with a slip.
TYPED = 0.92
NICKNAME, TYPO, SURNAME_TYPO = 0.10, 0.16, 0.05
BIRTH_MISSING, BIRTH_SLIP = 0.20, 0.23
HELD_BEFORE = 0.85
FORM_CHANCES = 7


def forms(panel: Panel, people: People) -> list[Draft]:
    """The forms of those who have a card of their own."""
    drafts: list[Draft] = []
    for person in people.persons:
        chances = draw_some(person.key * 8, "card form", FORM_CHANCES)
        if not person.own_card or chances[0] >= TYPED:
            continue
        at = panel.start_us + 7 * HOUR_US + person.key % 7200 * 1_000_000
        if chances[1] >= HELD_BEFORE:
            at += int(chances[2] * 240) * DAY_US
        drafts.append(Draft(at, TILLS, person.key, True, _message, (person,)))
    return drafts


def _message(person: Person) -> Message:
    chances = draw_some(person.key * 8, "card form", FORM_CHANCES)
    traits: dict[str, Any] = {
        "loyalty_card": person.card,
        "first_name": _first_name(person, chances[3]),
        "last_name": crm.typo(person.last, person.key // 2) if chances[4] < SURNAME_TYPO else person.last,
        "address": crm.address_of(person, "a"),
    }
    if chances[5] >= BIRTH_MISSING:
        traits["birth_date"] = _birth(person, chances[5])
    return {"type": "identify", "messageId": f"form-{person.key}", "traits": traits, "context": GENERATED}


def _first_name(person: Person, chance: float) -> str:
    if chance < NICKNAME:
        return person.nick
    return crm.typo(person.first, person.key // 2) if chance < TYPO else person.first


def _birth(person: Person, chance: float) -> str:
    """As it is, or with another day: a 1 that was read as a 7."""
    born = person.birth
    day = (born.day + 6) % 28 or 28 if chance < BIRTH_SLIP else born.day
    return born.replace(day=day).isoformat()
