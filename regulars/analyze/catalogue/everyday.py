"""Segments that every brand asks for first. A new one goes into a file of its own, behind them."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.browsing import views
from regulars.analyze.catalogue.categories import lines
from regulars.analyze.catalogue.mailings import clicks, opens
from regulars.analyze.catalogue.orders import away, bought, orders, rhythm, spend
from regulars.analyze.catalogue.reductions import coupon_orders
from regulars.analyze.catalogue.surveys import answers
from regulars.analyze.plan import Segment
from regulars.analyze.traits import breadth, count, days, share, since_first, total

themes.add("everyday")(
    Theme(
        place=200,
        segments=(
            Segment(
                "lapsing_regulars",
                "Lapsing regulars",
                (rhythm.days() >= 6) & (away > rhythm.mean() * 2 + 7) & (away <= days(180)),
            ),
            Segment(
                "best_customers",
                "Best customers",
                (spend.within(days=365) >= 3_000_00) & (bought.within(days=90) >= 6),
            ),
            Segment("new_customers", "New customers", since_first(orders) <= days(30)),
            Segment(
                "at_risk",
                "Valued customers at risk",
                (spend.within(days=365) >= 1_000_00) & (away > days(45)),
            ),
            Segment("one_channel", "One-channel shoppers", (bought >= 3) & breadth(orders, by="channel").equals(1)),
            Segment("coupon_lovers", "Coupon lovers", (coupon_orders >= 3) & (coupon_orders / bought >= 0.1)),
            Segment(
                "private_label_fans", "Fans of our own brand", (bought >= 5) & (share(lines, brand="Private") >= 0.4)
            ),
            Segment(
                "email_readers",
                "E-mail readers",
                (count(opens).within(days=90) >= 3) | (count(clicks).within(days=90) >= 1),
            ),
            Segment("unhappy", "Unhappy customers", (count(answers) >= 1) & (total(answers) / count(answers) < 3)),
            Segment(
                "browsing_only",
                "Browsing, not buying",
                (count(views).within(days=30) >= 3) & bought.within(days=30).equals(0),
            ),
        ),
    )
)
