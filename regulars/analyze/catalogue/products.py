"""What she buys most of, and the middle of her orders."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.categories import lines
from regulars.analyze.catalogue.orders import orders
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, distinct, median, top, top_share

themes.add("products")(
    Theme(
        place=140,
        traits=(
            Trait("top_category_share", "part of spend on the main category", top_share(lines, by="category"), "share"),
            Trait("median_order_cents", "median order", median(orders), "cents", freshness="daily"),
            Trait("products", "different products bought", distinct(lines, by="product"), freshness="daily"),
            Trait("favorite_product", "product with the most spend", top(lines, by="product"), freshness="daily"),
            Trait(
                "cat_food_90",
                "cat food bought in the last 90 days",
                count(lines.where(category="CAT FOOD")).within(days=90),
            ),
        ),
    )
)
