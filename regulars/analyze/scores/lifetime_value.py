"""Lifetime value: how many orders, and how much money, the next 52 weeks should bring from each customer.

Theory of operation. A customer buys at her own steady rate until she silently leaves. The models of the shelf of
purchase models differ in when she may leave; which one knows this brand is told by its own past: each is fitted to
everybody as of a past day, and the one to which what came after was the least surprise is chosen (before there is a
past to ask: BG/NBD). What it needs to know about a customer is x (days with a purchase after the first), t_x (age at
the last one) and T (age now), in weeks. What she spends a purchase day varies around her own mean, and means differ by
a gamma distribution: Gamma-Gamma (p, q, v). All are fitted by maximum likelihood without priors: weak priors move the
parameters in the second digit.

It stays quick for millions because the likelihood sees only (x, t_x, T): equal rows are counted, the special functions
are computed once for each distinct number, and FIT_CUSTOMERS_MAX customers tell the parameters to a hundredth.

Sources: Fader, Hardie & Lee, Marketing Science 24 (2005); Batislam, Denizel & Filiztekin, IJRM 24 (2007); Schmittlein,
Morrison & Colombo, Management Science 33 (1987); Fader & Hardie, notes 025 (2013) and 021 (2008).
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.purchases import History, PurchaseModel, gamma_gamma, median_wait, purchase_models, surprise
from regulars.analyze.scores import (
    Fit,
    Floats,
    Foresight,
    Ints,
    Lesson,
    Part,
    Row,
    Scored,
    TraitTable,
    Tried,
    Unit,
    counted,
    days_ago,
    money,
    scores,
)
from regulars.analyze.traits import OfKeys

DAYS_A_WEEK = 7
HORIZON_WEEKS = 52
REFIT_DAYS = 7
# Fewer people who came back than this tell more about chance than about the brand.
MIN_RETURNERS = 50
FIT_CUSTOMERS_MAX = 20_000
FIRST_MODEL = "bg-nbd"
# A date so far away says that nobody can tell.
WAIT_MAX_DAYS = 3_650
GRADES = ("gone", "fading", "active", "high value")
# Below this chance we would bet that she left, below the second we would not bet.
GONE_BELOW = 0.3
FADING_BELOW = 0.7


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Both models, and the value from which a customer counts as high value (the best fifth at fitting)."""

    model: str
    orders: dict[str, float]
    money: gamma_gamma.Params
    high_value_cents: float
    log_likelihood: float


