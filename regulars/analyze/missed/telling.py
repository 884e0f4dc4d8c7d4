"""What the newest search found, as people and programs read it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.analyze.missed.errors import UnknownOpportunity
from regulars.analyze.opportunities import AFTER_DAYS, Bar, Detector, Fact, detectors
from regulars.analyze.opportunities.judging import Judged, Money, confidence, test_in_words
from regulars.app import App
from regulars.store import queries

SQL = queries("regulars.analyze.missed")
PAGE_PEOPLE = 50
TREND_RUNS = 120


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one detector's answer."""

    finding: str
    confidence: str
    test: str
    p_value: float
    holdout: float | None
    size: int
    money: Money
    facts: list[Fact]
    bars: list[Bar]


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of missed money, with everything its page says. Money is cents in the next `days`."""

    name: str
    title: str
    finding: str
    is_found: bool
    size: int
    """Customers in it now."""
    money: Money
    days: int
    confidence: str
    p_value: float
    """How likely this much is by chance alone."""
    null: str
    stake: str
    treatment: str
    response: float
    """The part of the stake that the treatment is taken to bring."""
    response_because: str
    holdout: float | None
    test: str
    measure: str
    unit: str
    reasons: tuple[tuple[str, str], ...]
    facts: list[Fact]
    bars: list[Bar]


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """The newest search. Money of several opportunities does not add up: a customer may stand in more than one."""

    version: int
    searched_at: datetime
    as_of_day: int | None
    """The last day with an order; None: nothing was bought."""
    customers: int
    seconds: float
    fault: str
    """Where a later search broke; empty: none did."""
    found: list[Opportunity]
    """By the lower end of their money, highest first."""
    others: list[Opportunity]
    """Looked for, and not more than chance explains."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in an opportunity: what is at stake, and the numbers that put her there."""

    customer: int
    found_as: int
    """Her number at the search; another one if she was merged since."""
    stake_cents: int
    reasons: list[float]


def told_of(one: Judged) -> Told:
    """What is kept of an answer; members are kept apart."""
    return Told(
        finding=one.seen.finding,
        confidence=confidence(one),
        test=test_in_words(one),
        p_value=one.seen.p_value,
        holdout=one.holdout,
        size=len(one.seen.members),
        money=one.money,
        facts=one.seen.facts,
        bars=one.seen.bars,
    )


def missed(app: App) -> Missed | None:
    """What the newest search found; None before the first."""
    row = app.db.execute(SQL.newest_run).fetchone()
    if row is None:
        return None
    version, _, as_of_day, customers, searched_at, seconds = row
    fault = app.db.execute(SQL.later_fault, {"version": version}).fetchone()
    sizes = dict(app.db.execute(SQL.sizes).fetchall())
    shelf = dict(detectors.items())
    found: list[Opportunity] = []
    others: list[Opportunity] = []
    for name, is_found, told in app.db.execute(SQL.told, {"version": version}):
        if name in shelf:
            one = _opportunity(shelf[name], is_found, msgspec.convert(told, Told), sizes.get(name, 0))
            (found if is_found else others).append(one)
    return Missed(
        version=version,
        searched_at=searched_at,
        as_of_day=as_of_day,
        customers=customers,
        seconds=seconds,
        fault=fault[0] if fault else "",
        found=found,
        others=others,
    )


def newest_version(app: App) -> int:
    """The number of the newest search that ended well, 0 before the first."""
    row = app.db.execute(SQL.newest_run).fetchone()
    return row[0] if row else 0


def leading(app: App, most: int) -> list[Opportunity]:
    """The first of the newest search, as of that search: for pages that must not count everybody."""
    row = app.db.execute(SQL.newest_run).fetchone()
    if row is None:
        return []
    shelf = dict(detectors.items())
    found: list[Opportunity] = []
    for name, is_found, told in app.db.execute(SQL.told, {"version": row[0]}):
        if is_found and name in shelf:
            kept = msgspec.convert(told, Told)
            found.append(_opportunity(shelf[name], True, kept, kept.size))
    return found[:most]


def opportunity(app: App, name: str) -> Opportunity:
    """One of the newest search. Raises UnknownOpportunity."""
    newest = missed(app)
    every = {one.name: one for one in [*newest.found, *newest.others]} if newest else {}
    if name not in every:
        known = ", ".join(sorted(every)) or "none yet: the first search has not run"
        raise UnknownOpportunity(f"There is no opportunity named '{name}'", f"Choose one of: {known}")
    return every[name]


def people(app: App, name: str, after: Person | None = None, limit: int = PAGE_PEOPLE) -> list[Person]:
    """A page of those in it, with most at stake first, behind `after`."""
    given = {
        "name": name,
        "stake": after.stake_cents if after else None,
        "after": after.found_as if after else None,
        "limit": limit,
    }
    rows = app.db.execute(SQL.members, given)
    return [Person(customer=c, found_as=f, stake_cents=s, reasons=r) for c, f, s, r in rows]


def opportunities_of(app: App, customer: int) -> list[tuple[str, Person]]:
    """The opportunities a customer is part of, by what is at stake."""
    rows = app.db.execute(SQL.of_customer, {"customer": customer}).fetchall()
    return [(name, Person(customer=customer, found_as=f, stake_cents=s, reasons=r)) for name, f, s, r in rows]


def trend(app: App, name: str) -> list[tuple[int, float]]:
    """(last day with an order, expected cents) of the searches of the past, oldest first."""
    rows = app.db.execute(SQL.trend, {"name": name, "limit": TREND_RUNS}).fetchall()
    return [(day, expected if is_found else 0.0) for day, _, expected, is_found in rows[::-1] if day is not None]


def _opportunity(detector: Detector, is_found: bool, told: Told, size: int) -> Opportunity:
    return Opportunity(
        name=detector.name,
        title=detector.title,
        finding=told.finding,
        is_found=is_found,
        size=size,
        money=told.money,
        days=AFTER_DAYS,
        confidence=told.confidence,
        p_value=told.p_value,
        null=detector.null,
        stake=detector.stake,
        treatment=detector.treatment,
        response=detector.response.mean,
        response_because=detector.response.because,
        holdout=told.holdout,
        test=told.test,
        measure=detector.measure,
        unit=detector.unit,
        reasons=detector.reasons,
        facts=told.facts,
        bars=told.bars,
    )
