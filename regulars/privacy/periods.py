"""How long what is kept: `retention.yaml` in the data folder.

classes:
  browsing: {events: [page, screen, Product Viewed], keep: 13 months, purposes: [analytics]}
  orders: {events: [Order Completed, Order Refunded], keep: 10 years, law: "tax law, ten years"}
purposes:
  analytics: 24 months
holds:
  - {customer: 4711, reason: court case 12, until: 2027-06-30}
  - {class: orders, reason: audit of 2026}

A class goes when its own time and that of every purpose it serves are over. A hold keeps what is in it until its day,
or until it is taken out of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from regulars import collect, profile, resolve
from regulars.app import App
from regulars.kit.declaration import DeclarationFile
from regulars.kit.settings import Settings
from regulars.privacy.deadlines import months_later
from regulars.privacy.errors import RetentionRefused

CLASSES_MAX, EVENTS_MAX, PURPOSES_MAX, HOLDS_MAX = 50, 200, 50, 1_000
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PERIOD = re.compile(r"([1-9][0-9]{0,4}) (day|month|year)s?")
# The calendar ends before some longer one does, and no law asks for it.
PERIOD_MAX_YEARS = 100
MOST: Final = {"day": PERIOD_MAX_YEARS * 365, "month": PERIOD_MAX_YEARS * 12, "year": PERIOD_MAX_YEARS}
KINDS: Final = ("page", "screen")
# Who somebody is and what she allowed is no class of its own: it stays with the person, and goes with her.
STAYS = frozenset({"identify", "alias", "group", "track", *profile.DECISIONS})


class EventClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events that are kept equally long."""

    events: tuple[str, ...]
    """Names of track events, or the kinds page and screen."""
    keep: str = ""
    purposes: tuple[str, ...] = ()
    """What they are used for; they stay as long as the longest of these."""
    law: str = ""
    """Which law obliges to keep them, in words for people."""


class Hold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"event_class": "class"}):
    """Something that must not go although its time is over."""

    reason: str
    """Without personal data."""
    customer: int | None = None
    event_class: str = ""
    until: date | None = None
    """The last day; None: until it is taken out of the file."""

    def holds_on(self, today: date) -> bool:
        """Whether it is in force."""
        return self.until is None or today <= self.until


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole declaration."""

    classes: dict[str, EventClass] = {}
    purposes: dict[str, str] = {}
    holds: tuple[Hold, ...] = ()

    @property
    def text(self) -> str:
        """The same for the same declaration."""
        return msgspec.json.encode(self, order="sorted").decode()

    def kept_from(self, name: str, today: date) -> date:
        """The first day of which events of this class are kept."""
        rule = self.classes[name]
        periods = [*([rule.keep] if rule.keep else []), *(self.purposes[one] for one in rule.purposes)]
        return min(earlier(today, one) for one in periods)

    def held_customers(self, today: date) -> dict[int, str]:
        """Why by customer, of those whose events must stay."""
        return {one.customer: one.reason for one in self.holds if one.customer is not None and one.holds_on(today)}

    def held_classes(self, today: date) -> dict[str, str]:
        """Why by class."""
        return {one.event_class: one.reason for one in self.holds if one.event_class and one.holds_on(today)}


def retention_of_file(settings: Settings) -> Retention:
    """What this brand declares now; without a file everything is kept. Raises RetentionRefused."""
    return FILE.read(settings)


def holds_of(app: App, customers: Sequence[int]) -> dict[int, str]:
    """Why, by customer, of those whose data must stay; all of them while the file cannot be read and nobody knows.

    A hold names the person, whichever of her ids it was written with.
    """
    try:
        held = retention_of_file(app.settings).held_customers(app.today)
    except RetentionRefused as fault:
        return dict.fromkeys(customers, fault.what)
    if not held:
        return {}
    now = resolve.current_ids(app, [*customers, *held])
    why = {now.get(one, one): reason for one, reason in held.items()}
    return {one: why[now.get(one, one)] for one in customers if now.get(one, one) in why}


def earlier(today: date, period: str) -> date:
    """The day so long before today, by the calendar."""
    count, unit = _read(period)
    return date.fromordinal(today.toordinal() - count) if unit == "day" else months_later(today, -count)


def _is_period(text: str) -> bool:
    found = PERIOD.fullmatch(text)
    return found is not None and int(found[1]) <= MOST[found[2]]


def _read(period: str) -> tuple[int, str]:
    found = PERIOD.fullmatch(period)
    assert found is not None, "it was checked"
    count, unit = int(found[1]), found[2]
    return (count * 12, "month") if unit == "year" else (count, unit)


def _checked(given: Retention) -> Retention:
    if faults := faults_of(given):
        raise ValueError("; ".join(faults))
    return given


def faults_of(given: Retention) -> list[str]:
    """Everything that is wrong with a declaration that can be read."""
    faults = [
        f"'{period[:40]}' is no period: write it as 13 months, 10 years or 90 days, at most {PERIOD_MAX_YEARS} years"
        for period in [*given.purposes.values(), *(one.keep for one in given.classes.values() if one.keep)]
        if not _is_period(period)
    ]
    for what, count, most in (
        ("classes", len(given.classes), CLASSES_MAX),
        ("purposes", len(given.purposes), PURPOSES_MAX),
        ("holds", len(given.holds), HOLDS_MAX),
        ("events", sum(len(one.events) for one in given.classes.values()), EVENTS_MAX),
    ):
        if count > most:
            faults.append(f"{count} {what}, more than {most}")
    taken: dict[str, str] = {}
    for name, rule in given.classes.items():
        faults += _faults_of_class(given, name, rule)
        for event in rule.events:
            if taken.setdefault(event, name) != name:
                faults.append(f"{event} is in {taken[event]} and in {name}")
    for one in given.holds:
        if (one.customer is None) == (not one.event_class):
            faults.append("a hold names either a customer or a class")
        if one.customer is not None and not resolve.customer_id(str(one.customer)):
            faults.append(f"a hold names {one.customer}, which is no customer number")
        if not one.reason.strip():
            faults.append("a hold has a reason")
        if one.event_class and one.event_class not in given.classes:
            faults.append(f"a hold names the class {one.event_class[:40]}, which is not there")
    return faults


def _faults_of_class(given: Retention, name: str, rule: EventClass) -> list[str]:
    faults: list[str] = []
    if not NAME.fullmatch(name):
        faults.append(f"'{name[:60]}' is no name: small letters, digits and _, at most 40")
    if not rule.events:
        faults.append(f"{name} names no events")
    if not all(event.strip() for event in rule.events):
        faults.append(f"{name} names an event without a name")
    if not rule.keep and not rule.purposes:
        faults.append(f"{name} names neither a period nor a purpose")
    faults += [
        f"{name} serves the purpose {one}, which has no period" for one in rule.purposes if one not in given.purposes
    ]
    faults += [
        f"{name}: {one} says who somebody is or what she allowed; it goes with the person (regulars erase)"
        for one in rule.events
        if one in STAYS
    ]
    return faults


def becomes_nobodys(rule: EventClass) -> bool:
    """Whether what goes stays without a person: orders and what was given back."""
    return any(one in collect.erasure.RETAINED for one in rule.events)


FILE = DeclarationFile(
    "retention.yaml", Retention, Retention(), _checked, RetentionRefused, "docs/reference/retention.md"
)
