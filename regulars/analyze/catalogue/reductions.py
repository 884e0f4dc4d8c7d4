"""What she gets for less, and what of our own brand."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.categories import lines
from regulars.analyze.catalogue.orders import bought, orders, spend
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, facts, share, total

discounts = total(facts("Order Completed", value="discount_cents"))
coupon_orders = count(orders.above(coupon_cents=0))
redemptions, mailings = facts("Coupon Redeemed"), facts("Campaign Sent")

themes.add("reductions")(
    Theme(
        place=40,
        traits=(
            Trait("discount_share", "part of the shelf price taken off", discounts / (spend + discounts), "share"),
            Trait("coupon_orders", "orders with a coupon", coupon_orders, history=True),
            Trait("coupon_share", "part of orders with a coupon", coupon_orders / bought, "share"),
            Trait("redemptions", "coupons redeemed from campaigns", count(redemptions)),
            Trait("mailings_90", "campaigns received in the last 90 days", count(mailings).within(days=90)),
            Trait("private_share", "part of spend on our own brand", share(lines, brand="Private"), "share"),
        ),
    )
)
