"""What she does in the web store beside buying."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, facts

views = facts("Page Viewed")
searches, kept, offers = facts("Products Searched"), facts("Product Added to Wishlist"), facts("Promotion Clicked")

themes.add("browsing")(
    Theme(
        place=80,
        traits=(
            Trait("page_views_30", "page views in the last 30 days", count(views).within(days=30)),
            Trait("page_views_90", "page views in the last 90 days", count(views).within(days=90)),
            Trait("searches_90", "searches in the web store in the last 90 days", count(searches).within(days=90)),
            Trait("list_adds_90", "products put on a list in the last 90 days", count(kept).within(days=90)),
            Trait("promotion_clicks_90", "offers followed in the last 90 days", count(offers).within(days=90)),
        ),
    )
)
