"""Shelf of detectors: each looks at a year of purchases for one kind of missed money, and says who, how much, how sure.

A detector is one file here. It states what chance alone would do (its null) and gives the probability of seeing this
much under it; whatever passes is found, all detectors of a run together at one stated rate of false alarms. What a
treatment would bring is not in a brand's past, so it is never read from it: each detector names a response with how
little is known about it, and money is what is at stake times that response.

Takes: one year of purchases as columns, one row a customer. Gives: members, what is at stake with each, evidence.
Never: reads the database, the clock or dice; looks at a customer's name.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.purchases import Floats, Ints
from regulars.kit.registry import Shelf

# Whole weeks, so that all weekdays weigh the same: what is judged, and the year that it is judged by.
AFTER_DAYS = 91
YEAR_DAYS = 364
BEFORE_DAYS = YEAR_DAYS - AFTER_DAYS
HOURS = 168

Bools = NDArray[np.bool_]


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """The categories that are looked at; a customer's are bits in this order."""

    names: list[str]
    spend_cents: Floats
    """What somebody who bought it spent on it in the last AFTER_DAYS, on average."""


class Products(msgspec.Struct, frozen=True, kw_only=True):
    """The products that are looked at, with sums over customers of orders that hold them, before and after."""

    names: list[str]
    categories: list[str]
    before: Floats
    after: Floats
    square_before: Floats
    square_after: Floats
    cross: Floats
    """Sum over customers of before times after: with the squares, the spread of any difference."""
    loyal_product: Ints
    """One row for each customer who bought a product again and again before: which, who, and how often."""
    loyal_customer: Ints
    loyal_before: Floats
    loyal_after: Floats
    loyal_cents: Floats
    """Spent on it before."""


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A rank of the loyalty program as the brand declares it."""

    name: str
    takes: int
    """Credits within 52 weeks."""


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """YEAR_DAYS of purchases up to and including `as_of_day`; money in cents, one row a customer we know."""

    as_of_day: int
    customers: Ints
    columns: dict[str, Floats]
    had_before: Ints
    """Categories bought before the last AFTER_DAYS, as bits."""
    had_after: Ints
    usual_hour: Ints
    """Hour of the week (0: Monday 0:00) in which most orders were, -1 where not known."""
    hours: Ints
    """(weeks, HOURS) orders."""
    categories: Categories
    products: Products
    tiers: tuple[Tier, ...] = ()
    """Declared by the brand, lowest first; none: it has no program, or did not say."""

    def __getitem__(self, column: str) -> Floats:
        return self.columns[column]

    def __len__(self) -> int:
        return len(self.customers)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the stake a treatment brings: a beta distribution, given as what it would rest on.

    `of` customers treated, `bring` of them as hoped: few, because nothing has been tested here yet.
    """

    bring: float
    of: float
    because: str
    """Where it comes from, as a sentence."""

    @property
    def mean(self) -> float:
        """The expected part."""
        return self.bring / self.of


class Fact(msgspec.Struct, frozen=True):
    """One number of the evidence. `unit` as in reports: cents, count, share, days, or nothing."""

    name: str
    value: float
    unit: str = ""


class Bar(msgspec.Struct, frozen=True):
    """One bar of the picture: what is, and what chance or comparison would give."""

    name: str
    value: float
    expected: float


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector saw, whether or not chance explains it."""

    p_value: float
    """How likely this much is where there is nothing: 1 where there is too little to tell."""
    finding: str
    """One sentence that could be wrong."""
    members: Ints
    """Rows of the year, ascending, each once."""
    stake_cents: Floats
    """What is at stake with each in the next AFTER_DAYS."""
    reasons: Floats
    """(members, len(detector.reasons)): the numbers that put each of them here."""
    facts: list[Fact]
    bars: list[Bar]


class Detector(Protocol):
    """One kind of opportunity. Attributes are constants of the class; `look` is pure."""

    name: str
    title: str
    """Who they are, in a few words."""
    null: str
    """What chance alone means here, and how it is judged, in words."""
    treatment: str
    response: Response
    stake: str
    """What the stake is, in words."""
    measure: str
    """What the bars show."""
    unit: str
    reasons: tuple[tuple[str, str], ...]
    """Title and unit of each number that puts a member here."""

    def look(self, year: Year) -> Seen:
        """What stands in this year."""
        ...


detectors: Shelf[Detector] = Shelf("opportunity", __name__)


def nothing(finding: str) -> Seen:
    """There is too little to judge by."""
    return Seen(
        p_value=1.0,
        finding=finding,
        members=np.zeros(0, dtype=np.int64),
        stake_cents=np.zeros(0),
        reasons=np.zeros((0, 0)),
        facts=[],
        bars=[],
    )


__all__ = [
    "AFTER_DAYS",
    "BEFORE_DAYS",
    "HOURS",
    "YEAR_DAYS",
    "Bar",
    "Bools",
    "Categories",
    "Detector",
    "Fact",
    "Floats",
    "Ints",
    "Products",
    "Response",
    "Seen",
    "Tier",
    "Year",
    "detectors",
    "nothing",
]
