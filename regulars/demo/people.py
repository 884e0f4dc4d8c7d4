"""The people of the panel's households: invented, because the panel knows only households. Pure and reproducible.

A person's key is household * 16 + member, so the same person is the same in the small and the full brand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from regulars.demo import names
from regulars.demo.chance import Ints, draw, draw_one, hash_one, hashes, pick
from regulars.demo.panel import Panel

MEMBERS_KEY = 16
MAX_MEMBERS = 4
AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 84),
}
# Cumulated shares of households with up to 1, 2, 3 members, where the panel does not say.
SIZES = (0.34, 0.73, 0.87)

# What we plant, as shares. Identity noise is meant to be hard, and is listed in docs/demo-brand.md.
SECOND_IN_CRM = 0.62
SECOND_HAS_CARD = 0.55
SHARES_PARTNER_CARD = 0.03  # of second adults without a card of their own
JOINT_TOKEN = 0.03  # of couples: one payment card
FAMILY_EMAIL = 0.05  # of couples: one e-mail for both
SHARED_BROWSER = 0.10  # of couples with two logins: one cookie
HAS_EMAIL = 0.92
HAS_PHONE = 0.95
HAS_WEB = (0.55, 0.40)  # first adult, second adult
OTHER_ZONE = 0.12
RECYCLED_PHONE = 0.005
CHANGES_EMAIL = 0.04
MOVES_HOUSE = 0.06  # households


@dataclass(kw_only=True)
class Person:
    """One invented person with everything that could identify her."""

    key: int
    household: int
    member: int
    adult: bool
    first: str
    last: str
    nick: str
    birth: date
    zone: str
    street: tuple[str, str, str]
    """Number, name, ending."""
    town: tuple[str, str, str]
    postcode: str
    new_home: tuple[tuple[str, str, str], tuple[str, str, str], str] | None = None
    email: str | None = None
    new_email: str | None = None
    phone: str | None = None
    """Ten digits."""
    card: str | None = None
    """The card she shows at the till: her own, or her partner's."""
    own_card: bool = False
    crm: str | None = None
    web: str | None = None
    token: str | None = None
    cookies: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, kw_only=True)
class People:
    """All persons, by household and member, with flags as columns for drawing many at once."""

    persons: list[Person]
    first_of_household: Ints
    """Place of each panel household's first person, in order of Panel.households."""
    adults: Ints
    """Adults of each household."""
    members: Ints
    keys: Ints
    has_card: NDArray[np.bool_]
    has_web: NDArray[np.bool_]
    in_crm: NDArray[np.bool_]


def invent(panel: Panel) -> People:
    """The people of every household of the panel."""
    members, adults = _sizes(panel)
    first = np.r_[0, np.cumsum(members)[:-1]]
    place = np.repeat(np.arange(len(members)), members)
    number = np.arange(len(place)) - first[place]
    keys = panel.households[place] * MEMBERS_KEY + number
    persons = _born(panel, keys, place, number < adults[place])
    _give_contacts(persons, keys)
    _give_accounts(persons, keys)
    starts: list[int] = first.tolist()
    for start, count in zip(starts, adults.tolist(), strict=True):
        if count > 1:
            _share(persons[start], persons[start + 1])
    return People(
        persons=persons,
        first_of_household=first,
        adults=adults,
        members=members,
        keys=keys,
        has_card=np.array([person.card is not None for person in persons]),
        has_web=np.array([person.web is not None for person in persons]),
        in_crm=np.array([person.crm is not None for person in persons]),
    )


def _sizes(panel: Panel) -> tuple[Ints, Ints]:
    """Members and adults of each household: as the panel says where it says, else drawn."""
    members = 1 + np.searchsorted(np.array(SIZES), draw(panel.households, "household size"), side="right")
    adults = np.minimum(members, 2)
    for place, household in enumerate(panel.households.tolist()):
        told = panel.demographics.get(household)
        if told is not None and told["household_size"]:
            members[place] = min(int(told["household_size"].rstrip("+")), MAX_MEMBERS)
            adults[place] = 1 if (told["household_comp"] or "").startswith("1 Adult") else min(2, members[place])
    return members.astype(np.int64), adults.astype(np.int64)


def _born(panel: Panel, keys: Ints, place: Ints, adult: NDArray[np.bool_]) -> list[Person]:
    homes = panel.households[place]
    surname, own_surname = pick(homes, "surname", len(names.SURNAMES)), pick(keys, "surname", len(names.SURNAMES))
    keeps_own = draw(keys, "keeps own surname") < 0.12
    female, given = draw(keys, "female") < 0.5, hashes(keys, "first name")
    other_zone = draw(homes, "other zone") < OTHER_ZONE
    zone = pick(homes, "zone", len(names.OTHER_ZONES))
    persons: list[Person] = []
    for i, key in enumerate(keys.tolist()):
        household, member = divmod(key, MEMBERS_KEY)
        pool = names.WOMEN if female[i] else names.MEN
        first = pool[int(given[i]) % len(pool)]
        # A first name twice at one address would be one person to anybody; real parents avoid it.
        if any(person.first == first for person in persons[max(0, i - member) : i]):
            first = pool[(int(given[i]) + 1) % len(pool)]
        home = _home(household, "home")
        persons.append(
            Person(
                key=key,
                household=household,
                member=member,
                adult=bool(adult[i]),
                first=first,
                last=names.SURNAMES[int(own_surname[i] if member and keeps_own[i] else surname[i])],
                nick=names.NICKNAMES.get(first, first),
                birth=_birth(panel, key, household, member, bool(adult[i])),
                zone=names.OTHER_ZONES[int(zone[i])] if other_zone[i] else names.HOME_ZONE,
                street=home[0],
                town=home[1],
                postcode=home[2],
                new_home=_home(household, "new home") if draw_one(household, "moves") < MOVES_HOUSE else None,
            )
        )
    return persons


