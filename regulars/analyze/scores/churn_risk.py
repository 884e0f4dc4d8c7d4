"""Churn risk: the chance that a customer orders nothing in the next eight weeks.

Two ways are tried on the brand's own past, and the one to which what happened was the less of a surprise speaks.
The purchase model knows her rhythm and the chance that she left: 1 - P(alive) * (1 - (a / (a + n))^(r + x)), with
a = alpha + T, is the chance of no order in n weeks. A logistic regression on the same few traits is taught by who
ordered and who did not in the last eight weeks; it needs a past, but no theory.

One half of the customers teaches the regression, the other half judges both; then all of them teach it.
Source: Fader, Hardie & Lee, Marketing Science 24 (2005); Fader & Hardie, note 026 (2014), for the conditional chance.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.purchases import no_purchase, purchase_models
from regulars.analyze.scores import (
    AHEAD_DAYS,
    Fit,
    Floats,
    Foresight,
    Lesson,
    Part,
    Row,
    Scored,
    TraitTable,
    Tried,
    Unit,
    counted,
    days_ago,
    scores,
)
from regulars.analyze.scores.lifetime_value import DAYS_A_WEEK, FIT_CUSTOMERS_MAX, MIN_RETURNERS, history_of
from regulars.analyze.traits import OfKeys

REFIT_DAYS = 7
GRADES = ("staying", "wavering", "at risk", "leaving")
# We would bet against it, would rather bet against it, rather on it, and on it.
EDGES = (0.25, 0.5, 0.75)
RHYTHM, TAUGHT = "rhythm", "taught"
TITLES = {RHYTHM: "BG/NBD: her rhythm and P(alive)", TAUGHT: "Logistic regression on her traits"}
FEATURES = ("silence", "orders", "age", "silence_of_rhythm", "spend_a_day")
MODEL = "bg-nbd"
# Ridge in customers: keeps coefficients finite where a trait parts everybody.
RIDGE = 1.0
STEPS_MAX = 50
TOLERANCE = 1e-9
# No chance is 0 or 1: a single customer would be an endless surprise.
SURE = 1e-4


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """The way that speaks; the purchase model; what was taught, None before there was a lesson."""

    way: str
    orders: dict[str, float]
    taught: Taught | None


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic regression over standardized features, in the order of FEATURES."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    base: float
    weights: tuple[float, ...]


class ChurnRisk:
    """The chance of no order in AHEAD_DAYS."""

    name = "churn_risk"
    title = "Churn risk"
    question = "How likely is it that she orders nothing in the next eight weeks?"
    unit: Unit = "share"
    low: float = 0
    high: float | None = 1
    source = "Fader, Hardie & Lee, Marketing Science 24 (2005), or a logistic regression: whichever foretold better"
    needs: tuple[str, ...] = ("first_order_day", "last_order_day", "order_days", "spend_cents")
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="by_rhythm", title="By her rhythm", unit="share"),
        Part(name="by_traits", title="By her traits", unit="share"),
        Part(name="silent_days", title="Silent for", unit="days"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 7
    window_days: int | None = None
    error_measure = "mean foretold chance against the part that ordered nothing, as a difference"
    learns = True
    foresight = Foresight(
        outcome="whether she orders nothing", kind="yes", unit="share", naive="the days since the latest order alone"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """The purchase model by maximum likelihood; the regression and the choice by a lesson."""
        buyers = _buyers(table)
        history = history_of(_some(buyers))
        if int((history.x > 0).sum()) < MIN_RETURNERS:
            return None
        orders = purchase_models[MODEL].fit(history).params
        way, taught = (newest.way, newest.taught) if newest else (RHYTHM, None)
        tried: tuple[Tried, ...] = ()
        error = 0.0
        if lesson is not None and lesson.days == AHEAD_DAYS:
            known = _buyers(lesson.before)
            silent = _silent(lesson.after.where(np.isin(lesson.after.customers, known.customers)))
            if 0 < silent.sum() < len(silent) and len(silent) >= MIN_RETURNERS:
                tried, way, error = _compared(known, silent)
                taught = _teach(features(known), silent)
        params = Params(way=way, orders=orders, taught=taught)
        return Fit(params=params, customers=len(buyers.customers), error=error, tried=tried)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """The chance by both ways, for everybody with at least one order."""
        buyers = _buyers(table)
        rhythm = _by_rhythm(params.orders, buyers)
        traits = np.full(len(rhythm), np.nan) if params.taught is None else chances(params.taught, features(buyers))
        values = np.round(traits if params.way == TAUGHT else rhythm, 3)
        silence = np.maximum(buyers.as_of_day - buyers["last_order_day"], 0)
        parts = np.stack([np.round(rhythm, 3), np.round(traits, 3), silence], axis=1)
        grades = np.searchsorted(EDGES, values, side="right").astype(np.int64)
        return Scored(customers=buyers.customers, values=values, parts=parts, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """What she did, and what that makes likely."""
        traits = row.traits
        days = traits["order_days"]
        ago = days_ago(row.as_of_day - traits["last_order_day"])
        if days > 1:
            gap = (traits["last_order_day"] - traits["first_order_day"]) / (days - 1)
            rhythm = f"bought on {counted(days, 'day')}, usually every {counted(max(1, round(gap)), 'day')}"
        else:
            rhythm = "bought on a single day so far"
        way = "rhythm alone" if params.way == RHYTHM else "what similar customers did"
        return f"{row.value:.0%} likely to order nothing in {AHEAD_DAYS} days by {way}: {rhythm}, last {ago}."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """1: she ordered nothing."""
        return _silent(after)

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """The chance itself."""
        return scored.values

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Recency alone."""
        return -table["last_order_day"]


