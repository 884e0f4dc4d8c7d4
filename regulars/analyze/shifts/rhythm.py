"""One customer against her own rhythm: is she silent longer, or does she come more often, than she used to? Pure.

Theory of operation. Her gaps between days of buying follow a gamma distribution: its shape from their mean and spread,
drawn towards that of most people while there are few of them; its scale unknown. Then the next gap, over her mean,
follows F(2c, 2cn) for shape c and n gaps, whatever the scale: few gaps make wide limits by themselves. She is called
quiet when a gap is longer than all but one in a hundred of hers would be: each gap is told once at most, so one gap in
a hundred is a false alarm. Busy is the mirror: so many orders in 30 days, at the rate of all days before, happen to
one in a thousand (a rate known from x orders in t days makes the next count negative binomial). The window is looked at
on every day, so of customers who keep their rate about three in a thousand are called busy within a month.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

import msgspec
import numpy as np
from scipy.special import betainc, fdtrc, fdtri

from regulars.analyze.scores import Floats, TraitTable

QUIET_RATE = 0.01
BUSY_RATE = 0.001
# A shape learned from few gaps is off, which makes that many times as many gaps too long as F says.
SLACK = 1.5
MIN_ORDER_DAYS = 6
# Shape of the gaps of most people, and after how many gaps hers counts as much.
USUAL_SHAPE, USUAL_GAPS = 1.5, 4
SHAPE_MIN, SHAPE_MAX = 0.5, 8.0
WINDOW_DAYS = 30
# Before the window so many days and orders must lie, or nothing is usual.
MIN_DAYS_BEFORE, MIN_ORDERS_BEFORE = 60, 4
NEEDS = (*("order_days", "gap_mean_days", "gap_sd_days", "last_order_day", "first_order_day", "orders_30", "orders"),)


class Surprises(msgspec.Struct, frozen=True, kw_only=True):
    """For each customer how likely her silence and her orders of WINDOW_DAYS are in her rhythm; 1: nothing to say."""

    quiet: Floats
    busy: Floats
    alarm_days: Floats
    """Days of silence from which on QUIET_RATE is reached."""
    silent_days: Floats


def surprises(table: TraitTable) -> Surprises:
    """Both chances for every row, as of `table.as_of_day`; not known (too few orders) is 1 and infinitely many days."""
    gaps = table["order_days"] - 1
    mean, spread = table["gap_mean_days"], np.nan_to_num(table["gap_sd_days"])
    silent = table.as_of_day - table["last_order_day"]
    knows = (gaps >= MIN_ORDER_DAYS - 1) & (mean > 0) & (silent >= 0)
    n, m = np.where(knows, gaps, 1.0), np.where(knows, mean, 1.0)
    own = np.clip((m / np.maximum(spread, m / 10)) ** 2, SHAPE_MIN, SHAPE_MAX)
    shape = (n * own + USUAL_GAPS * USUAL_SHAPE) / (n + USUAL_GAPS)
    long = fdtrc(2 * shape, 2 * shape * n, np.where(knows, silent, 0) / m)
    quiet = np.where(knows, np.minimum(1.0, SLACK * long), 1.0)
    alarm = np.where(knows, m * fdtri(2 * shape, 2 * shape * n, 1 - QUIET_RATE / SLACK), np.inf)
    return Surprises(quiet=quiet, busy=_busy(table), alarm_days=alarm, silent_days=silent)


def _busy(table: TraitTable) -> Floats:
    lately = np.nan_to_num(table["orders_30"])
    before = np.nan_to_num(table["orders"]) - lately
    days = table.as_of_day - np.nan_to_num(table["first_order_day"], nan=table.as_of_day) - WINDOW_DAYS
    knows = (before >= MIN_ORDERS_BEFORE) & (days >= MIN_DAYS_BEFORE) & (lately > 0)
    chance = betainc(
        np.where(knows, lately, 1), np.where(knows, before, 1), WINDOW_DAYS / (np.maximum(days, 0) + WINDOW_DAYS)
    )
    return np.where(knows, chance, 1.0)
