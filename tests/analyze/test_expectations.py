"""What was promised is counted to the case, judged with its interval, and what hangs on a practice adds up."""

from __future__ import annotations

from typing import Any

import pytest

from regulars import analyze
from regulars.analyze.expectations import expectations
from regulars.analyze.missed import promised, stopping
from regulars.analyze.missed.errors import UnknownExpectation, UnknownPractice
from regulars.analyze.missed.promised import Measured, counted, judged
from regulars.analyze.opportunities.reading import SQL
from regulars.analyze.practices import practices
from regulars.app import App
from regulars.lake.duckdb import Engine, engine

LAST = 20_600
COLUMNS = {
    "signature": "bigint", "seq": "bigint", "event": "text", "occurred_us": "bigint", "day": "bigint",
    "order_hash": "bigint", "score": "bigint", "channel": "text",
}  # fmt: skip


def measured(facts: list[dict[str, Any]]) -> dict[str, Measured]:
    """What is counted of these facts; everybody is her own record."""
    rows = [
        [fact.get(name, {"seq": seq, "occurred_us": 0}.get(name)) for name in COLUMNS]
        for seq, fact in enumerate(facts, 1)
    ]
    with engine() as lake:
        lake.table("facts", COLUMNS, rows)
        people = sorted({fact["signature"] for fact in facts})
        fill(lake, people)
        return {one.name: one for one in promised.measure(lake, LAST)}


def fill(lake: Engine, people: list[int]) -> None:
    lake.table("membership", {"signature": "bigint", "customer": "bigint"}, [(one, one) for one in people])
    lake.table("everybody", {"customer": "bigint", "known": "boolean"}, [(one, True) for one in people])
    lake.table("span", {"signature": "bigint", "from_us": "bigint", "to_us": "bigint", "holder": "bigint"}, [])
    lake.run(SQL.bound, {"first_day": LAST - 363, "split": LAST - 90, "last_day": LAST})


def order(who: int, day: int, ident: int = 0, channel: str = "store") -> dict[str, Any]:
    return {"signature": who, "event": "Order Completed", "day": day, "order_hash": ident, "channel": channel}


def total(one: Measured) -> tuple[int, int]:
    return sum(row[2] for row in one.rows), sum(row[3] for row in one.rows)


def test_an_order_counts_as_returned_within_thirty_days_and_only_when_these_are_over() -> None:
    facts = [
        order(1, LAST - 100, 11),
        {"signature": 1, "event": "Item Returned", "day": LAST - 75, "order_hash": 11},
        order(1, LAST - 100, 12, "web"),
        {"signature": 1, "event": "Order Refunded", "day": LAST - 60, "order_hash": 12},
        order(2, LAST - 5, 13),
    ]

    found = measured(facts)["returns"]

    assert total(found) == (1, 2)
    assert {row[1] for row in found.rows} == {"store", "web"}
    assert [case[2] for case in found.cases] == [LAST - 60, LAST - 75]


def test_a_newcomer_comes_back_on_another_day_within_sixty() -> None:
    facts = [
        *(order(1, LAST - 200), order(1, LAST - 150)),
        *(order(2, LAST - 200), order(2, LAST - 200)),
        *(order(3, LAST - 200), order(3, LAST - 130)),
        order(4, LAST - 20),
    ]

    found = measured(facts)["repeat"]

    assert total(found) == (1, 3)
    assert [case[0] for case in found.cases] == [2]


def test_a_follow_up_answer_is_good_from_four_of_five_and_a_bad_one_leads_to_its_event() -> None:
    answers = [
        {"signature": who, "event": "Survey Answered", "day": LAST - who, "score": score}
        for who, score in enumerate((5, 4, 3, 2, 1, 0, 9))
    ]

    found = measured(answers)["follow_up"]

    assert total(found) == (2, 5)
    assert [(case[0], case[1]) for case in found.cases] == [(3, 4), (4, 5)]


def test_a_promise_is_kept_or_not_only_where_the_whole_interval_says_so() -> None:
    returns, repeat = expectations["returns"], expectations["repeat"]

    assert judged(counted(10, 1_000), returns) == "kept"
    assert judged(counted(60, 1_000), returns) == "not kept"
    assert judged(counted(30, 1_000), returns) == "too close to say"
    assert judged(counted(0, 20), returns) == "too early to say"
    assert judged(counted(700, 1_000), repeat) == "kept"
    assert judged(counted(500, 1_000), repeat) == "not kept"


def test_an_interval_never_leaves_what_a_share_can_be() -> None:
    assert counted(0, 40).low == 0.0
    assert 0 < counted(0, 40).high < 0.12
    assert counted(40, 40).high == 1.0
    assert counted(0, 0).share is None


@pytest.fixture
def audited(app: App) -> App:
    """A hundred buyers: each tenth buys with coupons to a tenth more; who spends more uses fewer."""
    analyze.ensure_schema(app)
    rows = [(who, (who % 10) / 10, (101 - who) * 100, 2) for who in range(1, 101)]
    with app.transaction() as inside:
        with inside.db.cursor().copy(
            "copy trait_state (customer, coupon_share, spend_365_cents, orders_365, known) from stdin"
        ) as stream:
            for row in rows:
                stream.write_row((*row, True))
        inside.db.execute("insert into trait_state (customer, known, coupon_share) values (500, true, 1)")
        version = inside.db.execute(
            "insert into opportunity_run (searched_day, as_of_day, searched_at) values (1, 1, now()) returning version"
        ).fetchall()[0][0]
        stopping.keep(inside, version, stopping.audit(inside))
    return app


def test_what_hangs_on_a_practice_is_what_its_dependents_are_and_spend(audited: App) -> None:
    with audited.transaction() as inside:
        one = stopping.audit_of(inside, "coupons")
        people = stopping.dependents(inside, "coupons", 0.5)

    step = one.at(0.5)
    spend = [(101 - who) * 100 for who in range(1, 101) if who % 10 >= 5]
    assert (one.audited.customers, one.audited.best) == (100, 20)
    assert (step.customers, step.revenue_cents) == (len(spend), sum(spend))
    assert [person.spend_cents for person in people] == sorted(spend, reverse=True)
    assert one.at(0.05).customers == 90


@pytest.mark.parametrize("name", list(practices))
def test_a_higher_threshold_never_holds_more_and_every_practice_reads_a_trait_there_is(audited: App, name: str) -> None:
    with audited.transaction() as inside:
        steps = stopping.audit_of(inside, name).audited.steps

    assert practices[name].trait in {trait.name for trait in analyze.TRAITS}
    assert [step.customers for step in steps] == sorted((step.customers for step in steps), reverse=True)
    assert all(step.with_it_cents <= step.revenue_cents for step in steps)


def test_an_unknown_name_is_refused_with_those_there_are(audited: App) -> None:
    with audited.transaction() as inside:
        with pytest.raises(UnknownPractice, match="coupons"):
            stopping.audit_of(inside, "smiles")
        with pytest.raises(UnknownExpectation, match="none yet"):
            promised.promise(inside, "smiles")
