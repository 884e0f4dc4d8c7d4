"""Customers of one channel whose twins of two channels went on to spend more."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, Bar, Fact, Floats, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import upper

MIN_ORDERS = 4
MIN_TWINS = 60
# Twins have so many of both kinds in one group, or the group is left out.
MIN_OF_A_KIND = 2
# Above this part of all, spend counts as this much: one buyer must not be the effect.
CAPPED_ABOVE = 0.99
# Orders are matched one by one up to here, then in steps of a seventh.
EXACT_ORDERS = 12
STEP = 1.15


class OneChannel:
    """Twins did the same for 39 weeks, in one channel or in two; the 13 weeks that followed are compared."""

    name = "one_channel"
    title = "One-channel customers with two-channel twins"
    null = (
        "Who bought as often, as much, as lately and as broadly for 39 weeks spends the same in the next 13, in one "
        "channel or in two. Nobody was assigned a channel by chance, so what is left may have other causes"
    )
    treatment = "A first order in the other channel made easy: delivery for nothing, or a pick-up in their shop"
    response = Response(bring=2, of=40, because="Few change how they buy, and the difference may not be the channel's")
    stake = "what twins of two channels spend more in 13 weeks"
    measure = "Spend in 13 weeks by the number of orders in the 39 before"
    unit = "cents"
    reasons = (("Orders before", "count"), ("Spent before", "cents"), ("Spent since", "cents"))

    def look(self, year: Year) -> Seen:
        """The difference within groups of twins, weighed by who could gain it."""
        could = year["orders_before"] >= MIN_ORDERS
        one, two = could & (year["channels_before"] == 1), could & (year["channels_before"] >= 2)
        if min(int(one.sum()), int(two.sum())) < MIN_TWINS:
            return nothing(f"Fewer than {MIN_TWINS} customers use one channel, or two")
        rows = np.flatnonzero(one | two)
        spent = np.minimum(year["spend_after"], np.quantile(year["spend_after"][rows], CAPPED_ABOVE))[rows]
        is_two, group = two[rows], _groups(year, rows)
        left = spent - _explained(year, rows, spent)
        compared = _compared(left, is_two, group)
        if compared is None:
            return nothing("Nobody of one channel has a twin of two")
        gain, error, has_twin = compared
        members = rows[has_twin & ~is_two]
        each = max(gain, 0.0)
        typical = max(float(spent[has_twin & ~is_two].mean()), 1.0)
        return Seen(
            p_value=upper(gain / error) if error else 1.0,
            finding=f"{len(members):,} customers of one channel have twins of two, who spent "
            f"{abs(gain / typical):.0%} {'more' if gain > 0 else 'less'} each in the 13 weeks that followed",
            members=members,
            stake_cents=np.full(len(members), each),
            reasons=np.stack(
                [year["orders_before"][members], year["spend_before"][members], year["spend_after"][members]], axis=1
            ),
            facts=[
                Fact("Of one channel, with twins", len(members), "count"),
                Fact("Twins of two channels", int((has_twin & is_two).sum()), "count"),
                Fact(f"Twins spent more in {AFTER_DAYS} days", gain, "cents"),
                Fact("at least (95 %)", gain - 1.645 * error, "cents"),
                Fact("at most (95 %)", gain + 1.645 * error, "cents"),
            ],
            bars=_bars(spent, is_two & has_twin, ~is_two & has_twin, year["orders_before"][rows]),
        )


def _groups(year: Year, rows: np.ndarray) -> np.ndarray:
    """Groups of twins: equal orders, and equal thirds of spend an order, of recency and of breadth."""
    orders = year["orders_before"][rows]
    step = np.where(orders <= EXACT_ORDERS, orders, EXACT_ORDERS + np.log(orders / EXACT_ORDERS) / np.log(STEP))
    columns = [step.astype(np.int64)]
    for values in (year["spend_before"][rows] / orders, year["last_before"][rows], year["breadth_before"][rows]):
        columns.append(np.searchsorted(np.quantile(values, (1 / 3, 2 / 3)), values))
    return np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def _explained(year: Year, rows: np.ndarray, spent: Floats) -> Floats:
    """What the 39 weeks before explain, by least squares: groups are coarse, and this takes out what they leave."""
    orders, before = year["orders_before"][rows], year["spend_before"][rows]
    terms = [np.ones(len(rows)), orders, np.log(orders), before, np.sqrt(np.maximum(before, 0.0))]
    terms += [year["last_before"][rows] - year["last_before"][rows].mean(), year["breadth_before"][rows]]
    design = np.stack(terms, axis=1)
    scale = np.maximum(np.abs(design).max(axis=0), 1e-9)
    weights: Floats = np.linalg.lstsq(design / scale, spent, rcond=None)[0]  # pyright: ignore[reportUnknownVariableType]
    return np.asarray(design / scale @ weights, dtype=np.float64)


def _compared(left: Floats, is_two: np.ndarray, group: np.ndarray) -> tuple[float, float, np.ndarray] | None:
    """Gain of two channels, its standard error, and who stands in a group that has both; None where nobody does."""
    size = int(group.max()) + 1
    kinds = (is_two, ~is_two)
    count = [np.bincount(group[kind], minlength=size).astype(float) for kind in kinds]
    usable = (count[0] >= MIN_OF_A_KIND) & (count[1] >= MIN_OF_A_KIND)
    if not usable.any():
        return None
    mean: list[Floats] = []
    spread: list[Floats] = []
    for kind, many in zip(kinds, count, strict=True):
        total = np.bincount(group[kind], left[kind], size)
        squares = np.bincount(group[kind], left[kind] ** 2, size)
        own = total / np.maximum(many, 1)
        mean.append(own)
        # The spread of all groups together: that of two people says nothing.
        within = float((squares - many * own**2)[usable].sum() / max((many - 1)[usable].sum(), 1.0))
        spread.append(within / np.maximum(many, 1))
    weight = np.where(usable, count[1], 0.0) / count[1][usable].sum()
    gain = float((weight * (mean[0] - mean[1])).sum())
    error = float(np.sqrt((weight**2 * (spread[0] + spread[1])).sum()))
    return gain, error, usable[group]


def _bars(spent: Floats, two: np.ndarray, one: np.ndarray, orders: Floats) -> list[Bar]:
    edges = (4, 8, 16, 32, 1_000_000)
    names = ("4 to 7 orders", "8 to 15", "16 to 31", "32 and more")
    bars: list[Bar] = []
    for name, low, high in zip(names, edges, edges[1:], strict=False):
        within = (orders >= low) & (orders < high)
        if (within & two).any() and (within & one).any():
            bars.append(Bar(name, float(spent[within & two].mean()), float(spent[within & one].mean())))
    return bars


detectors.add(OneChannel.name)(OneChannel())
