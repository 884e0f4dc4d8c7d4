"""Best customers who buy much less often than their own year says."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import UNUSUAL, fewer_than, spread_over, too_many

BEST_PART = 0.2
MIN_BEST = 50
MIN_ORDERS = 8
# Who came later had no time to slow down.
KNOWN_DAYS = 273


class LapsingBest:
    """Given how often somebody bought in a year, how many of these fall into its last quarter is a matter of chance."""

    name = "lapsing_best"
    title = "Lapsing best customers"
    null = (
        "How many of a customer's orders of the year fall into its last 13 weeks is chance, at everybody's share and "
        "with the scatter that most customers show; the whole year ranks them, so falling back to a mean plays no part"
    )
    treatment = "A call or a note from the shop they know, and an early look at what is new; no discount"
    response = Response(bring=3, of=40, because="Personal contact holds a few in a hundred; best customers listen more")
    stake = "what they spend less than their share in 13 weeks"
    measure = "Best customers by how much of their usual number of orders the last 13 weeks brought"
    unit = "count"
    reasons = (("Orders in 13 weeks", "count"), ("Expected", "count"), ("Spent in a year", "cents"))

    def look(self, year: Year) -> Seen:
        """Who of the best fifth by spend bought less often lately than one in a hundred would by chance."""
        orders = year["orders_before"] + year["orders_after"]
        steady = (orders >= MIN_ORDERS) & (year["first_day"] <= year.as_of_day - KNOWN_DAYS)
        if steady.sum() * BEST_PART < MIN_BEST:
            return nothing("There are too few customers who have bought for a year")
        share = float(year["orders_after"][steady].sum() / orders[steady].sum())
        z = (year["orders_after"] - orders * share) / np.sqrt(np.maximum(orders, 1) * share * (1 - share))
        wide = spread_over(z[steady])
        best = np.flatnonzero(steady & (year["spend_year"] >= np.quantile(year["spend_year"][steady], 1 - BEST_PART)))
        expected = orders[best] * share
        kept = year["orders_after"][best] / expected
        falls = fewer_than(z[best] / np.sqrt(wide)) < UNUSUAL
        members, count = best[falls], int(falls.sum())
        usual = year["spend_year"][members] * AFTER_DAYS / 364
        lost = np.maximum(usual - year["spend_after"][members], 0.0)
        return Seen(
            p_value=too_many(count, len(best)),
            finding=f"{count:,} of the {len(best):,} best customers bought far less than usual in 13 weeks; "
            f"chance makes {UNUSUAL * len(best):,.0f}",
            members=members,
            stake_cents=lost,
            reasons=np.stack([year["orders_after"][members], expected[falls], year["spend_year"][members]], axis=1),
            facts=[
                Fact("Best customers", len(best), "count"),
                Fact("Lapsing", count, "count"),
                Fact("Lapsing by chance", UNUSUAL * len(best), "count"),
                Fact("Part of a year's orders in its last 13 weeks, everybody", share, "share"),
                Fact("Scatter against pure chance", wide),
            ],
            bars=_bars(kept, expected, wide * (1 - share)),
        )


def _bars(kept: np.ndarray, expected: np.ndarray, variance: float) -> list[Bar]:
    edges = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
    names = ("less than a quarter", "a quarter to half", "half to 75%", "75 to 100%", "100 to 125%")
    counts = np.histogram(kept, edges)[0]
    scale = np.sqrt(expected / variance)
    below = [float(fewer_than((edge - 1) * scale).sum()) if edge else 0.0 for edge in edges]
    return [
        Bar(name, float(count), high - low)
        for name, count, low, high in zip(names, counts, below, below[1:], strict=False)
    ]


detectors.add(LapsingBest.name)(LapsingBest())
