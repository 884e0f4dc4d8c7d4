"""Shopify: orders, refunds, customers and checkouts.

Signed with the app's secret (or the shop's, for webhooks made in its settings): base64 HMAC-SHA256 of the raw body.
Answers are waited for 5 seconds. Amounts are those of the shop's currency. `X-Shopify-Webhook-Id` names a delivery and
stays the same when it is sent again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from regulars.collect import amounts
from regulars.collect.payload import Content, inside, items, needed, pieces, stated, text
from regulars.collect.webhooks import (
    Posted,
    Said,
    Told,
    Webhook,
    change,
    consent,
    is_signed,
    names_order,
    track,
    webhooks,
)

# Money has changed hands, at least in part. What is pending or authorized may still come to nothing.
PAID = frozenset({"paid", "partially_paid", "partially_refunded", "refunded"})
# A refund under way counts; one that failed gave nothing back.
GIVEN_BACK = frozenset({"success", "pending"})
CONSENT = {"subscribed": True, "unsubscribed": False, "redacted": False}
"""States of a marketing consent. not_subscribed was never asked, pending has not confirmed: neither is an answer."""


def verify(posted: Posted, secret: str) -> bool:
    """Base64 HMAC-SHA256 over the raw body."""
    return is_signed(posted.headers.get("x-shopify-hmac-sha256", ""), secret, posted.body)


def delivery_id(posted: Posted) -> str:
    """The same for every attempt."""
    return posted.headers.get("x-shopify-webhook-id", "")


def topic(posted: Posted) -> str:
    """As in the vendor's settings, with a slash."""
    return posted.headers.get("x-shopify-topic", "")


def events(told: Told) -> list[Said]:
    """What this delivery tells of; test orders tell of nothing."""
    return MAPS[told.topic](told.content)


def order(content: Content) -> list[Said]:
    """An order once it is paid, once it is cancelled, and each change of it."""
    if content.get("test") is True:
        return []
    number, changed_at = needed(content, "id"), text(content, "updated_at")
    said: list[Said] = []
    if text(content, "financial_status") in PAID:
        at = text(content, "processed_at") or needed(content, "created_at")
        said.append(Said(f"order:{number}:completed", _of_order("Order Completed", at, content, number)))
    if cancelled_at := text(content, "cancelled_at"):
        said.append(Said(f"order:{number}:cancelled", _of_order("Order Cancelled", cancelled_at, content, number)))
    if changed_at and changed_at != text(content, "created_at"):
        said.append(
            change(f"order:{number}:updated:{changed_at}", _of_order("Order Updated", changed_at, content, number))
        )
    return said


def _of_order(event: str, at: str, content: Content, number: str) -> dict[str, Any]:
    currency = needed(content, "currency")
    # As it was bought; what editing or returning made of it stands in current_total_price.
    total = content.get("total_price")
    if event != "Order Completed":
        total = content.get("current_total_price") or total
    properties = _person(content) | stated(
        order_id=number,
        order_name=text(content, "name"),
        checkout_id=text(content, "checkout_token"),
        revenue=amounts.text(total, currency),
        total=amounts.text(total, currency),
        subtotal=_amount(content, currency, "subtotal_price"),
        tax=_amount(content, currency, "total_tax"),
        shipping=_amount(content, currency, "total_shipping_price_set", "shop_money", "amount"),
        discount=_amount(content, currency, "total_discounts"),
        coupon=", ".join(filter(None, (text(code, "code") for code in items(content, "discount_codes")))),
        currency=currency,
        channel="store" if text(content, "source_name") == "pos" else "web",
        store_id=text(content, "location_id"),
        status=text(content, "financial_status"),
        reason=text(content, "cancel_reason") if event == "Order Cancelled" else None,
        products=[_product(line, currency) for line in items(content, "line_items")],
    )
    context = names_order(number) if items(content, "refunds") else None
    return track(event, at, properties, userId=text(content, "customer", "id"), context=context)


def _person(content: Content) -> dict[str, Any]:
    return stated(
        email=text(content, "email") or text(content, "contact_email") or text(content, "customer", "email"),
        phone=text(content, "phone") or text(content, "customer", "phone"),
    )


def _product(line: Content, currency: str) -> dict[str, Any]:
    quantity, price = amounts.decimal(line.get("quantity", 1)), amounts.decimal(line.get("price", "0"))
    taken_off = sum((amounts.decimal(each.get("amount")) for each in items(line, "discount_allocations")), Decimal(0))
    return stated(
        product_id=text(line, "product_id"),
        sku=text(line, "sku"),
        name=text(line, "title"),
        variant=text(line, "variant_title"),
        brand=text(line, "vendor"),
        quantity=pieces(line, "quantity"),
        price=amounts.text(price, currency),
        discount=amounts.text(taken_off, currency) if taken_off else None,
        revenue=amounts.text(price * quantity - taken_off, currency),
    )


def _amount(content: object, currency: str, *keys: str) -> str | None:
    found = inside(content, *keys)
    return None if found is None else amounts.text(found, currency)