def features(buyers: TraitTable) -> Floats:
    """(customers, FEATURES): logarithms of days, orders and cents."""
    silence = np.maximum(buyers.as_of_day - buyers["last_order_day"], 0)
    age = np.maximum(buyers.as_of_day - buyers["first_order_day"], 0)
    days = buyers["order_days"]
    # Her usual gap; of somebody with a single day, her age is all that is known of it.
    gap = (age + 1) / days
    spend = np.maximum(np.nan_to_num(buyers["spend_cents"]), 0) / days
    columns = (silence, days, age, np.minimum(silence / gap, 20.0), spend)
    return np.log1p(np.stack(columns, axis=1))


def chances(taught: Taught, seen: Floats) -> Floats:
    """What the regression says of these features."""
    scaled = (seen - np.array(taught.mean)) / np.array(taught.spread)
    return 1 / (1 + np.exp(-np.clip(taught.base + scaled @ np.array(taught.weights), -30, 30)))


def _teach(seen: Floats, silent: Floats) -> Taught:
    """Maximum likelihood with a little ridge, by Newton's steps."""
    mean, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-9)
    x = np.column_stack([np.ones(len(seen)), (seen - mean) / spread])
    ridge = RIDGE * np.diag([0.0] + [1.0] * len(FEATURES))
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS_MAX):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (silent - chance) - ridge @ weights
        step = np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(ridge)), slope)
        weights = weights + step
        if float(np.abs(step).max()) < TOLERANCE:
            break
    return Taught(
        mean=tuple(mean.tolist()),
        spread=tuple(spread.tolist()),
        base=float(weights[0]),
        weights=tuple(weights[1:].tolist()),
    )


def _compared(known: TraitTable, silent: Floats) -> tuple[tuple[Tried, ...], str, float]:
    """Both ways on the half that taught neither, the better one's name and its error there."""
    judged = known.customers % 2 == 0
    orders = purchase_models[MODEL].fit(history_of(_some(known))).params
    taught = _teach(features(known.where(~judged)), silent[~judged])
    other = known.where(judged)
    said = {RHYTHM: _by_rhythm(orders, other), TAUGHT: chances(taught, features(other))}
    found = {way: float(np.mean(_log_likelihood(chance, silent[judged]))) for way, chance in said.items()}
    best = max(found, key=lambda way: found[way])
    measure = "mean log-likelihood of who ordered and who did not"
    tried = tuple(
        Tried(name=way, title=TITLES[way], measure=measure, value=value, is_chosen=way == best)
        for way, value in found.items()
    )
    return tried, best, abs(float(said[best].mean() - silent[judged].mean()))


def _log_likelihood(chance: Floats, happened: Floats) -> Floats:
    sure = np.clip(chance, SURE, 1 - SURE)
    return happened * np.log(sure) + (1 - happened) * np.log(1 - sure)


def _by_rhythm(orders: dict[str, float], buyers: TraitTable) -> Floats:
    return no_purchase(purchase_models[MODEL], orders, history_of(buyers), AHEAD_DAYS / DAYS_A_WEEK)


def _silent(after: TraitTable) -> Floats:
    return (np.nan_to_num(after["order_days"]) == 0).astype(np.float64)


def _some(buyers: TraitTable) -> TraitTable:
    step = -(-len(buyers.customers) // FIT_CUSTOMERS_MAX)
    return buyers if step <= 1 else buyers.where(np.arange(len(buyers.customers)) % step == 0)


def _buyers(table: TraitTable) -> TraitTable:
    return table.where((table["order_days"] > 0) & ~np.isnan(table["last_order_day"]))


scores.add(ChurnRisk.name)(ChurnRisk())
