"""Customers who bring customers."""

from regulars.collect.properties import EventSchema, text
from regulars.collect.vocabulary import EXTENSION, Group, groups

groups.add("referring")(
    Group(
        title="Referrals",
        origin=EXTENSION,
        meaning="Friends who were recommended us and came.",
        events=(
            EventSchema(
                name="Referral Completed",
                meaning="Somebody whom she recommended us to became a customer; hers, not the friend's.",
                properties=(
                    text("referral_id", "The referral", "referral-12", required=True),
                    text("code", "The code she gave away", "CLEM-10"),
                    text("order_id", "The friend's first order", "31198459082"),
                ),
            ),
        ),
    )
)