class LifetimeValue:
    """A purchase model for whether and how often, Gamma-Gamma for how much. Cents in the next 52 weeks."""

    name = "lifetime_value"
    title = "Value in the next 52 weeks"
    question = "What will she bring in the next 52 weeks, and when does she order next?"
    unit: Unit = "cents"
    low: float = 0
    high: float | None = None
    source = "Fader, Hardie & Lee, Marketing Science 24 (2005), and its kin; Fader & Hardie, note 025 (2013)"
    needs: tuple[str, ...] = ("first_order_day", "last_order_day", "order_days", "spend_cents")
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="p_alive", title="Still a customer", unit="share"),
        Part(name="expected_orders", title="Expected orders"),
        Part(name="expected_order_cents", title="Amount of one", unit="cents"),
        Part(name="next_order_day", title="Next order by", unit="date"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 1
    window_days: int | None = None
    error_measure = "purchases the model would have expected so far, against those that happened, as a share"
    learns = True
    foresight = Foresight(
        outcome="what she spends", kind="amount", unit="cents", naive="what she spent a week so far, carried on"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """Maximum likelihood of both models; None while fewer than MIN_RETURNERS customers bought on a second day."""
        buyers = _buyers(table)
        history, spend = history_of(buyers), buyers["spend_cents"]
        back = history.x > 0
        if int(back.sum()) < MIN_RETURNERS:
            return None
        tried = _tried(lesson)
        chosen = next((one.name for one in tried if one.is_chosen), newest.model if newest else FIRST_MODEL)
        model = purchase_models[chosen]
        some = _some(history)
        orders = model.fit(some)
        # Spend of all purchase days, so their number is x + 1.
        amounts = gamma_gamma.fit(history.x[back] + 1, spend[back] / (history.x[back] + 1))
        draft = Params(
            model=chosen,
            orders=orders.params,
            money=amounts.params,
            high_value_cents=0.0,
            log_likelihood=orders.log_likelihood,
        )
        params = msgspec.structs.replace(
            draft, high_value_cents=float(np.quantile(self.apply(draft, table).values, 0.8))
        )
        expected = float(model.expected_so_far(orders.params, some).sum())
        error = abs(expected / float(some.x.sum()) - 1)
        return Fit(params=params, customers=len(buyers.customers), error=error, tried=tried)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Chance to be active, purchases and money in the next 52 weeks, for everybody with at least one order."""
        buyers = _buyers(table)
        history, model = history_of(buyers), purchase_models[params.model]
        alive = model.alive(params.orders, history)
        purchases = model.expected(params.orders, history, HORIZON_WEEKS)
        worth = _worth(params, buyers)
        values = np.rint(purchases * worth)
        wait = np.ceil(median_wait(params.orders, history) * DAYS_A_WEEK)
        can_tell = (alive >= GONE_BELOW) & (wait <= WAIT_MAX_DAYS)
        following = np.where(can_tell, buyers.as_of_day + wait, np.nan)
        # Rounded: a thousandth of a purchase is no reason to write a million rows a day.
        parts = np.stack([np.round(alive, 3), np.round(purchases, 2), np.rint(worth), following], axis=1)
        return Scored(customers=buyers.customers, values=values, parts=parts, grades=_grades(params, alive, values))

    def explain(self, params: Params, row: Row) -> str:
        """What she did, what that makes likely, and what it is worth."""
        day = row.as_of_day
        age, ago = day - row.traits["first_order_day"], days_ago(day - row.traits["last_order_day"])
        parts = row.parts
        bought = counted(row.traits["order_days"], "day")
        done = f"bought on {bought} in {_weeks(age)}, last {ago}"
        likely = f"{parts['p_alive']:.0%} likely to be still active, so about {parts['expected_orders']:.1f} purchases"
        worth = f"of {money(parts['expected_order_cents'])} in the next {HORIZON_WEEKS} weeks"
        return f"Predicted {money(row.value)}: {done}; {likely} {worth}."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """What she spent."""
        return np.nan_to_num(after["spend_cents"])

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """Purchases of the days to come, by what one is worth."""
        coming = purchase_models[params.model].expected(params.orders, history_of(table), days / DAYS_A_WEEK)
        return coming * _worth(params, table)

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Spend a week since her first order."""
        age = np.maximum(table.as_of_day - table["first_order_day"], DAYS_A_WEEK)
        return np.nan_to_num(table["spend_cents"]) / age


def history_of(buyers: TraitTable) -> History:
    """What the purchase models see of people with an order: x, t_x and T in weeks."""
    first, last = buyers["first_order_day"], buyers["last_order_day"]
    # A purchase dated after the as-of day (a clock that runs ahead) has age 0, never less.
    age = np.maximum(buyers.as_of_day - first, last - first)
    return History(x=buyers["order_days"] - 1, t_x=(last - first) / DAYS_A_WEEK, t=age / DAYS_A_WEEK)


def _tried(lesson: Lesson | None) -> tuple[Tried, ...]:
    """Every purchase model, fitted to the time before and asked about the time after."""
    if lesson is None:
        return ()
    known = _buyers(lesson.before)
    after = lesson.after.where(np.isin(lesson.after.customers, known.customers))
    before = _some(history_of(known))
    if int((before.x > 0).sum()) < MIN_RETURNERS:
        return ()
    later = _some(_continued(known, after))
    found = [(model, surprise(model, model.fit(before).params, before, later)) for _, model in purchase_models.items()]
    best = max(value for _, value in found)
    return tuple(_as_tried(model, value, value == best) for model, value in found)


def _as_tried(model: PurchaseModel, value: float, is_best: bool) -> Tried:
    measure = "log-likelihood of the orders that came after"
    return Tried(name=model.name, title=model.title, measure=measure, value=value, is_chosen=is_best)


def _continued(before: TraitTable, after: TraitTable) -> History:
    """The same people at the end of the time after."""
    days = before["order_days"] + np.nan_to_num(after["order_days"])
    last = np.fmax(before["last_order_day"], after["last_order_day"])
    columns = {"first_order_day": before["first_order_day"], "last_order_day": last, "order_days": days}
    return history_of(TraitTable(as_of_day=after.as_of_day, customers=before.customers, columns=columns))


def _some(history: History) -> History:
    """Everybody, or every so-manieth, up to FIT_CUSTOMERS_MAX."""
    step = -(-len(history.x) // FIT_CUSTOMERS_MAX)
    return history if step <= 1 else History(x=history.x[::step], t_x=history.t_x[::step], t=history.t[::step])


def _worth(params: Params, buyers: TraitTable) -> Floats:
    days = buyers["order_days"]
    return gamma_gamma.expected(params.money, days, np.nan_to_num(buyers["spend_cents"]) / days)


def _buyers(table: TraitTable) -> TraitTable:
    return table.where((table["order_days"] > 0) & ~np.isnan(table["last_order_day"]))


def _grades(params: Params, alive: Floats, values: Floats) -> Ints:
    ladder = np.where(alive < GONE_BELOW, 0, np.where(alive < FADING_BELOW, 1, 2))
    return np.where((ladder == 2) & (values > params.high_value_cents), 3, ladder).astype(np.int64)


def _weeks(days: float) -> str:
    return counted(round(days / DAYS_A_WEEK), "week")


scores.add(LifetimeValue.name)(LifetimeValue())
