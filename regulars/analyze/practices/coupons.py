"""Coupons: who buys with one, and how much of their buying that is."""

from regulars.analyze.practices import Practice, practices

COUPONS = Practice(
    name="coupons",
    title="coupons",
    part="orders with a coupon",
    trait="coupon_share",
    threshold=0.25,
    because="Every fourth order with a coupon is a habit; a coupon in the letter that was not used leaves no trace",
)

practices.add(COUPONS.name)(COUPONS)
