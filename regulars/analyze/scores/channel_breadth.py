"""Channel breadth: on how many ways a customer deals with the brand.

A rule, not a model: one point for each channel she orders on, and one each for e-mail she opens or clicks (90 days),
pages she looks at (30 days) and calls (90 days). That broad customers spend more is what the back-test looks at; it
says nothing about why.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from regulars.analyze.scores import Fit, Floats, Foresight, Lesson, Part, Row, Scored, TraitTable, Unit, counted, scores
from regulars.analyze.traits import OfKeys

REFIT_DAYS = 28
GRADES = ("one way", "two ways", "three ways", "four ways or more")
MIN_CUSTOMERS = 5


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual: the mean number of ways."""

    usual: float


class ChannelBreadth:
    """The number of ways."""

    name = "channel_breadth"
    title = "Channel breadth"
    question = "On how many ways does she deal with us?"
    unit: Unit = ""
    low: float = 1
    high: float | None = None
    source = "A rule: channels she orders on, and e-mail, web pages and calls as one way each"
    needs: tuple[str, ...] = (
        *("orders", "channels", "last_order_day"),
        *("email_opens_90", "email_clicks_90", "page_views_30", "calls_90", "spend_cents"),
    )
    cells: OfKeys | None = None
    parts: tuple[Part, ...] = (
        Part(name="order_channels", title="Channels she orders on"),
        Part(name="email", title="Reads e-mail"),
        Part(name="site", title="Looks at the site"),
        Part(name="phone", title="Calls"),
    )
    grades: tuple[str, ...] = GRADES
    params_type: type[Any] = Params
    refit_days = REFIT_DAYS
    every_days = 28
    window_days: int | None = 90
    error_measure = "none: a rule describes itself"
    learns = False
    foresight = Foresight(
        outcome="what she spends", kind="amount", unit="cents", naive="the days since the latest order alone"
    )

    def fit(self, table: TraitTable, lesson: Lesson | None, newest: Params | None) -> Fit | None:
        """What is usual among buyers."""
        buyers = _buyers(table)
        if len(buyers.customers) < MIN_CUSTOMERS:
            return None
        params = Params(usual=round(float(_ways(buyers).sum(axis=1).mean()), 3))
        return Fit(params=params, customers=len(buyers.customers), error=0.0)

    def apply(self, params: Params, table: TraitTable) -> Scored:
        """Everybody with an order: one way at least."""
        buyers = _buyers(table)
        ways = _ways(buyers)
        values = ways.sum(axis=1)
        grades = np.clip(values - 1, 0, len(GRADES) - 1).astype(np.int64)
        return Scored(customers=buyers.customers, values=values, parts=ways, grades=grades)

    def explain(self, params: Params, row: Row) -> str:
        """Which ways."""
        parts = row.parts
        ways = [f"orders on {counted(parts['order_channels'], 'channel')}"]
        ways += [
            words
            for name, words in (("email", "reads e-mail"), ("site", "looks at the site"), ("phone", "calls"))
            if parts[name]
        ]
        said = f"{', '.join(ways[:-1])} and {ways[-1]}" if len(ways) > 1 else ways[0]
        return f"{counted(row.value, 'way')}: {said}; {params.usual:.1f} are usual."

    def outcome(self, params: Params, scored: Scored, after: TraitTable) -> Floats:
        """What she spent."""
        return np.nan_to_num(after["spend_cents"])

    def foretold(self, params: Params, table: TraitTable, scored: Scored, days: int) -> Floats | None:
        """A number of ways is no amount of money."""
        return None

    def naive(self, params: Params, table: TraitTable, scored: Scored) -> Floats:
        """Recency alone."""
        return table["last_order_day"]


def _ways(buyers: TraitTable) -> Floats:
    reads = np.nan_to_num(buyers["email_opens_90"]) + np.nan_to_num(buyers["email_clicks_90"]) > 0
    looks = np.nan_to_num(buyers["page_views_30"]) > 0
    calls = np.nan_to_num(buyers["calls_90"]) > 0
    channels = np.maximum(np.nan_to_num(buyers["channels"]), 1)
    return np.stack([channels, reads, looks, calls], axis=1).astype(np.float64)


def _buyers(table: TraitTable) -> TraitTable:
    return table.where((table["orders"] > 0) & ~np.isnan(table["last_order_day"]))


scores.add(ChannelBreadth.name)(ChannelBreadth())
