"""The accepted scenarios in every order of arrival: by the pure rule, and record by record as a stream."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from regulars.resolve.facts import Decision
from tests.resolve.memory import Memory
from tests.resolve.notation import Rec, in_force, parts, signatures, solve
from tests.resolve.scenarios import ORDERS, SCENARIOS, Scenario, decision, orders

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
        else:
            told.append(decision(stated, scenario.records, version))
    return told


def streamed(
    scenario: Scenario, order: Sequence[Rec], told: Sequence[Decision], seqs: dict[str, int]
) -> dict[int, int | None]:
    memory = Memory()
    for count, rec in enumerate(order, 1):
        memory.take(signatures([rec], seqs))
        memory.score([pair for pair in scenario.pairs(order[:count]) if pair not in memory.pairs])
    for one in told:
        memory.decide(one)
    return memory.customers


@by_name
def test_the_rule_gives_the_people_expected_in_every_order(scenario: Scenario) -> None:
    told = decisions(scenario)

    answers = {
        parts(order, solve(order, told[::-1], None, scenario.pairs(order))) for order in orders(scenario.records)
    }

    assert answers == {scenario.expected}


@by_name
def test_a_stream_ends_in_every_order_with_the_people_and_ids_of_the_rule(scenario: Scenario) -> None:
    told = decisions(scenario)
    seqs = {rec.key: place + 1 for place, rec in enumerate(scenario.records)}
    whole = solve(scenario.records, told, seqs, scenario.pairs(scenario.records)).customers()

    most = ORDERS_WHEN_LONG if len(scenario.records) > LONG else ORDERS
    differing = [order for order in orders(scenario.records, most) if streamed(scenario, order, told, seqs) != whole]

    assert differing == []
