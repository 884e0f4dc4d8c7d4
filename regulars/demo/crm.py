"""The CRM export: a row for each person the shop knows by name, with the faults such rows have. All invented.

Typos, nicknames, swapped days and months, fillers, the shop's own number, a few people entered twice, later rows that
mend a name, change an e-mail or move a house, and the consents given at the counter.
"""

from __future__ import annotations

from typing import Any

from regulars.demo import names
from regulars.demo.chance import draw_some
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import CRM, GENERATED, Draft, Message

JOINED_BEFORE = 0.75
UPDATED = 0.20
TWICE = 0.02
NICKNAME, TYPO, SURNAME_TYPO = 0.10, 0.14, 0.04
BIRTH_MISSING, BIRTH_SWAPPED = 0.12, 0.13
MAIL_JUNK, PHONE_JUNK, SHOP_NUMBER = 0.30, 0.30, 0.02
MAIL_VERIFIED, PHONE_VERIFIED = 0.60, 0.20
CARD_ON_FILE = 0.93
CONSENT_ASKED, CONSENT_YES = 0.90, 0.85
ROW_CHANCES = 14


def rows(panel: Panel, people: People) -> list[Draft]:
    """First rows, changes, and people entered twice."""
    drafts: list[Draft] = []
    for person in people.persons:
        if person.crm is None:
            continue
        when = draw_some(person.key * 4, "crm", 4)
        joined = panel.start_us + 6 * HOUR_US
        if when[0] >= JOINED_BEFORE:
            joined += int(when[1] * 200) * DAY_US
        joined += person.key % 7200 * 1_000_000
        drafts.append(_row(joined, person, "a", person.crm))
        changed = joined + int((0.2 + 0.7 * when[2]) * (panel.end_us - joined))
        if person.new_email or person.new_home or when[3] < UPDATED:
            drafts.append(_row(changed, person, "b", person.crm))
        elif when[3] > 1 - TWICE and (person.email or person.phone):
            drafts.append(_row(changed, person, "c", person.crm.replace("C", "D")))
    return drafts


def _row(at: int, person: Person, version: str, crm: str) -> Draft:
    return Draft(at, CRM, person.key, True, _message, (person, version, crm))


def _message(person: Person, version: str, crm: str) -> Message:
    return {
        "type": "identify",
        "messageId": f"crm-{person.key}-{version}",
        "userId": crm,
        "traits": traits_of(person, version),
        "context": GENERATED,
    }


def traits_of(person: Person, version: str) -> dict[str, Any]:
    """One row: `a` as first entered, `b` as mended later, `c` as entered a second time by somebody who did not look."""
    chances = draw_some(person.key * 64 + ord(version) % 4 * 16, "crm row", ROW_CHANCES)
    traits: dict[str, Any] = {
        "first_name": _first_name(person, chances[0], version),
        "last_name": typo(person.last, person.key) if chances[1] < SURNAME_TYPO else person.last,
        "address": address_of(person, version),
        "timezone": person.zone,
        "language": "en",
    }
    birth = _birth(person, chances[2])
    if birth:
        traits["birth_date"] = birth
    email = person.new_email if version == "b" and person.new_email else person.email
    if email or chances[3] < MAIL_JUNK:
        traits["email"] = email or names.JUNK_EMAILS[person.key % len(names.JUNK_EMAILS)]
    if email and version != "c" and chances[4] < MAIL_VERIFIED:
        traits["email_verified"] = True
    phone = _phone(person, chances[5], chances[6])
    if phone:
        traits["phone"] = phone
        if phone[-4:] == (person.phone or "")[-4:] and chances[7] < PHONE_VERIFIED and version != "c":
            traits["phone_verified"] = True
    if person.own_card and version != "c" and chances[8] < CARD_ON_FILE:
        traits["loyalty_card"] = person.card
    if version == "a" and chances[9] < CONSENT_ASKED:
        asked = {"email": email is not None, "sms": phone is not None, "post": True}
        yes = {"email": CONSENT_YES, "sms": 0.5, "post": 0.8}
        traits["consent"] = {channel: chances[10 + i] < yes[channel] for i, channel in enumerate(yes) if asked[channel]}
    return traits


def _first_name(person: Person, chance: float, version: str) -> str:
    if version == "c" or chance < NICKNAME:
        return person.nick
    return typo(person.first, person.key) if chance < TYPO and version == "a" else person.first


def typo(text: str, key: int) -> str:
    """One slip of the finger: two letters swapped, one doubled, or one left out; the first letter stays."""
    if len(text) < 4:
        return text
    at = 1 + key % (len(text) - 2)
    return (
        text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        text[:at] + text[at] + text[at:],
        text[:at] + text[at + 1 :],
    )[key % 3]


def _birth(person: Person, chance: float) -> str | None:
    if chance < BIRTH_MISSING:
        return None
    born = person.birth
    if chance < BIRTH_SWAPPED and born.day <= 12:
        return f"{born.year}-{born.day:02d}-{born.month:02d}"
    return born.isoformat()


def _phone(person: Person, junk: float, style: float) -> str | None:
    if junk < SHOP_NUMBER:
        return names.SHOP_PHONE
    if person.phone is None:
        return names.JUNK_PHONES[person.key % len(names.JUNK_PHONES)] if junk < PHONE_JUNK else None
    area, line = person.phone[:3], person.phone[6:]
    return (f"({area}) 555-{line}", f"{area}-555-{line}", f"+1{person.phone}", person.phone)[int(style * 4)]


def address_of(person: Person, version: str) -> dict[str, str]:
    """Where she lives, or lived before she moved, as whoever typed it writes streets."""
    street, town, postcode = (person.street, person.town, person.postcode)
    if version == "b" and person.new_home:
        street, town, postcode = person.new_home
    number, name, ending = street
    # Written out or abbreviated, as whoever typed it liked.
    written = names.STREET_ENDS[int(ending)][(person.key + ord(version)) % 2]
    return {
        "street": f"{number} {name} {written}",
        "city": town[0],
        "state": town[1],
        "postcode": postcode,
        "country": "US",
    }
