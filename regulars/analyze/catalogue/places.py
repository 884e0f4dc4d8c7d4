"""Where she buys: stores and channels."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.orders import orders
from regulars.analyze.plan import Trait
from regulars.analyze.traits import breadth, facts, first, latest, share, top

visits = facts("Order Completed")

themes.add("places")(
    Theme(
        place=30,
        traits=(
            Trait("first_store", "store of the first order", first(orders, carry="store")),
            Trait("last_store", "store of the latest order", latest(orders, carry="store")),
            Trait(
                "favorite_store", "store with the most orders", top(facts("Order Completed"), by="store"), history=True
            ),
            Trait("stores", "stores used", breadth(orders, by="store")),
            Trait("channels", "channels used", breadth(orders, by="channel"), history=True),
            Trait("last_channel", "channel of the latest order", latest(orders, carry="channel")),
            Trait("web_share", "part of orders on the web", share(facts("Order Completed"), channel="web"), "share"),
        ),
    )
)
