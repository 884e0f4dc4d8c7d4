"""A score is judged by what came after: planted knowledge is found, and where there is none nothing is claimed."""

from typing import Any

import msgspec
import numpy as np
import pytest

from regulars.analyze.credibility import STRENGTH_MAX, shrunk, strength
from regulars.analyze.purchases import purchase_models
from regulars.analyze.scores import AHEAD_DAYS, Lesson, TraitTable, scores
from regulars.analyze.scores.churn_risk import TAUGHT
from regulars.analyze.scoring.backtests import Judgement, in_words
from regulars.analyze.scoring.foresight import Backtest, area, judged, rank_correlation
from tests.analyze.test_scores_laws import TODAY, brand

CUSTOMERS = 600
SEEDS = 60


def lesson(seed: int, spends: Any) -> Lesson:
    """A brand as of a day, and what everybody spent after it: `spends(before, draw)` cents."""
    draw = np.random.default_rng((seed, 1))
    before = brand(seed, CUSTOMERS)
    columns = {name: np.zeros(CUSTOMERS) for name in before.columns}
    columns["spend_cents"] = spends(before, draw)
    columns["order_days"] = columns["orders"] = (columns["spend_cents"] > 0).astype(np.float64)
    columns["last_order_day"] = np.where(columns["orders"] > 0, float(TODAY + 30), np.nan)
    after = TraitTable(as_of_day=TODAY + AHEAD_DAYS, customers=before.customers, columns=columns, cells=before.cells)
    return Lesson(before=before, after=after)


def by_spend(before: TraitTable, draw: np.random.Generator) -> Any:
    """Who spent much goes on spending much, whenever she was here last."""
    return np.rint(np.nan_to_num(before["spend_cents"]) * draw.gamma(4, 0.05, CUSTOMERS))


def by_chance(before: TraitTable, draw: np.random.Generator) -> Any:
    """What she spends has nothing to do with what she did."""
    return np.rint(draw.gamma(1, 5_000, CUSTOMERS))


def looked_at(name: str, given: Lesson) -> Backtest:
    fit = scores[name].fit(given.before, None, None)
    assert fit is not None
    found = judged(scores[name], fit.params, given)
    assert found is not None
    return found


def test_a_score_that_knows_what_comes_is_found_better_than_recency_alone() -> None:
    found = looked_at("best_customers", lesson(3, by_spend))

    assert found.verdict == "better"
    assert found.score.value > 0.6
    assert found.top_share > 0.25


def test_where_nothing_can_be_known_a_score_is_called_better_no_more_often_than_the_interval_says() -> None:
    verdicts = [looked_at("rfm", lesson(seed, by_chance)).verdict for seed in range(SEEDS)]

    # One in forty on each side; seven of sixty would come by chance once in five hundred times.
    assert verdicts.count("better") <= 6
    assert verdicts.count("worse") <= 6


def test_tenths_hold_everybody_once_and_rise_where_the_score_knows() -> None:
    found = looked_at("best_customers", lesson(3, by_spend))

    assert sum(tenth.customers for tenth in found.tenths) == found.customers
    assert found.tenths[-1].actual > 3 * found.tenths[0].actual
    assert all(tenth.low <= tenth.actual <= tenth.high for tenth in found.tenths)


def test_with_few_customers_it_is_too_early_to_say() -> None:
    given = lesson(3, by_spend)
    few = given.before.customers <= 80
    small = Lesson(before=given.before.where(few), after=given.after.where(few))
    fit = scores["rfm"].fit(small.before, None, None)
    assert fit is not None

    assert judged(scores["rfm"], fit.params, small) is None
    assert in_words(scores["rfm"], None).startswith("Not looked at yet")
    early = Judgement(as_of_day=1, until_day=57, customers=80, sampled=80, found=None, at=None)  # pyright: ignore
    assert in_words(scores["rfm"], early).startswith("Too early to say")


@pytest.mark.parametrize("name", list(scores))
def test_every_score_of_the_shelf_can_be_looked_at_and_said(name: str) -> None:
    given = lesson(5, by_spend)
    fit = scores[name].fit(given.before, None, None)
    assert fit is not None

    found = judged(scores[name], fit.params, given)

    if found is not None:
        again = msgspec.json.decode(msgspec.json.encode(found), type=Backtest)
        kept = Judgement(as_of_day=TODAY, until_day=TODAY + 56, customers=9, sampled=9, found=again, at=None)  # pyright: ignore
        assert scores[name].foresight.naive in in_words(scores[name], kept)


def test_a_lesson_teaches_churn_risk_what_a_rhythm_cannot_tell() -> None:
    def leavers(before: TraitTable, draw: np.random.Generator) -> Any:
        """Who is quiet for long comes back: the opposite of what any rhythm says."""
        quiet = before.as_of_day - np.nan_to_num(before["last_order_day"], nan=0.0)
        return np.where(quiet > np.median(quiet), 1_000.0, np.where(draw.random(CUSTOMERS) < 0.2, 1_000.0, 0.0))

    taught = scores["churn_risk"].fit(brand(7, CUSTOMERS), lesson(7, leavers), None)
    alone = scores["churn_risk"].fit(brand(7, CUSTOMERS), None, None)

    assert taught is not None
    assert alone is not None
    assert taught.params.way == TAUGHT
    assert {one.name: one.is_chosen for one in taught.tried} == {"rhythm": False, "taught": True}
    assert (alone.params.way, alone.params.taught, alone.tried) == ("rhythm", None, ())
    again = scores["churn_risk"].fit(brand(8, CUSTOMERS), None, taught.params)
    assert again is not None
    assert again.params.taught == taught.params.taught


def test_the_purchase_model_is_the_one_to_which_the_orders_that_came_were_the_least_surprise() -> None:
    fitted = scores["lifetime_value"].fit(brand(7, CUSTOMERS), lesson(7, by_spend), None)

    assert fitted is not None
    best = max(fitted.tried, key=lambda one: one.value)
    assert {one.name for one in fitted.tried} == set(purchase_models)
    assert fitted.params.model == best.name
    assert best.is_chosen


def test_the_area_and_the_correlation_are_those_of_the_books() -> None:
    said = np.array([0.1, 0.4, 0.35, 0.8])

    assert area(said, np.array([0.0, 0.0, 1.0, 1.0])) == 0.75
    assert area(np.ones(4), np.array([0.0, 0.0, 1.0, 1.0])) == 0.5
    assert rank_correlation(said, np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(1.0)
    assert rank_correlation(said, np.ones(4)) == 0.0


def test_a_share_of_few_orders_counts_less_the_more_alike_customers_are() -> None:
    draw = np.random.default_rng(1)
    orders = draw.integers(1, 40, 4_000).astype(np.float64)
    own = draw.beta(2, 6, 4_000)
    seen = draw.binomial(orders.astype(int), own) / orders

    # Beta(2, 6) customers: the chance of one order is (2 + 6) times their spread.
    assert strength((seen - 0.25) ** 2, orders) == pytest.approx(8, rel=0.15)
    alike = draw.binomial(orders.astype(int), 0.25) / orders
    assert strength((alike - 0.25) ** 2, orders) > 100
    assert strength(np.zeros(10), np.arange(1.0, 11.0)) == STRENGTH_MAX
    assert shrunk(np.array([1.0]), np.array([1.0]), 0.2, 9.0)[0] == pytest.approx(0.28)
    truth_error = np.abs(shrunk(seen, orders, 0.25, 8.0) - own).mean()
    assert truth_error < 0.9 * np.abs(seen - own).mean()
