"""Opinions about products."""

from regulars.collect.properties import EventSchema, number, text
from regulars.collect.vocabulary import SEGMENT, Group, groups

groups.add("reviewing")(
    Group(
        title="Reviewing",
        origin=SEGMENT,
        meaning="What people say about what they bought.",
        events=(
            EventSchema(
                name="Product Reviewed",
                meaning="Somebody wrote about a product.",
                properties=(
                    text("product_id", "The product", "981760", required=True),
                    text("review_id", "The review", "review-12"),
                    text("review_body", "What it says", "My cats love it", personal="free_text"),
                    number("rating", "Stars", 5),
                ),
            ),
        ),
    )
)
