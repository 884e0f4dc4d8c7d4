"""Customers who stand just below the next tier of the loyalty program."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import one_in_three

REACH = 0.08
MIN_NEAR = 12


class NearTier:
    """Where standings are spread smoothly, equal stretches next to each other hold equally many."""

    name = "near_tier"
    title = "Near the next tier"
    null = (
        "Standings are spread smoothly: of those within 8% of a tier and the two stretches of the same width below "
        "and above, a third stands within reach; all tiers are judged together"
    )
    treatment = "Tell them how little is missing, while there is time to get it"
    response = Response(bring=4, of=40, because="Customers buy faster as a reward comes near (Kivetz and others, 2006)")
    stake = "what is missing to the tier"
    measure = "Customers by their standing against the next tier"
    unit = "count"
    reasons = (("Credits", "count"), ("Tier takes", "count"), ("Missing", "count"))

    def look(self, year: Year) -> Seen:
        """Who stands within reach of a tier, and whether more do than beside it."""
        if not year.tiers:
            return nothing("No tiers are declared: tiers.yaml in the data folder says what each of them takes")
        # A credit for each whole unit of money that was kept, and those that were granted.
        credits = np.floor(np.maximum(year["spend_year"], 0.0) / 100) + year["granted_credits"]
        counts = np.array([_around(credits, tier.takes) for tier in year.tiers])
        if int(counts.sum()) < MIN_NEAR:
            return nothing("Hardly anybody stands near a tier")
        chances = [one_in_three(int(near), int(below + above)) for below, near, above in counts]
        first = int(np.argmin(chances))
        tiers = np.array([tier.takes for tier in year.tiers], dtype=np.float64)
        place = np.searchsorted(tiers, credits, side="right")
        next_tier = np.where(place < len(tiers), tiers[np.minimum(place, len(tiers) - 1)], np.inf)
        is_near = credits >= next_tier * (1 - REACH)
        members = np.flatnonzero(is_near)
        missing = next_tier[members] - credits[members]
        below, near, above = (int(count) for count in counts[first])
        name, takes = year.tiers[first].name, year.tiers[first].takes
        return Seen(
            p_value=min(1.0, min(chances) * len(year.tiers)),
            finding=f"{len(members):,} customers are within 8% of the next tier; {near:,} stand right below {name}, "
            f"where {(below + above) / 2:,.0f} would by chance",
            members=members,
            stake_cents=missing * 100,
            reasons=np.stack([credits[members], next_tier[members], missing], axis=1),
            facts=[
                Fact("Within reach of a tier", len(members), "count"),
                Fact("Missing, on average, in money", float(missing.mean() * 100) if len(missing) else 0.0, "cents"),
                *[Fact(f"{tier.name} takes", tier.takes, "count") for tier in year.tiers],
            ],
            bars=_bars(credits, name, takes),
        )


def _around(credits: np.ndarray, tier: float) -> tuple[int, int, int]:
    low, near, high = tier * (1 - 2 * REACH), tier * (1 - REACH), tier * (1 + REACH)
    edges = np.array([low, near, tier, high])
    below, within, above = np.histogram(credits, edges)[0].tolist()
    return below, within, above


def _bars(credits: np.ndarray, name: str, tier: float) -> list[Bar]:
    edges = tier * (1 + REACH * np.arange(-4, 4))
    counts = np.histogram(credits, edges)[0].astype(float)
    smooth = (np.r_[counts[1], counts[:-1]] + np.r_[counts[1:], counts[-2]]) / 2
    return [
        Bar(f"{low:,.0f} to {high:,.0f}{f' (below {name})' if high == tier else ''}", float(count), float(expected))
        for count, expected, low, high in zip(counts, smooth, edges, edges[1:], strict=False)
    ]


detectors.add(NearTier.name)(NearTier())
