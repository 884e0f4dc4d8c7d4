"""What we compute about every customer, and the groups that follow from it. Declared once; nothing runs here.

Names are columns: other rooms and reports read them. Money is cents, days are day numbers or numbers of days.
"""

from regulars.analyze.plan import Segment, Trait
from regulars.analyze.traits import (
    Scalar,
    breadth,
    count,
    days,
    distinct,
    facts,
    field,
    first,
    gaps,
    latest,
    maximum,
    median,
    sd,
    share,
    since,
    since_first,
    top,
    top_share,
    top_total,
    total,
)

orders = facts("Order Completed", value="revenue_cents")
lines = facts("Order Line", value="revenue_cents")
returned, refunded = facts("Item Returned", value="refund_cents"), facts("Order Refunded", value="refund_cents")
answers = facts("Survey Answered", value="score").above(score=0)
opens, clicks = facts("Email Opened"), facts("Email Link Clicked")
views, calls = facts("Page Viewed"), facts("Call Received", value="minutes")
searches, kept, offers = facts("Products Searched"), facts("Product Added to Wishlist"), facts("Promotion Clicked")
redemptions, mailings = facts("Coupon Redeemed"), facts("Campaign Sent")

spend, bought = total(orders), count(orders)
discounts = total(facts("Order Completed", value="discount_cents"))
coupon_orders = count(orders.above(coupon_cents=0))
refunds = total(returned) + total(refunded)
reviews = facts("Product Reviewed")
# Kinds of baskets, by rules about one order: see the score `purchase_mix`.
larger, dear = count(orders.above(quantity=3)), orders.above(revenue_cents=15_00)
stock_ups, treats = count(orders.above(quantity=15)), count(dear) - count(dear.above(quantity=3))
rhythm = gaps(orders)
away = since(orders)

