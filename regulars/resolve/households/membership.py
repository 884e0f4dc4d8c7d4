"""Which people live together on a day: a pure function of the evidence, so the same for stream, batch and rebuild.

Theory of operation. Evidence is a KEY that several customers hold: their home (address and surname), or a phone, an
e-mail, a loyalty card or a payment card that they use alike. A hold lasts from the day its evidence was first said
until she moves: an address ends when another one is said that is said later still, and whatever else was said before
that day ends with it. A key joins its holders, with two exceptions. What more than HOLDERS_MAX customers ever held is a
block of flats, an office or a shop: it joins nobody. And people whose addresses are known and differ live apart,
whatever they share; where holders of a key have two homes, it does not say in which of them somebody without an address
lives. A household is what hangs together by keys; it is named by the smallest customer id in it. A web of more than
PEOPLE_MAX customers, whenever they held its keys, is no household of anybody's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from regulars.resolve.households.place import place_of

# Customers that ever held one key.
HOLDERS_MAX = 10
# Customers that hang together by keys, on whatever days.
PEOPLE_MAX = 50
# Later than any day.
NEVER = 2**31 - 1
HOME = "home"


class Key(NamedTuple):
    """What customers may have in common."""

    kind: str
    """home, email, phone, card or payment."""
    number: int
    epoch: int
    """Of a value that changed hands: holders of different epochs have nothing in common."""


class Fact(NamedTuple):
    """What one signature of a customer says about where she lives and what she shares."""

    customer: int
    first_day: int
    last_day: int
    address: str | None
    keys: tuple[Key, ...]


class Hold(NamedTuple):
    """A customer holds a key from a day until another, not included."""

    customer: int
    key: Key
    from_day: int
    until_day: int


class Stay(NamedTuple):
    """A customer lives at a place from a day until another, not included."""

    customer: int
    place: str
    from_day: int
    until_day: int


class Evidence(NamedTuple):
    """Holds and stays of some customers."""

    holds: list[Hold]
    stays: list[Stay]


def evidence_of(facts: Iterable[Fact]) -> Evidence:
    """Holds and stays of everybody these facts are about, in order."""
    by_customer: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_customer[fact.customer].append(fact)
    found = Evidence([], [])
    for customer, some in sorted(by_customer.items()):
        stays = _stays(customer, some)
        until_by_place = {stay.place: stay.until_day for stay in stays}
        moves = sorted({stay.until_day for stay in stays} - {NEVER})
        found.stays.extend(stays)
        found.holds.extend(_holds(customer, some, until_by_place, moves))
    return found


def _stays(customer: int, facts: list[Fact]) -> list[Stay]:
    said: dict[str, tuple[int, int]] = {}
    for fact in facts:
        if fact.address is not None:
            place = place_of(fact.address)
            first, last = said.get(place, (fact.first_day, fact.last_day))
            said[place] = min(first, fact.first_day), max(last, fact.last_day)
    return [
        Stay(
            customer,
            place,
            first,
            min((max(other, last) for other, later in said.values() if later > last), default=NEVER),
        )
        for place, (first, last) in sorted(said.items())
    ]


def _holds(customer: int, facts: list[Fact], until_by_place: Mapping[str, int], moves: list[int]) -> Iterator[Hold]:
    spans: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for fact in facts:
        moved = next((day for day in moves if day > fact.first_day), NEVER)
        for key in fact.keys:
            until = until_by_place[place_of(fact.address or "")] if key.kind == HOME else moved
            spans[key].append((fact.first_day, until))
    for key, some in sorted(spans.items()):
        for first, until in _joined(some):
            yield Hold(customer, key, first, until)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same days without overlaps."""
    found: list[tuple[int, int]] = []
    for first, until in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        elif until > first:
            found.append((first, until))
    return found


def days_of(evidence: Evidence) -> list[int]:
    """The days on which who lives with whom may change."""
    ends = {day for one in (*evidence.holds, *evidence.stays) for day in (one.from_day, one.until_day)}
    return sorted(ends - {NEVER})


def ties_on(evidence: Evidence, day: int) -> list[tuple[Key, list[int]]]:
    """Each key that joins customers on this day, with whom it joins; one key may join two groups that live apart."""
    places: dict[int, set[str]] = defaultdict(set)
    for stay in evidence.stays:
        if stay.from_day <= day < stay.until_day:
            places[stay.customer].add(stay.place)
    holders: dict[Key, set[int]] = defaultdict(set)
    for hold in evidence.holds:
        if hold.from_day <= day < hold.until_day:
            holders[hold.key].add(hold.customer)
    return [
        (key, sorted(group))
        for key, some in sorted(holders.items())
        for group in _together(some, places)
        if len(group) > 1
    ]


def _together(holders: Collection[int], places: Mapping[int, set[str]]) -> list[set[int]]:
    """Holders of one key by where they live; those of whom it is not known, too, if there is one place only."""
    placed = [customer for customer in sorted(holders) if places.get(customer)]
    groups = parts(_by_place(placed, places).values())
    return groups if len(groups) > 1 else [set(holders)]


def _by_place(customers: Iterable[int], places: Mapping[int, set[str]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for customer in customers:
        for place in places[customer]:
            found[place].add(customer)
    return found


def households_on(evidence: Evidence, day: int) -> list[set[int]]:
    """Everybody who lives with somebody on this day, by household."""
    return parts([set(group) for _, group in ties_on(evidence, day)])


def parts(groups: Iterable[Collection[int]]) -> list[set[int]]:
    """What hangs together where groups overlap, each in one set."""
    home: dict[int, set[int]] = {}
    for group in groups:
        joined = set(group)
        for customer in group:
            if customer in home:
                joined |= home[customer]
        home |= dict.fromkeys(joined, joined)
    return list({id(some): some for some in home.values()}.values())
