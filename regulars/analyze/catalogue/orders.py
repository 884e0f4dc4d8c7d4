"""What she ordered: how often, how much, in which rhythm."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import Scalar, count, facts, gaps, maximum, since, since_first, total

orders = facts("Order Completed", value="revenue_cents")
spend, bought = total(orders), count(orders)
rhythm = gaps(orders)
away = since(orders)

themes.add("orders")(
    Theme(
        place=10,
        traits=(
            Trait("orders", "orders", bought, history=True),
            Trait("spend_cents", "spend", spend, "cents", history=True),
            Trait("first_order_day", "day of the first order", Scalar("min", facts("Order Completed"), "day"), "date"),
            Trait("last_order_day", "day of the latest order", Scalar("max", facts("Order Completed"), "day"), "date"),
            Trait("days_since_order", "days since the latest order", away, "days"),
            Trait("days_since_first_order", "days since the first order", since_first(orders), "days"),
            Trait("order_days", "days with an order", rhythm.days()),
            Trait("order_span_days", "days between first and latest order", rhythm.span(), "days"),
            Trait("gap_mean_days", "usual days between orders", rhythm.mean(), "days"),
            Trait("gap_sd_days", "spread of the days between orders", rhythm.sd(), "days"),
            Trait("average_order_cents", "average order", spend / bought, "cents", history=True),
            Trait("largest_order_cents", "largest order", maximum(orders), "cents"),
            Trait("orders_30", "orders in the last 30 days", bought.within(days=30)),
            Trait("orders_90", "orders in the last 90 days", bought.within(days=90)),
            Trait("orders_365", "orders in the last 365 days", bought.within(days=365)),
            Trait("spend_30_cents", "spend in the last 30 days", spend.within(days=30), "cents"),
            Trait("spend_90_cents", "spend in the last 90 days", spend.within(days=90), "cents", history=True),
            Trait("spend_365_cents", "spend in the last 365 days", spend.within(days=365), "cents"),
            Trait("pieces", "pieces bought", total(facts("Order Completed", value="quantity"))),
        ),
    )
)
