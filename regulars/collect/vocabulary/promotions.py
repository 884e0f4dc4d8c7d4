"""Banners and other promotions inside a store."""

from regulars.collect.properties import EventSchema, text
from regulars.collect.vocabulary import SEGMENT, Group, groups

PROMOTION = (
    text("promotion_id", "The promotion", "promo-spring"),
    text("creative", "Which picture or text was used", "banner-green"),
    text("name", "What the promotion is called", "Spring cleaning"),
    text("position", "Where it stood", "home-top"),
)

groups.add("promotions")(
    Group(
        title="Promotions",
        origin=SEGMENT,
        meaning="What was offered inside the store, and who followed it.",
        events=(
            EventSchema(name="Promotion Viewed", meaning="A promotion came into view.", properties=PROMOTION),
            EventSchema(name="Promotion Clicked", meaning="Somebody followed a promotion.", properties=PROMOTION),
        ),
    )
)
