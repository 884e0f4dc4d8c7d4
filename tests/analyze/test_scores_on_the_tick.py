"""The tick fits what is due, scores everybody, and remembers grades."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from regulars import analyze
from regulars.analyze.scores import scores
from regulars.analyze.scoring.applying import score_all, scores_of, version_of
from regulars.app import App
from regulars.kit.clock import ManualClock, day_number

CUSTOMERS = 300


@pytest.fixture
def brand(app: App) -> App:
    """A brand with 300 customers whose traits stand in the trait table."""
    today = day_number(app.clock.now(), app.settings.zone)
    draw = np.random.default_rng(7)
    days = draw.geometric(0.2, CUSTOMERS)
    first = today - draw.integers(60, 400, CUSTOMERS)
    last = np.where(days > 1, np.minimum(first + draw.integers(1, 300, CUSTOMERS), today), first)
    with app.transaction() as inside:
        analyze.ensure_schema(inside)
        inside.db.execute(
            "insert into trait_state (known, customer, orders, order_days, first_order_day, last_order_day,"
            " spend_cents, spend_365_cents, orders_365, grabs, top_ups, channels, discount_share, private_share,"
            " return_rate)"
            " select true, g.*, spend, days, days / 2, days - days / 2, 1, 0.2, 0.3, 0.1 from"
            " unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
            " g (customer, days, order_days, first, last, spend)",
            [list(range(1, CUSTOMERS + 1)), *(c.tolist() for c in (days, days, first, last, days * 3_000))],
        )
        inside.db.execute(
            "insert into cell_category_order_line (customer, key, n__order_line)"
            " select g, k, 1 + (g + length(k)) %% 9"
            " from generate_series(1, %s) g, unnest(array['TEA', 'BREAD', 'SODA']) k",
            [CUSTOMERS],
        )
    return app


def score(app: App) -> list[int]:
    with app.transaction() as inside:
        return score_all(inside, inside.clock.now(), inside.clock.now())


def count(app: App, sql: str) -> int:
    with app.transaction() as inside:
        return inside.db.execute(sql).fetchall()[0][0]  # pyright: ignore


def test_the_first_tick_scores_everybody_by_every_model(brand: App) -> None:
    graded = score(brand)

    assert graded == list(range(1, CUSTOMERS + 1))
    for name in scores:
        assert count(brand, f"select count(*) from score where model = '{name}'") == CUSTOMERS
        assert count(brand, f"select count(*) from score_change where model = '{name}'") == CUSTOMERS
        assert count(brand, f"select count(*) from score_model where model = '{name}'") == 1


def test_the_same_tick_twice_changes_nothing(brand: App) -> None:
    score(brand)
    before = count(brand, "select sum(xmin::text::bigint) from score")

    assert score(brand) == []

    assert count(brand, "select sum(xmin::text::bigint) from score") == before


def test_a_model_is_fitted_again_after_its_interval_and_not_before(brand: App, clock: ManualClock) -> None:
    score(brand)
    for _ in range(scores["rfm"].refit_days):
        assert count(brand, "select max(version) from score_model where model = 'rfm'") == 1
        clock.sleep(timedelta(days=1).total_seconds())
        score(brand)

    assert count(brand, "select max(version) from score_model where model = 'rfm'") == 2


def test_history_that_is_replayed_is_scored_once_in_four_weeks_and_its_end_as_ever(
    brand: App, clock: ManualClock
) -> None:
    end, ran = clock.now(), list[int]()
    for weeks in range(16, -1, -1):
        at = end - timedelta(weeks=weeks)
        with brand.transaction() as inside:
            score_all(inside, at, end)
        if count(brand, "select as_of_day from score_run where model = 'rfm'") == day_number(at, brand.settings.zone):
            ran.append(weeks)

    steps = [before - after for before, after in pairwise(ran)]
    assert ran[0] == 16
    assert ran[-4:] == [3, 2, 1, 0]
    assert set(steps[1:-4]) == {4}


def test_between_two_fits_an_order_moves_her_and_nobody_else(brand: App) -> None:
    score(brand)
    with brand.transaction() as inside:
        lowest = inside.db.execute("select customer from score where model = 'rfm' order by value, customer").fetchall()
        her = lowest[0][0]
        inside.db.execute(
            "update trait_state set last_order_day = (select max(last_order_day) from trait_state), orders = 500,"
            " spend_cents = 99999999 where customer = %s",
            [her],
        )

    assert score(brand) == [her]


def test_a_customer_who_went_up_in_another_leaves_the_scores_and_her_history_says_so(brand: App) -> None:
    score(brand)
    with brand.transaction() as inside:
        inside.db.execute("delete from trait_state where customer = 5")

    assert score(brand) == [5]

    assert count(brand, "select count(*) from score where customer = 5") == 0
    assert count(brand, "select count(*) from score_change where customer = 5 and grade is null") == len(list(scores))


def test_a_person_reads_her_scores_with_the_reason(brand: App) -> None:
    score(brand)

    with brand.transaction() as inside:
        standings = scores_of(inside, 1)

    assert [standing.model for standing in standings] == list(scores)
    assert all(standing.why.endswith(".") for standing in standings)
    assert all(
        [part.name for part in standing.parts] == [part.name for part in scores[standing.model].parts]
        for standing in standings
    )


def test_a_score_can_be_computed_again_from_the_version_it_names(brand: App) -> None:
    score(brand)

    with brand.transaction() as inside:
        version = version_of(inside, scores["lifetime_value"])

    assert version is not None
    assert isinstance(version.params, scores["lifetime_value"].params_type)
    assert version.customers == CUSTOMERS


def test_a_brand_without_orders_has_no_scores_and_no_faults(app: App) -> None:
    with app.transaction() as inside:
        analyze.ensure_schema(inside)
        assert score_all(inside, inside.clock.now(), inside.clock.now()) == []
        assert scores_of(inside, 1) == []
