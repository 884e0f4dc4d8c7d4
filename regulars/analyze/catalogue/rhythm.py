"""Weeks in which she came."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.orders import rhythm
from regulars.analyze.plan import Trait

themes.add("rhythm")(
    Theme(
        place=130,
        traits=(
            Trait("order_weeks", "weeks with an order", rhythm.weeks()),
            Trait("longest_week_streak", "most weeks in a row with an order", rhythm.longest("weeks")),
            Trait("week_streak", "weeks in a row with an order, up to now", rhythm.current("weeks")),
        ),
    )
)
