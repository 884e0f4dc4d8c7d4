"""Products that lose buyers although some buy them again and again."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import upper

MIN_BEFORE = 60.0
MIN_PRODUCTS = 5
MIN_FALL = 0.3
SHOWN = 6


class DecliningProduct:
    """The part of orders that hold the product, 39 weeks before against the last 13; customers are the unit."""

    name = "declining_product"
    title = "Products in decline with loyal buyers"
    null = (
        "A product keeps its part of all orders; the scatter is that between its buyers, who come again and again; all "
        "products that are looked at are judged together"
    )
    treatment = "Tell loyal buyers before it leaves the shelf: the last ones, or what comes in its place"
    response = Response(bring=4, of=40, because="Loyal buyers follow an announced substitute in a tenth of cases")
    stake = "what loyal buyers spend less on it in 13 weeks"
    measure = "Orders with the product in 13 weeks, and what its part before promised"
    unit = "count"
    reasons = (("Bought before", "count"), ("Bought since", "count"), ("Spent on it before", "cents"))

    def look(self, year: Year) -> Seen:
        """The products whose part of orders fell by a third, and who bought them loyally."""
        products = year.products
        if len(products.names) < MIN_PRODUCTS:
            return nothing("Too few products are bought often enough")
        ratio = float(year["orders_after"].sum() / max(year["orders_before"].sum(), 1.0))
        promised = products.before * ratio
        variance = products.square_after - 2 * ratio * products.cross + ratio**2 * products.square_before
        z = (promised - products.after) / np.sqrt(np.maximum(variance, 1.0))
        judged = products.before >= MIN_BEFORE
        tests = max(int(judged.sum()), 1)
        likely = np.array([upper(float(value)) for value in z])
        falls = judged & (likely * tests < 0.05) & (products.after <= promised * (1 - MIN_FALL))
        return self._seen(year, promised, falls, min(1.0, float(likely[falls].min()) * tests) if falls.any() else 1.0)

    def _seen(self, year: Year, promised: np.ndarray, falls: np.ndarray, p_value: float) -> Seen:
        products, falling = year.products, np.flatnonzero(falls)
        ratio = float(year["orders_after"].sum() / max(year["orders_before"].sum(), 1.0))
        rows = np.flatnonzero(falls[products.loyal_product])
        rows = rows[products.loyal_after[rows] < products.loyal_before[rows] * ratio]
        lost = products.loyal_cents * (ratio - products.loyal_after / np.maximum(products.loyal_before, 1))
        members, place = np.unique(products.loyal_customer[rows], return_inverse=True)
        most = np.zeros((len(members), 3))
        # Of several products the one that she bought most often is her reason; what she lost is the sum.
        for values, at in ((products.loyal_before, 0), (products.loyal_after, 1), (products.loyal_cents, 2)):
            np.maximum.at(most[:, at], place, values[rows])
        order = falling[np.argsort(products.after[falling] - promised[falling])]
        lead = told(year, int(order[0])) if len(order) else ""
        fall = 1 - products.after[order[0]] / promised[order[0]] if len(order) else 0.0
        return Seen(
            p_value=p_value,
            finding=f"{lead} lost {fall:.0%} of its part of orders, and {len(falling):,} products with it have "
            f"{len(members):,} loyal buyers"
            if len(order)
            else "No product loses its part of orders",
            members=members.astype(np.int64),
            stake_cents=np.bincount(place, lost[rows], len(members)).astype(np.float64),
            reasons=most,
            facts=[
                Fact("Products looked at", len(products.names), "count"),
                Fact("In decline", len(falling), "count"),
                Fact("Loyal buyers who buy less of it", len(members), "count"),
            ],
            bars=[Bar(told(year, at), float(products.after[at]), float(promised[at])) for at in order[:SHOWN].tolist()],
        )


def told(year: Year, product: int) -> str:
    """A product as people know it: category and number."""
    return f"{year.products.categories[product].capitalize()} {year.products.names[product]}"


detectors.add(DecliningProduct.name)(DecliningProduct())
