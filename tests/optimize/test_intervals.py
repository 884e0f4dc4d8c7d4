"""Intervals are honest: they hold what they promise, and they know that one customer buys many times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.optimize import intervals

ROUNDS = 400
spends = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 5), st.integers(0, 5)), min_size=2)


def test_nineteen_of_twenty_intervals_hold_the_truth_although_customers_buy_many_times() -> None:
    draw = np.random.default_rng(11)
    hits = 0
    for _ in range(ROUNDS):
        habit = draw.gamma(2, 1000, 200)
        visits = draw.poisson(5, (2, 200)).astype(float)
        spend = visits * habit * draw.lognormal(0, 0.2, (2, 200))
        found = intervals.of_ratios((spend[1], visits[1]), (spend[0], visits[0]))
        hits += found.low <= 0 <= found.high

    assert hits / ROUNDS == pytest.approx(0.95, abs=0.03)


def test_a_naive_interval_over_orders_would_be_sure_too_often() -> None:
    """The negative control: the same data, each order taken as independent."""
    draw = np.random.default_rng(11)
    hits = 0
    for _ in range(ROUNDS):
        habit = draw.gamma(0.5, 1000, 200)
        visits = draw.geometric(0.05, (2, 200))
        means = []
        for period in range(2):
            orders = np.repeat(habit, draw.permutation(visits[period]))
            means.append((orders.mean(), orders.var(ddof=1) / len(orders)))
        (before, one), (now, other) = means
        hits += abs(now - before) <= 1.96 * np.sqrt(one + other)

    assert hits / ROUNDS < 0.7


@given(spends)
def test_the_interval_lies_around_the_change_and_turns_with_it(rows: list[tuple[int, int, int, int]]) -> None:
    a, b, c, d = (np.array(column, dtype=float) for column in zip(*rows, strict=True))

    there, back = intervals.of_ratios((a, c), (b, d)), intervals.of_ratios((b, d), (a, c))

    assert there.low <= there.change <= there.high
    assert (back.change, back.low, back.high) == pytest.approx((-there.change, -there.high, -there.low))


def test_few_customers_prove_nothing_however_far_they_moved() -> None:
    found = intervals.of_totals(np.full(10, 1_000.0), np.zeros(10))

    assert found.verdict == "too early to say"
    assert not found.is_proven


def test_looking_at_many_parts_together_asks_for_more_proof() -> None:
    draw = np.random.default_rng(3)
    spend, all_of_it = draw.gamma(2, 100, (2, 60)), np.full((2, 60), 500.0)

    alone, among = (
        intervals.of_ratios((spend[1], all_of_it[1]), (spend[0], all_of_it[0]), among=parts) for parts in (1, 7)
    )

    assert among.change == alone.change
    assert among.high - among.low > 1.3 * (alone.high - alone.low)


def test_nothing_before_has_no_share() -> None:
    assert intervals.of_totals(np.ones(50), np.zeros(50)).share is None
