"""One time line across all sources."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.money import money
from regulars.profile.read import SQL

TIMELINE_LIMIT = 50
# Whatever a source wrote into its fields, a line of the time line stays one that can be read.
SUMMARY_MAX_CHARACTERS = 300


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a customer, with a sentence for people and its properties for programs."""

    seq: int
    at: datetime
    source: str
    source_kind: str
    kind: str
    name: str
    summary: str
    properties: dict[str, Any]
    generated: bool
    """True for events a generator invented (the demo brand says so in context.generated)."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event that people look for."""

    title: str
    names: tuple[str, ...] = ()
    """Of track events."""
    kinds: tuple[str, ...] = ()


Anchor = tuple[datetime, int]
"""Instant and position of the last event already seen."""


def timeline(
    app: App, customer: int, before: Anchor | None = None, limit: int = TIMELINE_LIMIT, topic: str = ""
) -> list[TimelineItem]:
    """Events of this customer, latest first, of one topic or all; `before` is the last one already seen."""
    wanted = TOPICS.get(topic)
    at, seq = before or (None, None)
    given = {
        "customer": customer,
        "at": at,
        "seq": seq,
        "limit": limit,
        "names": list(wanted.names) if wanted else None,
        "kinds": list(wanted.kinds) if wanted else [],
    }
    return [_item(row, app.settings.brand_currency) for row in app.db.execute(SQL.timeline, given)]


def summarize(kind: str, name: str, given: dict[str, Any], currency: str) -> str:
    """One sentence a marketer can read; amounts in the event's own currency, or else in the brand's."""
    if kind == "page":
        return f"Looked at {name or 'a page'}"
    if kind == "identify":
        return "Gave details: " + (", ".join(_plain(field) for field in sorted(given)) or "nothing new")
    spoken = given | {"revenue": _amount(given.get("revenue"), str(given.get("currency") or currency))}
    if name == "Order Completed":
        return _order(spoken)
    if name in ("Segment Entered", "Segment Left"):
        spoken["title"] = given.get("title") or _opened(_plain(str(given.get("segment") or "a segment")))
    return _filled(SENTENCES.get(name, name), spoken)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= SUMMARY_MAX_CHARACTERS else sentence[: SUMMARY_MAX_CHARACTERS - 1] + "…"


def _item(row: tuple[Any, ...], currency: str) -> TimelineItem:
    seq, at, source, source_kind, kind, name, body = row
    given: dict[str, Any] = body.get("traits" if kind == "identify" else "properties") or {}
    context: dict[str, Any] = body.get("context") or {}
    return TimelineItem(
        seq=seq,
        at=at,
        source=source,
        source_kind=source_kind,
        kind=kind,
        name=name,
        summary=_short(summarize(kind, name, given, currency)),
        properties=given,
        generated=context.get("generated") is True,
    )


def _order(given: dict[str, Any]) -> str:
    products = given.get("products")
    items = len(cast(list[object], products)) if isinstance(products, list) else 0
    place = "on the web" if given.get("channel") == "web" else f"in store {given.get('store_id', '')}".strip()
    return f"Bought {items} product{'' if items == 1 else 's'} for {given['revenue']} {place}"


def _amount(value: Any, currency: str) -> str:
    """Decimals on the wire as people write money; what is no amount stays as it came."""
    amount = collect.cents(value or 0)
    return str(value) if amount is None else money(amount, currency)


def _plain(name: str) -> str:
    """first_name or firstName: first name."""
    return HUMP.sub(r"\1 \2", name).replace("_", " ").lower()


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]


def _filled(template: str, given: dict[str, Any]) -> str:
    return PLACE.sub(lambda found: str(given.get(found[1], "?")), template)


