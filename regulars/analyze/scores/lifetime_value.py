"""Lifetime value: how many orders, and how much money, the next 52 weeks should bring from each customer.

Theory of operation. A customer buys at her own steady rate until, after some purchase, she silently leaves. Rates
differ by a gamma distribution (r, alpha), the chance to leave by a beta distribution (a, b): BG/NBD. What it needs to
know about a customer is x (days with a purchase after the first), t_x (age at the last one) and T (age now), in weeks.
What she spends a purchase day varies around her own mean, and means differ by another gamma: Gamma-Gamma (p, q, v).
Both are fitted by maximum likelihood without priors: weak priors move the parameters in the second digit.

It stays quick for millions because the likelihood sees only (x, t_x, T): equal rows are counted, and the special
functions are computed once for each distinct number.

A customer with one purchase day is alive by definition: the model cannot see people leave before a second purchase.
Sources: Fader, Hardie & Lee, Marketing Science 24 (2005); Fader & Hardie, notes 025 (2013) and 021 (2008).
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.purchases import History, gamma_gamma
from regulars.analyze.purchases.bg_nbd import MODEL
from regulars.analyze.scores import Fit, Floats, Ints, Row, Scored, TraitTable, scores

DAYS_A_WEEK = 7
HORIZON_WEEKS = 52
REFIT_DAYS = 7
# Fewer people who came back than this tell more about chance than about the brand.
MIN_RETURNERS = 50
GRADES = ("gone", "fading", "active", "high value")
# Below this chance we would bet that she left, below the second we would not bet.
GONE_BELOW = 0.3
FADING_BELOW = 0.7


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Both models, and the value from which a customer counts as high value (the best fifth at fitting)."""

    orders: dict[str, float]
    money: gamma_gamma.Params
    high_value_cents: float
    log_likelihood: float


class LifetimeValue:
    """BG/NBD for whether and how often, Gamma-Gamma for how much. The value is cents in the next 52 weeks."""

    name = "lifetime_value"
    title = "Value in the next 52 weeks"
    needs: tuple[str, ...] = ("first_order_day", "last_order_day", "order_days", "spend_cents")
    parts: tuple[str, ...] = ("p_alive", "expected_orders", "expected_order_cents")
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    window_days: int | None = None
    error_measure = "purchases the model would have expected so far, against those that happened, as a share"

    def fit(self, table: TraitTable) -> Fit | None:
        """Maximum likelihood of both models; None while fewer than MIN_RETURNERS customers bought on a second day."""
        buyers = _buyers(table)
        history = _history(buyers)
        back = history.x > 0
        if int(back.sum()) < MIN_RETURNERS:
            return None
        orders = MODEL.fit(history)
        means = buyers["spend_cents"][back] / (history.x[back] + 1)
        # Spend of all purchase days, so their number is x + 1.
        money = gamma_gamma.fit(history.x[back] + 1, means)
        draft = Params(
            orders=orders.params, money=money.params, high_value_cents=0.0, log_likelihood=orders.log_likelihood
        )
        values = self.apply(draft, table).values
        params = msgspec.structs.replace(draft, high_value_cents=float(np.quantile(values, 0.8)))
        expected = float(MODEL.expected_so_far(orders.params, history).sum())
        return Fit(params=params, customers=len(buyers.customers), error=abs(expected / float(history.x.sum()) - 1))

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Chance to be active, purchases and money in the next 52 weeks, for everybody with at least one order."""
        buyers = _buyers(table)
        history = _history(buyers)
        alive = MODEL.alive(params.orders, history)
        purchases = MODEL.expected(params.orders, history, HORIZON_WEEKS)
        days = history.x + 1
        worth = gamma_gamma.expected(params.money, days, np.nan_to_num(buyers["spend_cents"]) / days)
        values = np.rint(purchases * worth)
        # Rounded: a thousandth of a purchase is no reason to write a million rows a day.
        parts = np.stack([np.round(alive, 3), np.round(purchases, 2), np.rint(worth)], axis=1)
        return Scored(customers=buyers.customers, values=values, parts=parts, grades=_grades(params, alive, values))

    def explain(self, params: Params, row: Row) -> str:
        """What she did, what that makes likely, and what it is worth."""
        day = row.as_of_day
        age, silent = day - row.traits["first_order_day"], day - row.traits["last_order_day"]
        parts = row.parts
        done = f"bought on {_days(row.traits['order_days'])} in {_weeks(age)}, last {_weeks(silent)} ago"
        likely = f"{parts['p_alive']:.0%} likely to be still active, so about {parts['expected_orders']:.1f} purchases"
        worth = f"of ${parts['expected_order_cents'] / 100:,.2f} in the next {HORIZON_WEEKS} weeks"
        return f"Predicted ${row.value / 100:,.2f}: {done}; {likely} {worth}."


def _buyers(table: TraitTable) -> TraitTable:
    return table.where((table["order_days"] > 0) & ~np.isnan(table["last_order_day"]))


def _history(buyers: TraitTable) -> History:
    first, last = buyers["first_order_day"], buyers["last_order_day"]
    # A purchase dated after the as-of day (a clock that runs ahead) has age 0, never less.
    age = np.maximum(buyers.as_of_day - first, last - first)
    return History(x=buyers["order_days"] - 1, t_x=(last - first) / DAYS_A_WEEK, t=age / DAYS_A_WEEK)


def _grades(params: Params, alive: Floats, values: Floats) -> Ints:
    ladder = np.where(alive < GONE_BELOW, 0, np.where(alive < FADING_BELOW, 1, 2))
    return np.where((ladder == 2) & (values > params.high_value_cents), 3, ladder).astype(np.int64)


def _weeks(days: float) -> str:
    weeks = round(days / DAYS_A_WEEK)
    return f"{weeks} week" if weeks == 1 else f"{weeks} weeks"


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:.0f} days"


scores.add(LifetimeValue.name)(LifetimeValue())
