"""Laws every score keeps, and the sentences it speaks."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from regulars.analyze.scores import Row, Score, Scored, TraitTable, bgnbd, gamma_gamma, scores
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
    return TraitTable(as_of_day=TODAY, customers=np.arange(1, customers + 1), columns=columns)


def row_of(score: Score, scored: Scored, table: TraitTable, at: int) -> Row:
    parts = dict(zip(score.parts, scored.parts[at].tolist(), strict=True))
    where = int(np.flatnonzero(table.customers == scored.customers[at])[0])
    traits = {name: float(column[where]) for name, column in table.columns.items()}
    grade = score.grades[scored.grades[at]]
    return Row(as_of_day=TODAY, value=float(scored.values[at]), parts=parts, grade=grade, traits=traits)


@pytest.mark.parametrize("score", SHELF)
def test_fitting_and_applying_twice_gives_the_same(score: Score) -> None:
    table = brand()

    first, second = score.fit(table), score.fit(table)

    assert first is not None
    assert first == second
    assert (score.apply(first.params, table).values == score.apply(first.params, table).values).all()


@pytest.mark.parametrize("score", SHELF)
def test_parameters_survive_being_stored(score: Score) -> None:
    fit = score.fit(brand())
    assert fit is not None

    again = msgspec.convert(msgspec.json.decode(msgspec.json.encode(fit.params)), score.params_type)

    assert again == fit.params


@pytest.mark.parametrize("score", SHELF)
def test_a_customer_alone_gets_the_score_she_gets_among_all(score: Score) -> None:
    table = brand()
    fit = score.fit(table)
    assert fit is not None
    all_at_once = score.apply(fit.params, table)

    for at in range(0, len(all_at_once.customers), 50):
        alone = score.apply(fit.params, table.where(table.customers == all_at_once.customers[at]))
        assert alone.values[0] == all_at_once.values[at]
        assert (alone.parts[0] == all_at_once.parts[at]).all()


@pytest.mark.parametrize("score", SHELF)
def test_nobody_without_an_order_is_judged_and_too_few_customers_teach_nothing(score: Score) -> None:
    table = brand()
    fit = score.fit(table)
    assert fit is not None

    scored = score.apply(fit.params, table)

    assert set(scored.customers) == set(table.customers[table["orders"] > 0])
    assert np.isfinite(scored.values).all()
    assert np.isfinite(scored.parts).all()
    assert score.fit(table.where(table.customers < 3)) is None


@pytest.mark.parametrize("score", SHELF)
def test_every_score_explains_itself_in_one_sentence_with_money(score: Score) -> None:
    table = brand()
    fit = score.fit(table)
    assert fit is not None
    scored = score.apply(fit.params, table)

    for at in range(0, len(scored.customers), 50):
        sentence = score.explain(fit.params, row_of(score, scored, table, at))
        assert sentence.endswith(".")
        assert "$" in sentence
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


histories = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40)


@settings(max_examples=60)
@given(histories, st.tuples(*[st.floats(0.05, 20)] * 4))
def test_counting_equal_histories_gives_the_likelihood_of_adding_each(
    rows: list[tuple[int, int, int]], values: tuple[float, float, float, float]
) -> None:
    x = np.array([r[0] for r in rows], dtype=np.float64)
    t_x = np.where(x > 0, [r[1] for r in rows], 0).astype(np.float64)
    t = t_x + np.array([r[2] for r in rows])
    params = bgnbd.Params(*values)

    grouped, _ = bgnbd.log_likelihood(params, bgnbd.group(bgnbd.History(x=x, t_x=t_x, t=t)))

    assert grouped == pytest.approx(sum(alone(params, *row) for row in zip(x, t_x, t, strict=True)), rel=1e-9)


def alone(params: bgnbd.Params, x: float, t_x: float, t: float) -> float:
    """The likelihood of one customer as equation 6 of the paper prints it."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    front += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    gone = a / (b + x - 1) * (alpha + t_x) ** -(r + x) if x > 0 else 0.0
    return float(front + np.log((alpha + t) ** -(r + x) + gone))


def test_the_slopes_are_the_slopes() -> None:
    table = brand()
    x, gap = table["order_days"][:200], table["spend_cents"][:200] + 1
    x = np.maximum(x, 1)
    grouped = bgnbd.group(bgnbd.History(x=x - 1, t_x=(x - 1) * 2, t=(x - 1) * 2 + 5))
    point, step = np.array([0.7, 3.0, 0.9, 2.0]), 1e-6

    _, slope = bgnbd.log_likelihood(bgnbd.Params(*point), grouped)
    _, money = gamma_gamma.log_likelihood(gamma_gamma.Params(*point[:3]), x, gap / gap.mean())

    for at in range(4):
        up, down = point + step * np.eye(4)[at], point - step * np.eye(4)[at]
        rise = (
            bgnbd.log_likelihood(bgnbd.Params(*up), grouped)[0] - bgnbd.log_likelihood(bgnbd.Params(*down), grouped)[0]
        )
        assert slope[at] == pytest.approx(rise / (2 * step), rel=1e-4, abs=1e-3)
        if at < 3:
            ends = [gamma_gamma.log_likelihood(gamma_gamma.Params(*p[:3]), x, gap / gap.mean())[0] for p in (up, down)]
            assert money[at] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-3)


def test_somebody_with_hundreds_of_purchases_has_a_finite_future() -> None:
    params = bgnbd.Params(0.8, 1.2, 0.05, 4.0)
    regular = bgnbd.History(x=np.array([350.0]), t_x=np.array([51.5]), t=np.array([52.0]))

    purchases = bgnbd.expected(params, regular, 52)

    assert purchases[0] == pytest.approx(350, rel=0.1)
