"""Laws of the fold: for any history, the live state is what a rebuild from the lake says."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.analyze import fold
from tests.analyze.test_engines import differences
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
PEOPLE = st.integers(1, 5)
# Lateness beyond the longest window, days to come, and many ties.
DAYS = st.sampled_from(
    [TODAY, TODAY, TODAY - 1, TODAY - 29, TODAY - 30, TODAY - 89, TODAY - 200, TODAY - 420, TODAY + 1]
)
KEYS = st.sampled_from(["BREAD", "Käse", "CAT FOOD", "ZOO"])


def purchase(day: int, cents: int, category: str, other: str, store: str) -> dict[str, Any]:
    """An order of two lines."""
    lines = [
        {"category": category, "brand": "Private", "quantity": 2, "revenue": cents / 100, "product_id": other},
        {"category": other, "brand": "National", "quantity": 1, "revenue": 1.0, "coupon_discount": 0.5},
    ]
    return order(day, cents, products=lines, store_id=store, channel="web" if cents % 2 else "store")


EVENTS = st.one_of(
    st.builds(purchase, DAYS, st.sampled_from([0, 1, 999, -700, 400_000]), KEYS, KEYS, KEYS),
    st.builds(lambda day, score: track("Survey Answered", day, score=score), DAYS, st.sampled_from([1, 5, None])),
    st.builds(lambda day: track("Email Opened", day), DAYS),
    st.builds(lambda day, m: track("Call Received", day, minutes=m), DAYS, st.sampled_from([3, None])),
    st.builds(lambda day, c: track("Item Returned", day, revenue=c), DAYS, st.sampled_from([0.1, 12.34])),
)
STEPS = st.one_of(
    st.tuples(st.just("batch"), st.lists(st.tuples(PEOPLE, EVENTS), min_size=1, max_size=6)),
    st.tuples(st.just("batch"), st.lists(st.tuples(PEOPLE, EVENTS), min_size=1, max_size=6)),
    st.tuples(st.just("merge"), PEOPLE, PEOPLE),
    st.tuples(st.just("split"), PEOPLE),
    st.tuples(st.just("lend"), PEOPLE, PEOPLE),
    st.tuples(st.just("tick"), st.sampled_from([1, 2, 29, 61])),
)
COLUMNS = (
    "orders, spend_cents, order_days, gap_sd_days, orders_90, top_category, channels, survey_mean, survey_sd,"
    " order_weeks, longest_week_streak, word"
)
law = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def live(town: Town, history: list[Any], *, retrying: bool = False) -> None:
    """Play a history; `retrying` with everything sent again around each batch."""
    day = TODAY
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    for step in history:
        here = town.customers()
        if step[0] == "batch":
            town.batch(step[1], retrying=retrying)
        elif step[0] == "merge" and step[1] != step[2] and {step[1], step[2]} <= here:
            town.merge(step[1], step[2])
        elif step[0] == "split" and step[1] in town.signatures() and town.signatures()[step[1]] != step[1]:
            town.split(step[1], step[1])
        elif step[0] == "lend" and step[1] in town.signatures() and step[2] in here:
            town.lend(step[1], TODAY - 30, TODAY, step[2])
        elif step[0] == "tick":
            day += step[1]
            town.tick(day)


@law
@given(history=st.lists(STEPS, min_size=1, max_size=8))
def test_live_state_is_what_a_rebuild_from_the_lake_says(town: Town, history: list[Any]) -> None:
    town.clear()

    live(town, history)
    town.daily()

    assert differences(town) == []


@law
@given(given_events=st.lists(st.tuples(PEOPLE, EVENTS), min_size=2, max_size=8), seed=st.randoms())
def test_one_batch_of_many_is_many_batches_of_one_in_any_order(town: Town, given_events: list[Any], seed: Any) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.clear()
    town.batch(given_events)
    at_once = town.state(COLUMNS)

    town.clear()
    seed.shuffle(given_events)
    for one in given_events:
        town.batch([one])

    assert town.state(COLUMNS) == at_once


@law
@given(history=st.lists(STEPS, min_size=2, max_size=6))
def test_what_arrives_again_changes_nothing(town: Town, history: list[Any]) -> None:
    town.clear()
    live(town, history)
    once = town.state(COLUMNS)

    town.clear()
    live(town, history, retrying=True)

    assert town.state(COLUMNS) == once
    assert differences(town) == []


def test_the_same_events_under_new_ids_are_seen(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY))])
    once = town.state("orders, spend_cents")

    town.batch([(1, order(TODAY))])

    assert town.state("orders, spend_cents") != once


@pytest.mark.parametrize("jumps", [[40], [1] * 40, [13, 27]])
def test_several_days_at_once_end_where_day_by_day_does(town: Town, jumps: list[int]) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - n)) for n in (0, 2, 7, 20, 60, 85, 89, 359)] + [(2, order(TODAY + 1))])

    day = TODAY
    for jump in jumps:
        day += jump
        town.tick(day)
        again = town.tick(day)
        assert again.moves == []

    assert town.state("orders_30, orders_90, orders_365")[1] == (0, 4, 7)
    assert differences(town) == []


def test_a_merge_that_drops_the_loser_is_flagged(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(app: Any, ready: Any, merged: dict[int, int]) -> None:
        fold._remove(app, list(merged))

    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (2, order(TODAY - 3))])
    monkeypatch.setattr(fold, "_merge", drop)

    town.merge(2, 1)

    assert ("orders", 1, 2) in [(name, live, lake) for _, name, live, lake in differences(town)]


def test_values_beyond_the_precision_of_a_double_stay_whole(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY, revenue="90071992547.93", products=[])) for _ in range(1001)])

    assert town.state("spend_cents") == {1: (9_007_199_254_793 * 1001,)}
    assert differences(town) == []