TRAITS = (
    Trait("orders", "orders", bought),
    Trait("spend_cents", "spend", spend, "cents"),
    Trait("first_order_day", "day of the first order", Scalar("min", facts("Order Completed"), "day"), "date"),
    Trait("last_order_day", "day of the latest order", Scalar("max", facts("Order Completed"), "day"), "date"),
    Trait("days_since_order", "days since the latest order", away, "days"),
    Trait("days_since_first_order", "days since the first order", since_first(orders), "days"),
    Trait("order_days", "days with an order", rhythm.days()),
    Trait("order_span_days", "days between first and latest order", rhythm.span(), "days"),
    Trait("gap_mean_days", "usual days between orders", rhythm.mean(), "days"),
    Trait("gap_sd_days", "spread of the days between orders", rhythm.sd(), "days"),
    Trait("average_order_cents", "average order", spend / bought, "cents"),
    Trait("largest_order_cents", "largest order", maximum(orders), "cents"),
    Trait("orders_30", "orders in the last 30 days", bought.within(days=30)),
    Trait("orders_90", "orders in the last 90 days", bought.within(days=90)),
    Trait("orders_365", "orders in the last 365 days", bought.within(days=365)),
    Trait("spend_30_cents", "spend in the last 30 days", spend.within(days=30), "cents"),
    Trait("spend_90_cents", "spend in the last 90 days", spend.within(days=90), "cents"),
    Trait("spend_365_cents", "spend in the last 365 days", spend.within(days=365), "cents"),
    Trait("pieces", "pieces bought", total(facts("Order Completed", value="quantity"))),
    Trait("top_category", "category with the most spend", top(lines, by="category")),
    Trait("top_category_cents", "spend in that category", top_total(lines, by="category"), "cents"),
    Trait("categories", "categories bought", breadth(lines, by="category")),
    Trait("first_store", "store of the first order", first(orders, carry="store")),
    Trait("last_store", "store of the latest order", latest(orders, carry="store")),
    Trait("favorite_store", "store with the most orders", top(facts("Order Completed"), by="store")),
    Trait("stores", "stores used", breadth(orders, by="store")),
    Trait("channels", "channels used", breadth(orders, by="channel")),
    Trait("last_channel", "channel of the latest order", latest(orders, carry="channel")),
    Trait("web_share", "part of orders on the web", share(facts("Order Completed"), channel="web"), "share"),
    Trait("discount_share", "part of the shelf price taken off", discounts / (spend + discounts), "share"),
    Trait("coupon_orders", "orders with a coupon", coupon_orders),
    Trait("coupon_share", "part of orders with a coupon", coupon_orders / bought, "share"),
    Trait("redemptions", "coupons redeemed from campaigns", count(redemptions)),
    Trait("mailings_90", "campaigns received in the last 90 days", count(mailings).within(days=90)),
    Trait("private_share", "part of spend on our own brand", share(lines, brand="Private"), "share"),
    Trait("returns", "returns", count(returned) + count(refunded)),
    Trait("last_return_day", "day of the latest return", Scalar("max", facts("Item Returned"), "day"), "date"),
    Trait("refund_cents", "money given back", refunds, "cents"),
    Trait("net_spend_cents", "spend less refunds", spend - refunds, "cents"),
    Trait("return_rate", "part of spend given back", refunds / spend, "share"),
    Trait("survey_answers", "survey answers", count(answers)),
    Trait("survey_mean", "mean survey score", total(answers) / count(answers)),
    Trait("last_score", "latest survey score", latest(answers, carry="score")),
    Trait("last_answer_day", "day of the latest survey answer", Scalar("max", answers, "day"), "date"),
    Trait("email_opens_90", "e-mails opened in the last 90 days", count(opens).within(days=90)),
    Trait("email_clicks_90", "e-mail clicks in the last 90 days", count(clicks).within(days=90)),
    Trait("days_since_open", "days since an e-mail was opened", since(opens), "days"),
    Trait("page_views_30", "page views in the last 30 days", count(views).within(days=30)),
    Trait("page_views_90", "page views in the last 90 days", count(views).within(days=90)),
    Trait("searches_90", "searches in the web store in the last 90 days", count(searches).within(days=90)),
    Trait("list_adds_90", "products put on a list in the last 90 days", count(kept).within(days=90)),
    Trait("promotion_clicks_90", "offers followed in the last 90 days", count(offers).within(days=90)),
    Trait("calls_90", "calls in the last 90 days", count(calls).within(days=90)),
    Trait("call_minutes", "minutes on the phone", total(calls)),
    Trait("stock_ups", "orders of more than 15 pieces", stock_ups),
    Trait("top_ups", "orders of 4 to 15 pieces", larger - stock_ups),
    Trait("treats", "orders of up to 3 dear pieces", treats),
    Trait("grabs", "orders of up to 3 cheap pieces", bought - larger - treats),
    Trait("referrals", "friends who became customers", count(facts("Referral Completed"))),
    Trait("reviews", "products reviewed", count(reviews)),
    Trait("good_reviews", "reviews of four stars or more", count(reviews.above(score=3))),
    Trait("mentions", "posts that named us", count(facts("Brand Mentioned"))),
    Trait("recommendations", "products shared with somebody", count(facts("Product Shared"))),
    Trait("home_country", "country", field("country")),
    Trait("spoken_language", "language", field("language")),
    Trait("survey_sd", "spread of the survey scores", sd(answers)),
    Trait("order_weeks", "weeks with an order", rhythm.weeks()),
    Trait("longest_week_streak", "most weeks in a row with an order", rhythm.longest("weeks")),
    Trait("week_streak", "weeks in a row with an order, up to now", rhythm.current("weeks")),
    Trait("top_category_share", "part of spend on the main category", top_share(lines, by="category"), "share"),
    Trait("median_order_cents", "median order", median(orders), "cents", freshness="daily"),
    Trait("products", "different products bought", distinct(lines, by="product"), freshness="daily"),
    Trait("favorite_product", "product with the most spend", top(lines, by="product"), freshness="daily"),
    Trait(
        "cat_food_90", "cat food bought in the last 90 days", count(lines.where(category="CAT FOOD")).within(days=90)
    ),
)

SEGMENTS = (
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
    Segment("private_label_fans", "Fans of our own brand", (bought >= 5) & (share(lines, brand="Private") >= 0.4)),
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
)
