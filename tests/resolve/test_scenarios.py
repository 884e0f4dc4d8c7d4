"""The accepted scenarios in every order of arrival: by the pure rule, and record by record as a stream."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import pytest

from regulars.resolve.facts import Decision, Held, Signature
from regulars.resolve.likeness import likeness
from regulars.resolve.partition import partition
from tests.resolve.ghosts import left_of
from tests.resolve.living import homes
from tests.resolve.memory import Memory, wider
from tests.resolve.notation import BANDS, Rec, in_force, signatures, solve
from tests.resolve.scenarios import ORDERS, SCENARIOS, Scenario, decision, orders

Links = Mapping[tuple[int, int, int], Held]
# Records of a scenario above which a stream runs in fewer random orders: it costs the square of them.
LONG = 12
ORDERS_WHEN_LONG = max(4, ORDERS // 20)

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def decisions(scenario: Scenario) -> list[Decision]:
    """All that was stated; undoing is an empty version, undoing that the last statement again."""
    told: list[Decision] = [in_force(1)] if scenario.scores else []
    for version, stated in enumerate(scenario.stated, 1):
        if stated.kind == "undo":
            kind = "" if told[-1].kind else told[0].kind
            told.append(msgspec.structs.replace(told[0], version=version, kind=kind))
        elif stated.kind != "erase":
            told.append(decision(stated, scenario.records, version))
    return told


class Answer(NamedTuple):
    """Customer by key of those who are there, and the households that the scenario asks about."""

    customers: dict[str, int | None]
    homes: tuple[str, ...]


def written(people: Mapping[str, object]) -> str:
    """Customers as a scenario writes them."""
    groups: dict[object, list[str]] = {}
    for key, customer in people.items():
        groups.setdefault(f"[{key}]" if customer is None else customer, []).append(key)
    texts = [named if isinstance(named, str) else " ".join(sorted(keys)) for named, keys in groups.items()]
    return "|".join(sorted(texts))


def answer(
    scenario: Scenario, facts: Collection[Signature], links: Links, customers: Mapping[int, int | None]
) -> Answer:
    ids = {one.id for one in facts}
    by_key = {rec.key: customers.get(rec.signature) for rec in scenario.everything if rec.signature in ids}
    told = []
    for day, _ in scenario.homes:
        found = homes(facts, links, customers, day)
        # Of a customer the first record names her.
        first = {customer: key for key, customer in reversed(by_key.items())}
        told.append("|".join(sorted(" ".join(sorted(first[customer] for customer in home)) for home in found)))
    return Answer(by_key, tuple(told))


def admitted(scenario: Scenario, later: Iterable[Rec], alone: Collection[int]) -> list[Rec]:
    """Those of the later records that are not refused: of before an erasure, with what only that person had."""
    until = max((stated.day or 0 for stated in scenario.stated if stated.kind == "erase"), default=-1) * 1440
    return [rec for rec in later if rec.minutes > until or alone.isdisjoint(link.value for link in rec.links())]


def ruled(scenario: Scenario, early: Sequence[Rec], later: Sequence[Rec], seqs: dict[str, int]) -> Answer:
    """What the rule says of everything at once."""
    told, pairs = decisions(scenario)[::-1], scenario.pairs(early)
    facts = signatures(early, seqs)
    for stated in scenario.stated:
        if stated.kind == "erase":
            customers = solve(early, told, seqs, pairs).customers()
            [gone] = {customers[rec.signature] for rec in early if rec.key == stated.keys[0]}
            left = left_of(facts, told, pairs, {s for s, whose in customers.items() if whose == gone}, 1)
            told, pairs = left.decisions, left.pairs
            known = {one.id: one for one in left.signatures}
            for one in signatures(admitted(scenario, later, left.value_of.keys()), seqs):
                known[one.id] = wider(known.get(one.id), one)
            facts = list(known.values())
    whole = partition(facts, told, likeness(pairs, told, BANDS))
    return answer(scenario, facts, whole.links, whole.customers())


def streamed(scenario: Scenario, early: Sequence[Rec], later: Sequence[Rec], seqs: dict[str, int]) -> Answer:
    """What a stream ends with, record by record."""
    memory, alone = Memory(), set[int]()
    for count, rec in enumerate(early, 1):
        memory.take(signatures([rec], seqs))
        memory.score([pair for pair in scenario.pairs(early[:count]) if pair not in memory.pairs])
    for one in decisions(scenario):
        memory.decide(one)
    for stated in scenario.stated:
        if stated.kind == "erase":
            [gone] = {memory.customers[rec.signature] for rec in early if rec.key == stated.keys[0]}
            alone |= memory.erase(gone or 0, 1)
    for rec in admitted(scenario, later, alone):
        memory.take(signatures([rec], seqs))
    return answer(scenario, memory.signatures.values(), memory.links, memory.customers)


def arrivals(scenario: Scenario, most: int = ORDERS) -> Iterator[tuple[tuple[Rec, ...], tuple[Rec, ...]]]:
    """Orders of what comes early and late; together every one of few, `most` random ones of many."""
    early, late = orders(scenario.records, most), orders(scenario.later, most)
    if len(early) * len(late) <= max(len(early), most):
        yield from itertools.product(early, late)
    else:
        dice = random.Random(len(early))
        yield from ((dice.choice(early), dice.choice(late)) for _ in range(most))


def numbered(order: tuple[Sequence[Rec], Sequence[Rec]]) -> dict[str, int]:
    """Positions in a journal, in this order."""
    return {rec.key: place for place, rec in enumerate(itertools.chain(*order), 1)}


@by_name
def test_the_rule_gives_the_people_expected_in_every_order(scenario: Scenario) -> None:
    answers = [ruled(scenario, *order, numbered(order)) for order in arrivals(scenario)]

    assert {written(one.customers) for one in answers} == {scenario.expected}
    there = {rec.key for rec in scenario.everything} - set(scenario.gone)
    assert all(one.customers.keys() == there for one in answers)
    assert {one.homes for one in answers} == {tuple(expected for _, expected in scenario.homes)}


@by_name
def test_a_stream_ends_in_every_order_with_the_people_and_ids_of_the_rule(scenario: Scenario) -> None:
    seqs = numbered((scenario.records, scenario.later))
    whole = ruled(scenario, scenario.records, scenario.later, seqs)

    most = ORDERS_WHEN_LONG if len(scenario.records) > LONG else ORDERS
    differing = [order for order in arrivals(scenario, most) if streamed(scenario, *order, seqs) != whole]

    assert differing == []
