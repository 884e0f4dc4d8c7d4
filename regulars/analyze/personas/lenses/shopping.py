"""How they shop: rhythm, size and width of baskets, bargains, own brand, coupons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regulars.analyze.personas.lenses import Feature, lenses
from regulars.analyze.scores import TraitTable

MIN_ORDER_DAYS = 5


class Shopping:
    """Customers who bought on at least five days: fewer make no habit."""

    name = "shopping"
    title = "How they shop"
    question = "Which habits of buying do our customers have?"
    middle = "Everyday shoppers"
    judged_by = f"bought on at least {MIN_ORDER_DAYS} days"
    features: tuple[Feature, ...] = (
        Feature(
            trait="gap_mean_days",
            shape="amount",
            people="Now-and-then shoppers",
            fewer="Frequent shoppers",
            much_is="come rarely",
            little_is="come often",
        ),
        Feature(
            trait="average_order_cents",
            shape="amount",
            people="Big-basket shoppers",
            fewer="Small-basket shoppers",
            much_is="fill large baskets",
            little_is="buy little at a time",
        ),
        Feature(
            trait="categories",
            shape="count",
            people="Whole-store shoppers",
            fewer="Few-shelf shoppers",
            much_is="buy across the store",
            little_is="keep to a few shelves",
        ),
        Feature(
            trait="discount_share",
            shape="share",
            people="Bargain seekers",
            fewer="Full-price shoppers",
            much_is="buy what is reduced",
            little_is="pay the shelf price",
        ),
        Feature(
            trait="private_share",
            shape="share",
            people="Own-brand buyers",
            fewer="Name-brand buyers",
            much_is="take our own brand",
            little_is="take name brands",
        ),
    )

    def can_judge(self, table: TraitTable) -> NDArray[np.bool_]:
        known = np.all([~np.isnan(table[feature.trait]) for feature in self.features], axis=0)
        return known & (np.nan_to_num(table["order_days"]) >= MIN_ORDER_DAYS)


lenses.add(Shopping.name)(Shopping())
