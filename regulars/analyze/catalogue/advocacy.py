"""What she says of us to others."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, facts

reviews = facts("Product Reviewed")

themes.add("advocacy")(
    Theme(
        place=110,
        traits=(
            Trait("referrals", "friends who became customers", count(facts("Referral Completed"))),
            Trait("reviews", "products reviewed", count(reviews)),
            Trait("good_reviews", "reviews of four stars or more", count(reviews.above(score=3))),
            Trait("mentions", "posts that named us", count(facts("Brand Mentioned"))),
            Trait("recommendations", "products shared with somebody", count(facts("Product Shared"))),
        ),
    )
)
