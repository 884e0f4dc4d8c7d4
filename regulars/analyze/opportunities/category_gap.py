"""Customers who never buy a category that look-alikes buy."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import (
    Bar,
    Bools,
    Fact,
    Floats,
    Ints,
    Response,
    Seen,
    Year,
    detectors,
    nothing,
)
from regulars.analyze.opportunities.chance import upper

MIN_CUSTOMERS = 300
# A category is looked at where this part of customers buys it: rarer ones tell of chance, the others have no gap.
PENETRATION = (0.03, 0.6)
MIN_LIFT = 1.25
# Evidence of one category about another is drawn towards none by so many imagined buyers.
DAMPING = 25.0
ACTIVE_FIFTHS = 5
ALIKE_PART = 0.2
# Learning reads so many customers at most, spread evenly; everybody is judged.
LEARNED_CUSTOMERS = 100_000


class CategoryGap:
    """Alike is who bought what buyers of the category buy, too, among customers who are as active."""

    name = "category_gap"
    title = "Category gaps against look-alikes"
    null = (
        "Among equally active customers, what else somebody bought says nothing about whether they start to buy a "
        "category. It is judged on time: who looked alike 13 weeks ago, and who has bought it since; all categories "
        "together"
    )
    treatment = "A sample or a recipe of the category they leave out, beside what they buy anyway"
    response = Response(bring=2, of=40, because="A suggestion that fits is followed by a few in a hundred")
    stake = "what buyers spend on it in 13 weeks, times how many look-alikes start within 13 weeks"
    measure = "Non-buyers who started within 13 weeks: look-alikes against equally active others"
    unit = "share"
    reasons = (("Categories bought", "count"), ("Likely to start", "share"), ("Buyers spend in 13 weeks", "cents"))

    def look(self, year: Year) -> Seen:
        """The categories in which look-alikes start more often, and today's look-alikes without them."""
        count = len(year.categories.names)
        if len(year) < MIN_CUSTOMERS or not count:
            return nothing("There are too few customers who bought anything by category")
        before, after = _bits(year.had_before, count), _bits(year.had_after, count)
        active = _activity(before, year["orders_before"])
        learned = np.arange(0, len(year), max(1, len(year) // LEARNED_CUSTOMERS))
        weights = _weights(before[learned], active[learned])
        tested = np.flatnonzero((before.mean(axis=0) > PENETRATION[0]) & (before.mean(axis=0) < PENETRATION[1]))
        if not len(tested):
            return nothing("No category is bought by some and left out by others")
        found = [_tried(before, after, active, weights, category) for category in tested.tolist()]
        ever = before | after
        now = _activity(ever, year["orders_before"] + year["orders_after"])
        gaps: dict[int, tuple[float, float]] = {}
        level = 0.05 / len(tested)
        for category, (z, alike, other) in zip(tested.tolist(), found, strict=True):
            if upper(z) < level and alike >= MIN_LIFT * other:
                gaps[category] = (alike, other)
        best = max(range(len(tested)), key=lambda at: found[at][0])
        return _seen(year, ever, now, weights, gaps, min(1.0, upper(found[best][0]) * len(tested)))


def _bits(words: Ints, count: int) -> Bools:
    return (words[:, None] >> np.arange(count) & 1).astype(bool)


def _activity(had: Bools, orders: Floats) -> Ints:
    """Groups of equally active customers: fifths of breadth within fifths of orders."""
    fifths: list[Ints] = []
    for values in (had.sum(axis=1), orders):
        cuts = np.quantile(values, np.arange(1, ACTIVE_FIFTHS) / ACTIVE_FIFTHS)
        fifths.append(np.searchsorted(cuts, values))
    return fifths[0] * ACTIVE_FIFTHS + fifths[1]


def _weights(had: Bools, active: Ints) -> Floats:
    """How much more often two categories meet in a customer than among equally active ones: damped log odds."""
    whole = had.astype(np.float64)
    together = whole.T @ whole
    size = np.bincount(active, minlength=ACTIVE_FIFTHS**2).astype(np.float64)
    part = np.stack([np.bincount(active, column, ACTIVE_FIFTHS**2) for column in whole.T])
    by_chance = (part / np.maximum(size, 1)) @ part.T
    weights = np.log((together + DAMPING) / (by_chance + DAMPING))
    np.fill_diagonal(weights, 0.0)
    return weights


def _alike(had: Bools, active: Ints, weights: Floats, category: int, among: Bools) -> Bools:
    """Of those `among`, the fifth of each activity group that looks most like buyers."""
    score = had @ weights[category]
    alike = np.zeros(len(had), dtype=bool)
    for group in range(ACTIVE_FIFTHS**2):
        rows = np.flatnonzero(among & (active == group))
        most = int(len(rows) * ALIKE_PART)
        if most:
            alike[rows[np.argpartition(-score[rows], most - 1)[:most]]] = True
    return alike


def _tried(before: Bools, after: Bools, active: Ints, weights: Floats, category: int) -> tuple[float, float, float]:
    """z of "look-alikes start more often" (Mantel and Haenszel, over activity), and both shares."""
    open_to = ~before[:, category]
    alike, started = _alike(before, active, weights, category, open_to), after[:, category]
    groups = ACTIVE_FIFTHS**2
    total = np.bincount(active[open_to], minlength=groups).astype(float)
    chosen = np.bincount(active[alike], minlength=groups).astype(float)
    began = np.bincount(active[open_to & started], minlength=groups).astype(float)
    both = np.bincount(active[alike & started], minlength=groups).astype(float)
    safe = np.maximum(total, 2.0)
    expected = chosen * began / safe
    variance = float((chosen * (total - chosen) * began * (total - began) / (safe**2 * (safe - 1))).sum())
    if not variance:
        return 0.0, 0.0, 0.0
    # What the others did, at the activity of the look-alikes.
    others = float((chosen * (began - both) / np.maximum(total - chosen, 1)).sum() / max(chosen.sum(), 1))
    z = (float(both.sum() - expected.sum()) - 0.5) / variance**0.5
    return z, float(both.sum() / max(chosen.sum(), 1)), others


def _seen(
    year: Year, ever: Bools, active: Ints, weights: Floats, gaps: dict[int, tuple[float, float]], p_value: float
) -> Seen:
    stake, likely, worth = np.zeros(len(year)), np.zeros(len(year)), np.zeros(len(year))
    sizes: dict[int, int] = {}
    for category, (alike_share, _) in gaps.items():
        alike = _alike(ever, active, weights, category, ~ever[:, category])
        cents = year.categories.spend_cents[category]
        sizes[category] = int(alike.sum())
        # One category each, the one that is worth most: suggestions do not add up.
        better = alike & (alike_share * cents > stake)
        stake[better], likely[better], worth[better] = alike_share * cents, alike_share, cents
    members = np.flatnonzero(stake > 0)
    names = year.categories.names
    order = sorted(gaps, key=lambda category: -sizes[category] * gaps[category][0])[:6]
    lead = names[order[0]].lower() if order else ""
    shares = gaps[order[0]] if order else (0.0, 0.0)
    return Seen(
        p_value=p_value if gaps else 1.0,
        finding=f"{len(members):,} customers leave out a category that look-alikes take up: {lead} is started by "
        f"{shares[0]:.1%} of look-alikes in 13 weeks, by {shares[1]:.1%} of others"
        if gaps
        else "What else somebody buys does not tell which category they will take up",
        members=members,
        stake_cents=stake[members],
        reasons=np.stack([ever[members].sum(axis=1), likely[members], worth[members]], axis=1),
        facts=[
            Fact("Categories looked at", len(names), "count"),
            Fact("Categories with a gap", len(gaps), "count"),
            Fact("Customers with a gap", len(members), "count"),
        ],
        bars=[Bar(names[category], *gaps[category]) for category in order],
    )


detectors.add(CategoryGap.name)(CategoryGap())