def refund(content: Content) -> list[Said]:
    """One event a refund, with all the money it gave back: of goods that came back, or of the order alone.

    It names its order and no customer; `names_order` on the order's own change joins it to her.
    """
    moves = [move for move in items(content, "transactions") if move.get("kind") == "refund"]
    if moves and all(move.get("test") is True for move in moves):
        return []
    number, order_id = needed(content, "id"), needed(content, "order_id")
    goods = items(content, "refund_line_items")
    given, currency = _given_back(content, moves, goods)
    properties = stated(
        order_id=order_id,
        refund_id=number,
        revenue=amounts.text(given, currency) if currency else "0",
        currency=currency,
        reason=text(content, "note"),
        products=[_returned(each, currency) for each in goods if currency],
    )
    at = text(content, "processed_at") or needed(content, "created_at")
    return [Said(f"refund:{number}", track("Item Returned" if goods else "Order Refunded", at, properties))]


def _given_back(content: Content, moves: list[Content], goods: list[Content]) -> tuple[Decimal, str]:
    """The money in the shop's currency, and which that is."""
    shop = next(filter(None, (text(each, "subtotal_set", "shop_money", "currency_code") for each in goods)), None)
    currencies = {text(move, "currency") for move in moves} - {None}
    if moves and (shop is None or currencies <= {shop}):
        done = (amounts.decimal(move.get("amount")) for move in moves if move.get("status") in GIVEN_BACK)
        return sum(done, Decimal(0)), shop or max(filter(None, currencies), default="")
    if not moves or shop is None:
        return Decimal(0), shop or ""
    # Paid in another currency than the shop's: what the lines and the adjustments (negative: given back) add up to.
    back = sum((_shop_money(each, "subtotal_set") + _shop_money(each, "total_tax_set") for each in goods), Decimal(0))
    adjusted = items(content, "order_adjustments")
    return back - sum(
        (_shop_money(e, "amount_set") + _shop_money(e, "tax_amount_set") for e in adjusted), Decimal(0)
    ), shop


def _shop_money(content: Content, name: str) -> Decimal:
    return amounts.decimal(inside(content, name, "shop_money", "amount") or 0)


def _returned(each: Content, currency: str) -> dict[str, Any]:
    line = inside(each, "line_item")
    back = inside(each, "subtotal_set", "shop_money", "amount")
    return stated(
        product_id=text(line, "product_id"),
        sku=text(line, "sku"),
        name=text(line, "title"),
        brand=text(line, "vendor"),
        quantity=pieces(each, "quantity"),
        revenue=amounts.text(each.get("subtotal") if back is None else back, currency),
    )


def customer(content: Content) -> list[Said]:
    """Who she is, and what she last answered to being written to."""
    user, at = needed(content, "id"), text(content, "updated_at") or needed(content, "created_at")
    home = inside(content, "default_address")
    traits = stated(
        email=text(content, "email"),
        phone=text(content, "phone"),
        first_name=text(content, "first_name"),
        last_name=text(content, "last_name"),
        created_at=text(content, "created_at"),
        address=stated(
            street=text(home, "address1"),
            city=text(home, "city"),
            postcode=text(home, "zip"),
            state=text(home, "province_code"),
            country=text(home, "country_code"),
        ),
    )
    said = [change(f"customer:{user}:{at}", {"type": "identify", "userId": user, "timestamp": at, "traits": traits})]
    for channel, field, address in (
        ("email", "email_marketing_consent", traits.get("email")),
        ("sms", "sms_marketing_consent", traits.get("phone")),
    ):
        state = text(content, field, "state") or ""
        answered_at = text(content, field, "consent_updated_at")
        # A yes without its time would count as given now; a no may.
        if state in CONSENT and (answered_at or not CONSENT[state]):
            when = answered_at or at
            key = f"customer:{user}:{channel}:{state}:{when}"
            said.append(consent(channel, CONSENT[state], when, user, key, address))
    return said


def checkout(content: Content) -> list[Said]:
    """A checkout that was begun, once it names somebody: most begin without a name and tell of nobody."""
    person, user = _person(content), text(content, "customer", "id")
    if not person and not user:
        return []
    token = text(content, "token") or needed(content, "id")
    currency = needed(content, "currency")
    properties = person | stated(
        checkout_id=token,
        value=_amount(content, currency, "total_price"),
        tax=_amount(content, currency, "total_tax"),
        discount=_amount(content, currency, "total_discounts"),
        currency=currency,
        channel="web",
        products=[_product(line, currency) for line in items(content, "line_items")],
    )
    return [
        Said(
            f"checkout:{token}:started",
            track("Checkout Started", needed(content, "created_at"), properties, userId=user),
        )
    ]


MAPS = {
    "orders/create": order,
    "orders/paid": order,
    "orders/updated": order,
    "orders/cancelled": order,
    "refunds/create": refund,
    "customers/create": customer,
    "customers/update": customer,
    "checkouts/create": checkout,
    "checkouts/update": checkout,
}
webhooks.add("shopify")(
    Webhook(kind="shop", verify=verify, delivery_id=delivery_id, topic=topic, map=events, topics=tuple(MAPS))
)