def _home(household: int, why: str) -> tuple[tuple[str, str, str], tuple[str, str, str], str]:
    bits = hash_one(household, why)
    town = names.TOWNS[bits % len(names.TOWNS)]
    street = names.STREETS[(bits >> 8) % len(names.STREETS)]
    ending = str((bits >> 20) % len(names.STREET_ENDS))
    return (str(1 + (bits >> 32) % 899), street, ending), town, town[2] + f"{(bits >> 44) % 100:02d}"


def _birth(panel: Panel, key: int, household: int, member: int, adult: bool) -> date:
    told = panel.demographics.get(household)
    low, high = AGE_BANDS[told["age"]] if told and told["age"] else (24, 78)
    chosen = low + int(draw_one(household, "age") * (high - low + 1))
    if member and adult:
        chosen = max(19, chosen - 5 + int(draw_one(key, "age") * 11))
    elif not adult:
        chosen = 6 + int(draw_one(key, "age") * 12)
    return date(2017 - chosen, 1, 1) + timedelta(days=int(draw_one(key, "birthday") * 365))


def _give_contacts(persons: list[Person], keys: Ints) -> None:
    """E-mails and phones of adults. Numbers are dealt, so two people share one only where we plant it."""
    with_email, with_phone = draw(keys, "has email") < HAS_EMAIL, draw(keys, "has phone") < HAS_PHONE
    changes, recycled = draw(keys, "changes email") < CHANGES_EMAIL, draw(keys, "recycled") < RECYCLED_PHONE
    domains, styles = pick(keys, "domain", len(names.MAIL_DOMAINS)), pick(keys, "mail style", 3)
    for i, person in enumerate(persons):
        if not person.adult:
            continue
        if with_email[i]:
            person.email = _address(person, int(styles[i]), names.MAIL_DOMAINS[int(domains[i])])
            if changes[i]:
                person.new_email = _address(person, 2, names.MAIL_DOMAINS[(int(domains[i]) + 1) % 4])
        if with_phone[i]:
            # Two adults a household at most, so household and member give every adult a number of her own.
            of = person.key if not recycled[i] else max(person.key - 3 * MEMBERS_KEY, MEMBERS_KEY)
            person.phone = _number(of // MEMBERS_KEY * 2 + of % MEMBERS_KEY % 2)


def _number(slot: int) -> str:
    block, line = divmod(slot, 100)
    return f"{names.AREA_CODES[block % len(names.AREA_CODES)]}55501{line:02d}"


def _address(person: Person, style: int, domain: str) -> str:
    first, last = _ascii(person.first), _ascii(person.last)
    local = (f"{first}.{last}", f"{first[0]}{last}", f"{first}{person.birth.year % 100:02d}")[style]
    # The household number keeps addresses apart that invention would have made equal.
    return f"{local}{person.household}@{domain}"


def _ascii(text: str) -> str:
    return "".join(ACCENTS.get(sign, sign) for sign in text.lower() if sign.isalnum())


ACCENTS = dict(zip("áàäâéèëêíìïîóòöôúùüûñçø", "aaaaeeeeiiiioooouuuunco", strict=True))


def _give_accounts(persons: list[Person], keys: Ints) -> None:
    ids = hashes(keys, "ids").tolist()
    second_card, second_crm = draw(keys, "card") < SECOND_HAS_CARD, draw(keys, "crm") < SECOND_IN_CRM
    web, cookies = draw(keys, "web"), 1 + pick(keys, "cookies", 3)
    for i, person in enumerate(persons):
        if not person.adult:
            continue
        if person.member == 0 or second_card[i]:
            person.card, person.own_card = f"62{person.household:06d}{person.member}{ids[i] % 1000:03d}", True
        if person.member == 0 or second_crm[i]:
            person.crm = f"C{person.household:05d}{person.member}"
        person.token = f"tok_{ids[i] >> 16:012x}"
        person.cookies = [f"ck-{(ids[i] >> 8) & 0xFFFFFFFF:08x}-{n}" for n in range(int(cookies[i]))]
        if person.email and web[i] < HAS_WEB[min(person.member, 1)]:
            person.web = f"w{ids[i] & 0xFFFFFFFFFF:010x}"


def _share(one: Person, other: Person) -> None:
    """What couples share and records therefore confuse."""
    if not other.own_card and draw_one(other.key, "shares card") < SHARES_PARTNER_CARD:
        other.card = one.card
    if draw_one(one.key, "joint token") < JOINT_TOKEN:
        other.token = one.token
    if one.email and other.email and not other.web and draw_one(one.key, "family email") < FAMILY_EMAIL:
        other.email, other.new_email = one.email, None
    if one.web and other.web and draw_one(one.key, "shared browser") < SHARED_BROWSER:
        other.cookies[0] = one.cookies[0]
