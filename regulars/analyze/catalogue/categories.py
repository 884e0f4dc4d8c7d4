"""Which part of the range she buys."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import breadth, facts, top, top_total

lines = facts("Order Line", value="revenue_cents")

themes.add("categories")(
    Theme(
        place=20,
        traits=(
            Trait("top_category", "category with the most spend", top(lines, by="category"), history=True),
            Trait("top_category_cents", "spend in that category", top_total(lines, by="category"), "cents"),
            Trait("categories", "categories bought", breadth(lines, by="category")),
        ),
    )
)
