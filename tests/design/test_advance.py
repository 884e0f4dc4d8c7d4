"""The walk: pure, the same however often and however late it is woken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.design import Enrolment, Facts, advance
from regulars.design.win_back import WIN_BACK

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
FREE, HELD = 2, 5  # seeds on either side of the holdout's share


def entered(seed: int = FREE) -> Enrolment:
    return Enrolment(
        id=1, journey="win-back", customer=7, seed=seed, node="pause", visit=1, arrived_at=START, status="live",
        reason=None, held=False, entered_at=START, due_at=START,
    )  # fmt: skip


def ordered(*days: float) -> Facts:
    return Facts(happened={"Order Completed": [START + timedelta(days=day) for day in days]})


def walk(one: Enrolment, facts: Facts, *days: float) -> tuple[Enrolment, list[str], list[str]]:
    """Woken on these days; gives the end, outcomes and keys of wishes."""
    outcomes: list[str] = []
    keys: list[str] = []
    for day in days:
        one, effects = advance(WIN_BACK, one, facts, START + timedelta(days=day))
        outcomes += [step.outcome for step in effects.steps]
        keys += [intent.key for intent in effects.intents]
    return one, outcomes, keys


def test_nobody_is_written_to_before_three_days_are_over() -> None:
    one, outcomes, keys = walk(entered(), Facts(), 0, 1, 2.99)

    assert (one.node, outcomes, keys) == ("pause", [], [])
    assert one.due_at == START + timedelta(days=3)


def test_who_orders_in_the_pause_reaches_the_goal_without_a_mail() -> None:
    one, outcomes, keys = walk(entered(), ordered(1.5), 2)

    assert (one.status, outcomes, keys) == ("goal", ["goal: Order Completed"], [])


def test_an_order_before_the_entry_is_no_goal() -> None:
    one, _, _ = walk(entered(), ordered(-1), 1)

    assert one.status == "live"


def test_a_late_wake_sends_one_mail_and_then_watches() -> None:
    one, outcomes, keys = walk(entered(), Facts(), 5)

    assert one.node == "watch"
    assert outcomes == ["waited", "goes on", "no", "asked to write"]
    assert keys == ["journey:1:mail_low:4"]


def test_a_big_spender_gets_the_richer_offer() -> None:
    _, _, keys = walk(entered(), Facts(measures={"spend_cents": 2_000_00}), 3)

    assert keys == ["journey:1:mail_high:4"]


def test_who_does_not_order_in_time_ends_without_the_goal() -> None:
    one, _, keys = walk(entered(), Facts(), 3, 14.1)

    assert (one.status, one.reason) == ("completed", "No order within 14 days")
    assert len(keys) == 1


def test_the_held_out_walk_like_everybody_and_their_wish_is_held() -> None:
    seed = next(s for s in range(100) if walk(entered(s), Facts(), 3)[0].held)
    one, effects = advance(WIN_BACK, entered(seed), Facts(), START + timedelta(days=3))

    assert one.node == "watch"
    assert [intent.held for intent in effects.intents] == [True]


def test_one_in_five_is_held_out() -> None:
    held = sum(walk(entered(seed), Facts(), 3)[0].held for seed in range(2_000))

    assert 0.17 < held / 2_000 < 0.23


days = st.floats(0, 20, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(st.integers(), st.lists(days, max_size=3), st.lists(days, min_size=1, max_size=8))
def test_the_same_facts_and_times_give_the_same_walk(seed: int, orders: list[float], wakes: list[float]) -> None:
    wakes = sorted(wakes)
    told = ordered(*orders)
    again = msgspec.json.decode(msgspec.json.encode(ordered(*reversed(orders * 2))), type=Facts)
    again.happened["Page Viewed"] = [START]

    # Told in another order, twice, and beside what the journey does not listen for.
    assert walk(entered(seed), told, *wakes) == walk(entered(seed), again, *wakes)


def test_who_is_held_out_is_the_same_in_every_process_for_ever() -> None:
    assert [walk(entered(seed), Facts(), 3)[0].held for seed in (FREE, HELD)] == [False, True]


@settings(max_examples=300, deadline=None)
@given(st.integers(), st.lists(days, max_size=3), st.lists(days, min_size=1, max_size=6))
def test_waking_twice_in_one_instant_is_waking_once(seed: int, orders: list[float], wakes: list[float]) -> None:
    wakes = sorted(wakes)
    twice = [day for day in wakes for _ in (0, 1)]

    assert walk(entered(seed), ordered(*orders), *twice) == walk(entered(seed), ordered(*orders), *wakes)


@settings(max_examples=200, deadline=None)
@given(st.integers(), st.lists(days, max_size=3), st.lists(days, min_size=1, max_size=8))
def test_nobody_is_asked_for_twice_and_an_ended_walk_stands_still(
    seed: int, orders: list[float], wakes: list[float]
) -> None:
    one, _, keys = walk(entered(seed), ordered(*orders), *sorted(wakes), 30, 60)

    assert len(keys) == len(set(keys)) <= 1
    assert one.status in ("goal", "completed")
    later, effects = advance(WIN_BACK, one, Facts(), START + timedelta(days=90))
    assert (later, effects.steps, effects.intents) == (one, [], [])


def test_a_walk_survives_being_stored_as_json() -> None:
    one, _, _ = walk(entered(), Facts(), 3)

    assert msgspec.json.decode(msgspec.json.encode(one), type=Enrolment) == one
