"""Laws of the purchase models: what is computed quickly is what the formulas say, and what was made is found again."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson
from scipy.special import gammaln

from regulars.analyze.purchases import History, beta_geometric, gamma_gamma, pareto_nbd, purchase_models

histories = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40)


@settings(max_examples=60)
@given(histories, st.tuples(*[st.floats(0.05, 20)] * 4))
def test_counting_equal_histories_gives_the_likelihood_of_adding_each(
    rows: list[tuple[int, int, int]], values: tuple[float, float, float, float]
) -> None:
    x = np.array([r[0] for r in rows], dtype=np.float64)
    t_x = np.where(x > 0, [r[1] for r in rows], 0).astype(np.float64)
    t = t_x + np.array([r[2] for r in rows])
    params = beta_geometric.Four(*values)

    grouped, _ = beta_geometric.log_likelihood(params, beta_geometric.group(History(x=x, t_x=t_x, t=t)), first=0)

    assert grouped == pytest.approx(sum(alone(params, *row) for row in zip(x, t_x, t, strict=True)), rel=1e-9)


def alone(params: beta_geometric.Four, x: float, t_x: float, t: float) -> float:
    """The likelihood of one customer as equation 6 of the paper prints it."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    front += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    gone = a / (b + x - 1) * (alpha + t_x) ** -(r + x) if x > 0 else 0.0
    return float(front + np.log((alpha + t) ** -(r + x) + gone))


def test_the_slopes_are_the_slopes() -> None:
    dice = np.random.default_rng(1)
    x, gap = dice.geometric(0.3, 200).astype(np.float64), dice.gamma(2.0, 900.0, 200) + 1
    history = History(x=x - 1, t_x=(x - 1) * 2, t=(x - 1) * 2 + 5)
    grouped, (rows, inverse) = beta_geometric.group(history), history.distinct()
    weight = np.bincount(inverse).astype(np.float64)
    likelihoods: list[Callable[[Any], tuple[float, Any]]] = [
        lambda point: beta_geometric.log_likelihood(beta_geometric.Four(*point), grouped, 0),
        lambda point: beta_geometric.log_likelihood(beta_geometric.Four(*point), grouped, 1),
        lambda point: pareto_nbd.log_likelihood(pareto_nbd.Four(*point), rows, weight),
        lambda point: gamma_gamma.log_likelihood(gamma_gamma.Params(*point[:3]), x, gap / gap.mean()),
    ]
    point, step = np.array([0.7, 3.0, 0.9, 2.0]), 1e-6

    for likelihood in likelihoods:
        for at, slope in enumerate(likelihood(point)[1]):
            ends = [likelihood(point + sign * step * np.eye(4)[at])[0] for sign in (1, -1)]
            assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-3)


@settings(max_examples=80)
@given(st.integers(0, 60), st.floats(0, 1), st.floats(0.5, 300), st.tuples(*[st.floats(0.1, 20)] * 4))
def test_the_chance_to_have_left_is_the_integral_over_when(
    x: int, share: float, age: float, values: tuple[float, float, float, float]
) -> None:
    last = age * share if x else 0.0
    r, alpha, s, beta = values
    row = History(x=np.array([float(x)]), t_x=np.array([last]), t=np.array([age]))

    found, _ = pareto_nbd.log_likelihood(pareto_nbd.Four(*values), row, np.ones(1))

    # In u = log(1 + time since the last purchase), over the density at the last purchase.
    u = np.linspace(0, np.log1p(age - last), 20_001)
    density = u - (r + x) * np.log1p(np.expm1(u) / (alpha + last)) - (s + 1) * np.log1p(np.expm1(u) / (beta + last))
    left = s / (beta + last) * simpson(np.exp(density), x=u)
    stayed = ((alpha + last) / (alpha + age)) ** (r + x) * ((beta + last) / (beta + age)) ** s
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + last)
    front += s * np.log(beta / (beta + last))
    assert found == pytest.approx(float(front + np.log(stayed + left)), abs=1e-4)


@pytest.mark.parametrize("name", list(purchase_models))
def test_what_a_model_makes_of_people_it_finds_again(name: str) -> None:
    model, dice = purchase_models[name], np.random.default_rng(5)
    history = bought(dice, customers=4_000, weeks=60.0)

    fitted = model.fit(history)

    alive, coming = model.alive(fitted.params, history), model.expected(fitted.params, history, 30.0)
    assert tuple(fitted.params) == model.parameters
    assert model.expected_so_far(fitted.params, history).sum() == pytest.approx(history.x.sum(), rel=0.06)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (coming >= 0).all()
    assert model.log_likelihood(fitted.params, history) == pytest.approx(fitted.log_likelihood, rel=1e-9)
    worse = {key: value * 1.05 for key, value in fitted.params.items()}
    assert model.log_likelihood(worse, history) < fitted.log_likelihood


@pytest.mark.parametrize("name", list(purchase_models))
def test_of_nobody_a_model_says_nothing(name: str) -> None:
    model, nobody = purchase_models[name], History(x=np.zeros(0), t_x=np.zeros(0), t=np.zeros(0))
    params = dict.fromkeys(model.parameters, 1.5)

    for said in (model.alive(params, nobody), model.expected(params, nobody, 30.0)):
        assert said.shape == (0,)


def bought(dice: np.random.Generator, customers: int, weeks: float) -> History:
    """People who buy at rates of their own and leave at rates of their own."""
    rates, leaving = dice.gamma(0.8, 1 / 6.0, customers), dice.gamma(0.7, 1 / 10.0, customers)
    rows: list[tuple[float, float, float]] = []
    for rate, leave in zip(rates, leaving, strict=True):
        age = dice.uniform(weeks / 2, weeks)
        until = min(age, dice.exponential(1 / leave))
        times = np.sort(dice.uniform(0, until, dice.poisson(rate * until)))
        rows.append((len(times), times[-1] if len(times) else 0.0, age))
    x, t_x, t = np.array(rows).T
    return History(x=x, t_x=t_x, t=t)


def test_somebody_with_hundreds_of_purchases_has_a_finite_future() -> None:
    params = {"r": 0.8, "alpha": 1.2, "a": 0.05, "b": 4.0}
    regular = History(x=np.array([350.0]), t_x=np.array([51.5]), t=np.array([52.0]))

    purchases = purchase_models["bg-nbd"].expected(params, regular, 52)

    assert purchases[0] == pytest.approx(350, rel=0.1)
