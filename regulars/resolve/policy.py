"""The policy: classes of evidence, strongest first, and every limit. A change here asks for a rebuild."""

from __future__ import annotations

from typing import NamedTuple

# Raised with every change of what follows: it names what an explanation goes by.
RULE_VERSION = 3

MERGE = 0
LOGIN = 1
CARD = 2
EMAIL_VERIFIED = 3
PHONE_VERIFIED = 4
ORDER = 5
PAYMENT = 6
EMAIL = 7
PHONE = 8
# Likeness of what records say: no identifier, so no link has this class.
PAIR = 9
DEVICE = 10
COOKIE = 11
# A card claimed on line and not verified: kept, but no link until a steward or the source verifies it.
CARD_PENDING = 12

LEVELS = (LOGIN, CARD, EMAIL_VERIFIED, PHONE_VERIFIED, ORDER, PAYMENT, EMAIL, PHONE, PAIR, DEVICE, COOKIE)
CARRIERS = (DEVICE, COOKIE)
# From here on births and first names speak; before, a login or a card is stronger than what somebody typed.
FIRST_LEVEL_WITH_NAMES = EMAIL_VERIFIED
FIRST_LEVEL_WITH_LIMITS = CARD
# A bank card is shared as a mailbox is: two loyalty cards need a login, a verified contact, an order or a score.
LEVELS_WHERE_CARDS_CLASH = frozenset((PAYMENT, EMAIL, PHONE, DEVICE, COOKIE))
# Classes whose value joins no logins once two of them hold it.
BARRIER_LEVELS = frozenset((EMAIL_VERIFIED, PHONE_VERIFIED, ORDER, PAYMENT, EMAIL, PHONE))

# States of a link.
EDGE, BARRED, GENERIC, VOID = 0, 1, 2, 3


class DirectLimit(NamedTuple):
    """Distinct logins, cards and contacts on a value's direct holders; more makes it generic. None: not counted."""

    logins: int | None
    cards: int
    contacts: int
    window_days: int | None
    """A longer gap between two holders starts a new epoch of the value. None: never."""


DIRECT_LIMITS = {
    LOGIN: DirectLimit(None, 20, 20, None),
    CARD: DirectLimit(1, 3, 10, None),
    EMAIL_VERIFIED: DirectLimit(1, 3, 10, 730),
    PHONE_VERIFIED: DirectLimit(1, 3, 10, 365),
    ORDER: DirectLimit(1, 3, 5, None),
    PAYMENT: DirectLimit(2, 3, 10, None),
    EMAIL: DirectLimit(2, 3, 5, 730),
    PHONE: DirectLimit(2, 3, 5, 365),
    DEVICE: DirectLimit(3, 3, 20, 365),
    COOKIE: DirectLimit(3, 3, 20, 365),
}

# Per customer: cards, e-mails, phones, devices, cookies (and one login per name space).
MAX_CARDS = 3
MAX_EMAILS = 5
MAX_PHONES = 5
MAX_DEVICES = 20
MAX_COOKIES = 200

# Pairs in one component that a steward is asked about though both have a login in one system, the most alike first.
DOUBLES_MAX = 20
# Signatures in one component of the reach graph; beyond it the weakest level inside is dropped until the parts fit.
MAX_REACH = 2_000
# Journal positions, and so ids of customers, are bigints.
ID_MAX = 2**63 - 1
SESSION_STEP_SECONDS = 30 * 60
# Below this Jaro-Winkler similarity two first names are two people's.
FIRST_NAME_MIN_SIMILARITY = 0.75

CLASS_NAMES = {
    MERGE: "a steward's merge",
    LOGIN: "login",
    CARD: "loyalty card",
    EMAIL_VERIFIED: "verified e-mail",
    PHONE_VERIFIED: "verified phone",
    ORDER: "order",
    PAYMENT: "payment token",
    EMAIL: "e-mail",
    PHONE: "phone",
    PAIR: "likeness",
    DEVICE: "device",
    COOKIE: "cookie",
    CARD_PENDING: "loyalty card, not verified",
}
