"""Discounts at the shelf: who buys what is reduced, and how much of the shelf price that takes off."""

from regulars.analyze.practices import Practice, practices

SHELF_DISCOUNTS = Practice(
    name="shelf_discounts",
    title="discounts at the shelf",
    part="shelf price taken off",
    trait="discount_share",
    threshold=0.2,
    because="A fifth off the shelf price over everything is only had by choosing what is reduced",
)

practices.add(SHELF_DISCOUNTS.name)(SHELF_DISCOUNTS)