HUMP = re.compile(r"([a-z])([A-Z])")
PLACE = re.compile(r"\{(\w+)\}")
TOPICS = {
    "purchases": Topic(
        title="Purchases",
        names=("Order Completed", "Order Updated", "Receipt Issued", "Coupon Redeemed", "Coupon Applied"),
    ),
    "returns": Topic(title="Returns", names=("Order Refunded", "Order Cancelled", "Item Returned")),
    "visits": Topic(
        title="Visits",
        kinds=("page", "screen"),
        names=(
            *("Signed In", "Signed Out", "Products Searched", "Product List Viewed", "Product List Filtered"),
            *(
                "Product Clicked",
                "Product Viewed",
                "Product Added",
                "Product Removed",
                "Cart Viewed",
                "Checkout Started",
            ),
            *("Promotion Viewed", "Promotion Clicked", "Visit Started", "Visit Ended", "Product Tried"),
            *("Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart"),
        ),
    ),
    "messages": Topic(
        title="Messages",
        names=(
            *(
                "Message Sent",
                "Campaign Sent",
                "Email Delivered",
                "Email Opened",
                "Email Link Clicked",
                "Email Bounced",
            ),
            *("Email Complained", "Email Marked as Spam", "Unsubscribed", "Survey Sent"),
        ),
    ),
    "calls": Topic(
        title="Calls and answers",
        names=(
            *("Call Received", "Call Made", "Chat Ended", "Complaint Filed", "Complaint Resolved", "Survey Answered"),
            *("Product Reviewed", "Store Rated", "Associate Assisted"),
        ),
    ),
    "points": Topic(
        title="Points",
        names=(
            *(
                "Loyalty Joined",
                "Points Earned",
                "Points Redeemed",
                "Tier Credit Granted",
                "Points Expired",
                "Points Adjusted",
                "Tier Changed",
            ),
            "Reward Claimed",
        ),
    ),
    "details": Topic(title="Details", kinds=("identify",), names=("Signed Up", "Consent Given", "Consent Withdrawn")),
    "identity": Topic(title="Who is who", names=("Customers Merged", "Customer Split")),
    "segments": Topic(title="Segments", names=("Segment Entered", "Segment Left", "Lifecycle Stage Entered")),
}
SENTENCES = {
    "Signed Up": "Signed up",
    "Signed In": "Signed in",
    "Signed Out": "Signed out",
    "Products Searched": "Searched for “{query}”",
    "Product List Viewed": "Looked through products",
    "Product Viewed": "Looked at a product",
    "Product Clicked": "Chose a product",
    "Product Added": "Put a product into the cart",
    "Product Removed": "Took a product out of the cart",
    "Cart Viewed": "Looked into the cart",
    "Checkout Started": "Went to the checkout",
    "Order Cancelled": "Canceled order {order_id}",
    "Unsubscribed": "Asked for no more messages",
    "Call Made": "Was called",
    "Complaint Filed": "Complained",
    "Complaint Resolved": "Had a complaint settled",
    "Loyalty Joined": "Joined the loyalty programme",
    "Points Redeemed": "Spent {points} points",
    "Opportunity Taken Up": "Counted among {title}: {because}",
    "Tier Credit Granted": "Got {quantity} credits towards a tier",
    "Visit Started": "Came in",
    "Visit Ended": "Left the store",
    "Customer Split": "Found to be another person than customer {from}",
    "Coupon Redeemed": "Redeemed coupon {coupon_id}",
    "Campaign Sent": "Was sent campaign {campaign_id}",
    "Email Delivered": "Got the e-mail of campaign {campaign_id}",
    "Email Opened": "Opened the e-mail of campaign {campaign_id}",
    "Email Link Clicked": "Clicked in the e-mail of campaign {campaign_id}",
    "Email Bounced": "An e-mail came back",
    "Email Complained": "Marked our e-mail as spam",
    "Email Marked as Spam": "Marked our e-mail as spam",
    "Order Refunded": "Got {revenue} back for order {order_id}",
    "Item Returned": "Returned something of order {order_id} for {revenue}",
    "Survey Answered": "Answered “{question}” with {score} of 5",
    "Call Received": "Called: {reason}",
    "Segment Entered": "Entered {title}",
    "Segment Left": "Left {title}",
    "Lifecycle Stage Entered": "Came into the stage {title}",
    "Points Earned": "Earned {points} points",
    "Message Sent": "Was sent {template} by {channel}",
    "Consent Given": "Agreed to {channel}",
    "Consent Withdrawn": "No longer wants {channel}",
    "Customers Merged": "Found to be the same person as customer {loser}",
}
