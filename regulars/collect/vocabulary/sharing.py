"""Recommending to somebody."""

from regulars.collect.properties import CART_ID, PRODUCT, EventSchema, as_required, rows, text
from regulars.collect.vocabulary import SEGMENT, Group, groups

HOW = (
    text("share_via", "By which way", "email"),
    text("share_message", "What was written with it", "Look at this", personal="free_text"),
    text("recipient", "To whom", "friend@example.com", personal="email"),
)

groups.add("sharing")(
    Group(
        title="Sharing",
        origin=SEGMENT,
        meaning="What people tell others.",
        events=(
            EventSchema(
                name="Product Shared",
                meaning="A product was sent to somebody.",
                properties=(*HOW, *as_required(PRODUCT[0]), *PRODUCT[1:7], *PRODUCT[10:]),
            ),
            EventSchema(
                name="Cart Shared",
                meaning="A cart was sent to somebody.",
                properties=(*HOW, CART_ID, rows("products", "What is in it", PRODUCT[0])),
            ),
        ),
    )
)
