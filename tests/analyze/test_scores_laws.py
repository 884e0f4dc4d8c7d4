"""Laws every score keeps, and the sentences it speaks."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.analyze.scores import Cells, Row, Score, Scored, TraitTable, scores
from regulars.analyze.scores.rfm import GRADES, cut_points, fifths, group

SHELF = [pytest.param(score, id=name) for name, score in scores.items()]
TODAY = 20_000
amounts = st.lists(st.integers(0, 20), min_size=1, max_size=60)


def brand(seed: int = 1, customers: int = 500) -> TraitTable:
    """Customers as a brand might have them, a tenth without any order."""
    draw = np.random.default_rng(seed)
    days = draw.geometric(0.15, customers).astype(np.float64)
    first = TODAY - draw.integers(30, 500, customers).astype(np.float64)
    last = np.where(days > 1, np.minimum(first + draw.integers(1, 400, customers), TODAY), first)
    nobody = draw.random(customers) < 0.1
    spend = np.rint(days * draw.gamma(4, 900, customers))
    columns = {
        "orders": np.where(nobody, 0, days),
        "order_days": np.where(nobody, 0, days),
        "spend_cents": np.where(nobody, 0, spend),
        "first_order_day": np.where(nobody, np.nan, first),
        "last_order_day": np.where(nobody, np.nan, last),
    }
    bought = columns["orders"]
    shares = draw.dirichlet((2, 1, 6, 3), customers)
    kinds = np.array([draw.multinomial(int(n), share) for n, share in zip(bought, shares, strict=True)])
    columns |= dict(zip(("grabs", "treats", "top_ups", "stock_ups"), kinds.T.astype(np.float64), strict=True))
    spoke = draw.random((4, customers)) < 0.1
    names = ("referrals", "good_reviews", "mentions", "recommendations")
    columns |= {name: np.where(nobody, 0, one.astype(np.float64)) for name, one in zip(names, spoke, strict=True)}
    columns |= {
        "spend_365_cents": columns["spend_cents"],
        "orders_365": bought,
        "channels": np.where(nobody, 0, draw.integers(1, 3, customers)).astype(np.float64),
        "discount_share": np.where(nobody, np.nan, draw.beta(2, 8, customers)),
        "return_rate": np.where(nobody, np.nan, np.linspace(0, 0.2, customers)),
        "private_share": np.where(nobody, np.nan, draw.beta(3, 7, customers)),
    }
    columns |= {
        name: np.where(nobody, 0, draw.poisson(0.5, customers)).astype(np.float64)
        for name in ("email_opens_90", "email_clicks_90", "page_views_30", "calls_90")
    }
    return TraitTable(
        as_of_day=TODAY, customers=np.arange(1, customers + 1), columns=columns, cells=cells_of(draw, bought)
    )


def cells_of(draw: np.random.Generator, bought: Any) -> Cells:
    """Some lines in five categories of everybody who bought."""
    rows = np.repeat(np.flatnonzero(bought > 0), 5)
    places = np.tile(np.arange(5), len(rows) // 5)
    counts = 1.0 + draw.poisson(3, len(rows)) * (places != rows % 5) + 12 * (places == rows % 5)
    return Cells(keys=("BREAD", "CAT FOOD", "MILK", "SODA", "TEA"), rows=rows, places=places, counts=counts)


def row_of(score: Score, scored: Scored, table: TraitTable, at: int) -> Row:
    parts = dict(zip((part.name for part in score.parts), scored.parts[at].tolist(), strict=True))
    where = int(np.flatnonzero(table.customers == scored.customers[at])[0])
    traits = {name: float(column[where]) for name, column in table.columns.items()}
    grade = score.grades[scored.grades[at]]
    label = None if scored.label_of is None else scored.labels[scored.label_of[at]]
    value = float(scored.values[at])
    return Row(as_of_day=TODAY, value=value, parts=parts, grade=grade, traits=traits, label=label)


@pytest.mark.parametrize("score", SHELF)
def test_fitting_and_applying_twice_gives_the_same(score: Score) -> None:
    table = brand()

    first, second = score.fit(table, None, None), score.fit(table, None, None)

    assert first is not None
    assert first == second
    assert (score.apply(first.params, table).values == score.apply(first.params, table).values).all()


@pytest.mark.parametrize("score", SHELF)
def test_parameters_survive_being_stored(score: Score) -> None:
    fit = score.fit(brand(), None, None)
    assert fit is not None

    again = msgspec.convert(msgspec.json.decode(msgspec.json.encode(fit.params)), score.params_type)

    assert again == fit.params


@pytest.mark.parametrize("score", SHELF)
def test_a_customer_alone_gets_the_score_she_gets_among_all(score: Score) -> None:
    table = brand()
    fit = score.fit(table, None, None)
    assert fit is not None
    all_at_once = score.apply(fit.params, table)

    for at in range(0, len(all_at_once.customers), 50):
        alone = score.apply(fit.params, table.where(table.customers == all_at_once.customers[at]))
        assert alone.values[0] == all_at_once.values[at]
        assert np.array_equal(alone.parts[0], all_at_once.parts[at], equal_nan=True)


@pytest.mark.parametrize("score", SHELF)
def test_nobody_without_an_order_is_judged_and_too_few_customers_teach_nothing(score: Score) -> None:
    table = brand()
    fit = score.fit(table, None, None)
    assert fit is not None

    scored = score.apply(fit.params, table)

    assert set(scored.customers) == set(table.customers[table["orders"] > 0])
    assert np.isfinite(scored.values).all()
    assert np.isfinite(scored.parts[:, 0]).all()
    assert (scored.values >= score.low).all()
    assert score.high is None or (scored.values <= score.high).all()
    assert score.fit(table.where(table.customers < 3), None, None) is None


@pytest.mark.parametrize("score", SHELF)
def test_every_score_explains_itself_in_one_sentence_with_its_numbers(score: Score) -> None:
    table = brand()
    fit = score.fit(table, None, None)
    assert fit is not None
    scored = score.apply(fit.params, table)

    for at in range(0, len(scored.customers), 50):
        sentence = score.explain(fit.params, row_of(score, scored, table, at))
        assert sentence.endswith(".")
        assert any(sign.isdigit() for sign in sentence)
        assert "nan" not in sentence


@given(amounts)
def test_equal_values_share_a_fifth_whatever_their_order(values: list[int]) -> None:
    column = np.array(values, dtype=np.float64)
    found = fifths(column, cut_points(column))

    backwards = fifths(column[::-1], cut_points(column[::-1]))[::-1]

    assert (found == backwards).all()
    for value in set(values):
        assert len(set(found[column == value])) == 1


@given(amounts)
def test_a_higher_value_is_never_in_a_lower_fifth_and_no_lower_fifth_is_overfull_but_by_ties(values: list[int]) -> None:
    column = np.sort(np.array(values, dtype=np.float64))

    found = fifths(column, cut_points(column))

    assert (np.diff(found) >= 0).all()
    assert found.min() >= 1
    assert found.max() <= 5
    if len(set(values)) == len(values) and len(values) % 5 == 0:
        assert np.bincount(found)[1:].tolist() == [len(values) // 5] * 5


def test_each_of_the_125_combinations_has_one_group_and_every_group_is_used() -> None:
    cells = np.array([(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)])

    names = [GRADES[at] for at in group(cells)]

    assert set(names) == set(GRADES)
    assert names[cells.tolist().index([5, 5, 5])] == "best"
    assert names[cells.tolist().index([1, 1, 1])] == "lapsed"


@pytest.mark.parametrize("score", SHELF)
def test_every_score_says_what_it_answers_where_it_is_from_and_what_it_should_foretell(score: Score) -> None:
    assert score.question.endswith("?")
    assert score.source
    assert score.low < (score.high if score.high is not None else np.inf)
    assert score.foresight.outcome
    assert score.foresight.naive
    assert len(set(score.grades)) == len(score.grades)


@pytest.mark.parametrize("score", SHELF)
def test_what_came_after_and_the_plain_rule_have_one_entry_for_each_judged_customer(score: Score) -> None:
    table = brand()
    fit = score.fit(table, None, None)
    assert fit is not None
    scored = score.apply(fit.params, table)
    judged = table.where(np.isin(table.customers, scored.customers))

    outcome, naive = score.outcome(fit.params, scored, judged), score.naive(fit.params, judged, scored)
    foretold = score.foretold(fit.params, judged, scored, 56)

    assert len(outcome) == len(naive) == len(scored.customers)
    assert np.isfinite(naive).all()
    assert foretold is None or (np.isfinite(foretold).all() and len(foretold) == len(outcome))
    if score.foresight.kind == "yes":
        assert set(outcome.tolist()) <= {0.0, 1.0}
