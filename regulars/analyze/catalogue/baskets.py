"""Kinds of baskets, by rules about one order: see the score `purchase_mix`."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.orders import bought, orders
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count

larger, dear = count(orders.above(quantity=3)), orders.above(revenue_cents=15_00)
stock_ups, treats = count(orders.above(quantity=15)), count(dear) - count(dear.above(quantity=3))

themes.add("baskets")(
    Theme(
        place=100,
        traits=(
            Trait("stock_ups", "orders of more than 15 pieces", stock_ups),
            Trait("top_ups", "orders of 4 to 15 pieces", larger - stock_ups),
            Trait("treats", "orders of up to 3 dear pieces", treats),
            Trait("grabs", "orders of up to 3 cheap pieces", bought - larger - treats),
        ),
    )
)
