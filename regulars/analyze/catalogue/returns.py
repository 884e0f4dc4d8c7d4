"""What came back."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.orders import spend
from regulars.analyze.plan import Trait
from regulars.analyze.traits import Scalar, count, facts, total

returned, refunded = facts("Item Returned", value="refund_cents"), facts("Order Refunded", value="refund_cents")
refunds = total(returned) + total(refunded)

themes.add("returns")(
    Theme(
        place=50,
        traits=(
            Trait("returns", "returns", count(returned) + count(refunded)),
            Trait("last_return_day", "day of the latest return", Scalar("max", facts("Item Returned"), "day"), "date"),
            Trait("refund_cents", "money given back", refunds, "cents", history=True),
            Trait("net_spend_cents", "spend less refunds", spend - refunds, "cents"),
            Trait("return_rate", "part of spend given back", refunds / spend, "share"),
        ),
    )
)
