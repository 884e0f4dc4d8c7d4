"""One customer against the purchase model of everybody: when it became more likely than not that she left. Pure.

Her own gaps say how unusual a silence is; the purchase model says what such silences came to with others: how likely
she still is a customer, P(alive), which falls day by day while she stays away and is back when she orders. It counts
as fallen on the day on which it goes below an even chance. Which model it is, and how well it foretold who comes back,
the back-test of lifetime value says.
"""

from __future__ import annotations

import msgspec
import numpy as np

from regulars.analyze.purchases import purchase_models
from regulars.analyze.scores import Floats, Ints, TraitTable
from regulars.analyze.scores.lifetime_value import Params, history_of
from regulars.analyze.shifts.holidays import WEEK_DAYS
from regulars.analyze.shifts.rhythm import MIN_ORDER_DAYS

EVEN = 0.5


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """P(alive) of each customer; NaN where nothing can be said."""

    now: Floats
    before: Floats
    """So many days ago, by what she had done until then; of who ordered since, on the day of her latest order."""


def alive(table: TraitTable, params: Params | None, days: int) -> Alive:
    """Now, and so many days ago. Who bought on fewer than MIN_ORDER_DAYS days shows no habit to leave."""
    nothing = np.full(len(table.customers), np.nan)
    silent = table.as_of_day - table["last_order_day"]
    # Whoever is not even late has not left: the model is asked about the others only.
    late = (table["order_days"] >= MIN_ORDER_DAYS) & (silent > table["gap_mean_days"])
    rows = np.flatnonzero(late & (silent > 0))
    if params is None or not len(rows):
        return Alive(now=nothing, before=nothing)
    asked = table.where(late & (silent > 0))
    model, now, before = purchase_models[params.model], nothing.copy(), nothing.copy()
    history = history_of(asked)
    now[rows] = model.alive(params.orders, history)
    ago = np.maximum(history.t - days / WEEK_DAYS, history.t_x)
    before[rows] = model.alive(params.orders, msgspec.structs.replace(history, t=ago))
    return Alive(now=now, before=before)


def fallen(found: Alive) -> Ints:
    """Rows of those whose chance went below EVEN within the days."""
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((found.now < EVEN) & (found.before >= EVEN))
