"""Regulars who still come, and take home much less each time."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import (
    AFTER_DAYS,
    BEFORE_DAYS,
    Bar,
    Fact,
    Floats,
    Response,
    Seen,
    Year,
    detectors,
    nothing,
)
from regulars.analyze.opportunities.chance import MEDIAN_SQUARE, UNUSUAL, at_least, fewer_than

MIN_BEFORE, MIN_AFTER = 6, 4
MIN_CUSTOMERS = 100
# A basket is shrunk that lost a fifth, beyond what everybody's did.
MIN_LOSS = 0.2


class ShrinkingBaskets:
    """Baskets grow as often as they shrink: whatever the scatter of amounts, more on one side than on the other counts.

    Who comes more often instead, and spends no less a week, has lost nothing.

    Nothing is assumed of how amounts are distributed, since real ones have heavier tails than any formula: who shrank
    unusually is counted against who grew unusually.
    """

    name = "shrinking_baskets"
    title = "Regulars whose baskets shrink"
    null = (
        "The average order of 13 weeks, against her own of 39 weeks and with everybody's change taken out, is as often "
        "far above as far below: as many grow unusually as shrink unusually"
    )
    treatment = "What they used to take along, as a list with their next receipt or letter; no discount"
    response = Response(bring=3, of=40, because="Reminders of what somebody used to buy bring back a few in a hundred")
    stake = "what their baskets of 13 weeks lost against their own before"
    measure = "Regulars by their average order against their own before, and how many grew as much"
    unit = "count"
    reasons = (("Average order in 13 weeks", "cents"), ("Before", "cents"), ("Orders in 13 weeks", "count"))

    def look(self, year: Year) -> Seen:
        """Who spends a fifth less an order than before, and so much less as chance leaves one in a hundred."""
        enough = (year["orders_before"] >= MIN_BEFORE) & (year["orders_after"] >= MIN_AFTER)
        rows = np.flatnonzero(enough & (year["spend_before"] > 0) & (year["spend_after"] > 0))
        if len(rows) < MIN_CUSTOMERS:
            return nothing(f"Fewer than {MIN_CUSTOMERS} customers came often enough before and after")
        before = year["spend_before"][rows] / year["orders_before"][rows]
        after = year["spend_after"][rows] / year["orders_after"][rows]
        change = np.log(after / before)
        usual = float(np.median(change))
        change = change - usual
        scale = np.sqrt(1 / year["orders_before"][rows] + 1 / year["orders_after"][rows])
        z = change / scale
        z /= max(float(np.sqrt(np.median(np.square(z)) / MEDIAN_SQUARE)), 1e-9)
        is_large = np.abs(change) >= -np.log(1 - MIN_LOSS)
        lost = year["spend_before"][rows] * AFTER_DAYS / BEFORE_DAYS - year["spend_after"][rows]
        shrank, grew = (is_large & (z < 0) & _unusual(z)), (is_large & (z > 0) & _unusual(-z))
        # Whether there is anything is judged by baskets alone: by visits, too, a quiet season would look like it.
        count, beside = int(shrank.sum()), int(grew.sum())
        shrank &= lost > 0
        members = rows[shrank]
        kept = before[shrank] * np.exp(usual)
        return Seen(
            p_value=float(at_least(np.array([count]), np.array([count + beside]), 0.5)[0]),
            finding=f"{count:,} of {len(rows):,} regulars spend far less an order than before, {beside:,} far more",
            members=members,
            stake_cents=np.minimum(np.maximum(kept - after[shrank], 0.0) * year["orders_after"][members], lost[shrank]),
            reasons=np.stack([after[shrank], before[shrank], year["orders_after"][members]], axis=1),
            facts=[
                Fact("Regulars", len(rows), "count"),
                Fact("Baskets that shrank unusually", count, "count"),
                Fact("Baskets that grew unusually", beside, "count"),
                Fact("Everybody's average order against before", float(np.exp(usual)), "share"),
            ],
            bars=_bars(change),
        )


def _unusual(z: Floats) -> np.ndarray:
    return fewer_than(z) < UNUSUAL


def _bars(change: Floats) -> list[Bar]:
    names = ("less than half", "half to 65%", "65 to 80%", "80 to 90%", "90 to 100%")
    edges = np.log(np.array([1e-9, 0.5, 0.65, 0.8, 0.9, 1.0]))
    fell, rose = np.histogram(change, edges)[0], np.histogram(-change, edges)[0]
    return [Bar(name, float(low), float(high)) for name, low, high in zip(names, fell, rose, strict=True)]


detectors.add(ShrinkingBaskets.name)(ShrinkingBaskets())
