"""Ask who lives with whom: of one customer with all dates and evidence, of many by number. Reading only.

Loaded is the web around the customers asked about: round by round the holders of what those of the round before share,
a constant number of statements each. A web within the limit is whole after as many rounds as it may have people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

import msgspec

from regulars.app import App
from regulars.kit.clock import EPOCH
from regulars.resolve.households.membership import (
    HOLDERS_MAX,
    HOME,
    PEOPLE_MAX,
    Evidence,
    Fact,
    Key,
    days_of,
    evidence_of,
    households_on,
    parts,
    ties_on,
)
from regulars.store import queries
from regulars.store.rows import array

SQL = queries("regulars.resolve")
# Customers whose webs are loaded at once: a web is whole, wherever one begins to look.
ASKED_AT_ONCE = 10_000
# Kinds of record that carry one value; more is a crowd, whoever they are.
LINKS_MAX = 1_000
EVERY_EPOCH = -1


class Clue(msgspec.Struct, frozen=True, kw_only=True):
    """Something that several people have in common now."""

    kind: str
    """home (address and surname), email, phone, card or payment."""
    value: str
    holders: list[int]
    since_day: int
    """When the second of them was known to have it."""


class Mate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the household, or who was of it."""

    customer: int
    from_day: int
    until_day: int | None
    """Not included; None: still."""


class Crowd(msgspec.Struct, frozen=True):
    """What a customer shares with too many: a block of flats, an office, a shop. It says nothing."""

    kind: str
    value: str


class Living(msgspec.Struct, frozen=True, kw_only=True):
    """Who lives with a customer on a day. Days count from 1970-01-01 UTC."""

    household: int | None
    """The smallest customer id in it; None: she lives with nobody we know."""
    day: int
    mates: list[Mate]
    """Who lives with her, and since when; not herself."""
    former: list[Mate]
    """Who did."""
    clues: list[Clue]
    """What the household goes by."""
    crowds: list[Crowd]
    is_crowded: bool
    """Too many people hang together by what they share: no household can be told among them."""


class Web(msgspec.Struct, frozen=True):
    """What was found around some customers."""

    facts: list[Fact]
    crowds: set[Key]
    """Held by too many."""
    parts: list[set[int]]
    """Who hangs together, on whatever days."""


def household(app: App, customer: int, day: int | None = None) -> Living:
    """Who lives with this customer on a day (today) and who did before, by what evidence, and what too many share."""
    day = _today(app) if day is None else day
    web = _web(app, [customer])
    hers = {key for fact in web.facts if fact.customer == customer for key in fact.keys}
    facts = _small(web)
    evidence = evidence_of(facts)
    ties = ties_on(evidence, day)
    home = next((some for some in parts([group for _, group in ties]) if customer in some), set[int]())
    inside = [(key, group) for key, group in ties if group[0] in home]
    texts = _texts(app, [*(key for key, _ in inside), *(hers & web.crowds)])
    now, former = _mates(evidence, customer, day)
    return Living(
        household=min(home, default=None),
        day=day,
        mates=now,
        former=former,
        clues=[_clue(evidence, key, group, day, texts[key]) for key, group in inside],
        crowds=[Crowd(key.kind, texts[key]) for key in sorted(hers & web.crowds)],
        is_crowded=bool(web.facts) and not facts,
    )


def households(app: App, customers: Sequence[int], day: int | None = None) -> dict[int, int]:
    """Household of each of these customers who lives with somebody on a day (today): the smallest id in it."""
    day = _today(app) if day is None else day
    found: dict[int, int] = {}
    for at in range(0, len(customers), ASKED_AT_ONCE):
        asked = customers[at : at + ASKED_AT_ONCE]
        web = _web(app, asked)
        # Most have nothing that anybody else has: what they say need not be read day by day.
        together = {one for part in web.parts for one in part}
        evidence = evidence_of(fact for fact in _small(web) if fact.customer in together)
        named = {one: min(home) for home in households_on(evidence, day) for one in home}
        found |= {one: named[one] for one in asked if one in named}
    return found


def _today(app: App) -> int:
    # As the days of evidence are counted.
    return (app.clock.now() - EPOCH).days


