"""Looking for products and looking through lists."""

from regulars.collect.properties import PRODUCTS, EventSchema, rows, text
from regulars.collect.vocabulary import SEGMENT, Group, groups

LIST = (
    text("list_id", "The list, as your store names it", "cat-food"),
    text("category", "Category the list shows", "CAT FOOD"),
)

groups.add("browsing")(
    Group(
        title="Browsing",
        origin=SEGMENT,
        meaning="What people look for before they look at one product.",
        events=(
            EventSchema(
                name="Products Searched",
                meaning="Somebody typed words into the search of the store.",
                properties=(text("query", "The words, as typed", "grain free cat food", required=True),),
            ),
            EventSchema(
                name="Product List Viewed",
                meaning="A list of products was shown: a category, a collection.",
                properties=(*LIST, PRODUCTS),
            ),
            EventSchema(
                name="Product List Filtered",
                meaning="A list was narrowed or sorted.",
                properties=(
                    *LIST,
                    rows(
                        "filters",
                        "What narrowed it",
                        text("type", "By what", "brand"),
                        text("value", "To which value", "National"),
                    ),
                    rows(
                        "sorts",
                        "What sorted it",
                        text("type", "By what", "price"),
                        text("value", "In which order", "asc"),
                    ),
                    PRODUCTS,
                ),
            ),
        ),
    )
)
