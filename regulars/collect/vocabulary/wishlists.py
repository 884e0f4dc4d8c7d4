"""Wishlists."""

from regulars.collect.properties import CART_ID, PRODUCT, EventSchema, as_required, text
from regulars.collect.vocabulary import SEGMENT, Group, groups

LIST = (
    text("wishlist_id", "The wishlist", "wish-9"),
    text("wishlist_name", "What its owner calls it", "For the cats"),
)
ONE_PRODUCT = (*as_required(PRODUCT[0]), *PRODUCT[1:])

groups.add("wishlists")(
    Group(
        title="Wishlists",
        origin=SEGMENT,
        meaning="What people keep for later.",
        events=(
            EventSchema(
                name="Product Added to Wishlist", meaning="A product was kept.", properties=(*LIST, *ONE_PRODUCT)
            ),
            EventSchema(
                name="Product Removed from Wishlist",
                meaning="A product is no longer wanted.",
                properties=(*LIST, *ONE_PRODUCT),
            ),
            EventSchema(
                name="Wishlist Product Added to Cart",
                meaning="A kept product went into the cart.",
                properties=(*LIST, CART_ID, *ONE_PRODUCT),
            ),
        ),
    )
)