def _web(app: App, customers: Iterable[int]) -> Web:
    """Everybody who hangs together with these customers, as far as a household may reach."""
    facts: list[Fact] = []
    crowds: set[Key] = set()
    asked: set[Key] = set()
    groups: list[list[int]] = []
    seen: set[int] = set()
    edge = set(customers)
    for _ in range(PEOPLE_MAX):
        if not edge:
            break
        seen |= edge
        fresh = _facts(app, edge)
        facts += fresh
        keys = {key for fact in fresh for key in fact.keys} - asked
        asked |= keys
        held = _holders(app, keys)
        crowds |= {key for key, holders in held if holders is None}
        groups += [holders for _, holders in held if holders is not None]
        # What is too large for a household already need not be followed any further.
        edge = {one for web in parts(groups) if len(web) <= PEOPLE_MAX for one in web} - seen
    return Web(facts, crowds, parts(groups))


def _facts(app: App, customers: Collection[int]) -> list[Fact]:
    rows = app.db.execute(SQL.home_facts, {"customers": array(customers)})
    return [
        Fact(
            customer,
            first_day,
            last_day,
            address,
            (
                *(Key(kind, int(value), int(epoch)) for kind, value, epoch in held),
                *(() if home is None else (Key(HOME, home, 0),)),
            ),
        )
        for customer, first_day, last_day, address, home, held in rows
    ]


def _holders(app: App, keys: Collection[Key]) -> list[tuple[Key, list[int] | None]]:
    """Keys that several customers hold, with who; None: too many."""
    by_place = {(key.kind == HOME, key.number, key.epoch): key for key in keys}
    homes = {"homes": array(key.number for key in keys if key.kind == HOME), "most": HOLDERS_MAX}
    values = {
        "values": array({key.number for key in keys if key.kind != HOME}), "most": HOLDERS_MAX, "links": LINKS_MAX,
    }  # fmt: skip
    rows = [
        *((True, *row) for row in app.db.execute(SQL.holders_of_homes, homes)),
        *((False, *row) for row in app.db.execute(SQL.holders_of_shared, values)),
    ]
    crowds = {number for is_home, number, epoch, _ in rows if not is_home and epoch == EVERY_EPOCH}
    # A value is asked about in all of its epochs; nobody here may hold it in some of them.
    return [
        (by_place[is_home, number, epoch], holders)
        for is_home, number, epoch, holders in rows
        if (is_home, number, epoch) in by_place
    ] + [(key, None) for key in keys if key.number in crowds and key.kind != HOME]


def _small(web: Web) -> list[Fact]:
    """What may make a household: no key that too many hold, nobody of a web that is too large."""
    crowded = {customer for part in web.parts if len(part) > PEOPLE_MAX for customer in part}
    return [
        fact._replace(keys=tuple(key for key in fact.keys if key not in web.crowds))
        for fact in web.facts
        if fact.customer not in crowded
    ]


def _mates(evidence: Evidence, customer: int, day: int) -> tuple[list[Mate], list[Mate]]:
    """Who lives with her since when, and who did: each with the latest days of it."""
    days = [*(one for one in days_of(evidence) if one <= day), day + 1]
    spans: dict[int, tuple[int, int]] = {}
    for first, after in pairwise(days):
        home = next((some for some in households_on(evidence, first) if customer in some), set[int]())
        for mate in home - {customer}:
            begun, ended = spans.get(mate, (first, first))
            spans[mate] = (begun if ended == first else first, after)
    now = [
        Mate(customer=mate, from_day=first, until_day=None) for mate, (first, end) in sorted(spans.items()) if end > day
    ]
    former = [
        Mate(customer=mate, from_day=first, until_day=end) for mate, (first, end) in sorted(spans.items()) if end <= day
    ]
    return now, former


def _clue(evidence: Evidence, key: Key, group: Sequence[int], day: int, text: str) -> Clue:
    since = sorted(
        hold.from_day
        for hold in evidence.holds
        if hold.key == key and hold.customer in group and hold.from_day <= day < hold.until_day
    )
    return Clue(kind=key.kind, value=text, holders=list(group), since_day=since[1])


def _texts(app: App, keys: Collection[Key]) -> dict[Key, str]:
    """What these keys say, as it may be shown."""
    homes = {"homes": array(key.number for key in keys if key.kind == HOME)}
    values = {"values": array(key.number for key in keys if key.kind != HOME)}
    by_home = dict(app.db.execute(SQL.words_of_homes, homes).fetchall()) if keys else {}
    by_value = dict(app.db.execute(SQL.words_of_shared, values).fetchall()) if keys else {}
    return {key: (by_home if key.kind == HOME else by_value).get(key.number, "") for key in keys}
