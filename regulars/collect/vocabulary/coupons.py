"""Coupons in a cart, and coupons redeemed at a till."""

from regulars.collect.properties import CART_ID, ORDER_ID, WHO, EventSchema, amount, text
from regulars.collect.vocabulary import EXTENSION, SEGMENT, Group, groups

CODE = text("coupon_id", "The coupon", "52310", required=True)
NAME = text("coupon_name", "What the coupon is called", "Ten percent off")
DISCOUNT = amount("discount", "What it takes off", 4.3)
BASE = (ORDER_ID, CART_ID, CODE)

groups.add("coupons")(
    Group(
        title="Coupons",
        origin=SEGMENT,
        meaning="A coupon in a cart, from its code to its effect.",
        events=(
            EventSchema(name="Coupon Entered", meaning="Somebody typed a code.", properties=BASE),
            EventSchema(name="Coupon Applied", meaning="The code was good.", properties=(*BASE, NAME, DISCOUNT)),
            EventSchema(
                name="Coupon Denied",
                meaning="The code was not good.",
                properties=(*BASE, NAME, text("reason", "Why", "expired")),
            ),
            EventSchema(
                name="Coupon Removed", meaning="The coupon was taken back.", properties=(*BASE, NAME, DISCOUNT)
            ),
        ),
    )
)

groups.add("redemptions")(
    Group(
        title="Redeemed coupons",
        origin=EXTENSION,
        meaning="What became of a coupon that a campaign sent.",
        events=(
            EventSchema(
                name="Coupon Redeemed",
                meaning="A coupon of a campaign was used.",
                properties=(
                    CODE,
                    text("campaign_id", "The campaign it came with", "campaign-18"),
                    DISCOUNT,
                    text("household_id", "Household of panel data, for reports, never identity", "2375"),
                    *WHO,
                ),
            ),
        ),
    )
)
