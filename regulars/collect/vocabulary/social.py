"""What is said about the brand in public."""

from regulars.collect.properties import EventSchema, choice, number, text, whole
from regulars.collect.vocabulary import EXTENSION, Group, groups

POST = (
    text("network", "Where it was written", "mastodon", required=True),
    text("url", "Its address", "https://social.example/@clem/1"),
    text("author", "Name of the writer there", "@clem", personal="identifier"),
    text("text", "What it says", "Corner Market saved my Sunday", personal="free_text"),
    choice("sentiment", "How it was meant", "positive", "neutral", "negative"),
    whole("reach", "How many may have seen it", 1200),
)

groups.add("social")(
    Group(
        title="Social mentions",
        origin=EXTENSION,
        meaning="Posts that name the brand, and ratings on other people's sites.",
        events=(
            EventSchema(name="Brand Mentioned", meaning="A post named the brand.", properties=POST),
            EventSchema(
                name="Store Rated",
                meaning="A store was rated on a map or a rating site.",
                properties=(
                    *POST,
                    text("store_id", "The store", "367"),
                    number("rating", "Stars", 4.5),
                ),
            ),
        ),
    )
)
