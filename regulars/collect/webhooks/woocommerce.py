"""WooCommerce: orders with their refunds, and customers.

Signed with the webhook's own secret: base64 HMAC-SHA256 of the raw body. Refunds have no topic of their own: they stand
in the order, which is sent again as `order.updated`. The vendor makes a delivery id of the webhook and the second, so
two orders of one second share it: only with the body's hash does it name a delivery.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from regulars.collect import amounts
from regulars.collect.payload import Content, inside, items, needed, pieces, stated, text
from regulars.collect.webhooks import Posted, Said, Told, Webhook, change, is_signed, track, webhooks

# Paid, or to be paid at the door; on-hold waits for a transfer.
SOLD = frozenset({"processing", "completed", "refunded"})
NO_ACCOUNT = "0"
BODY_HASH_CHARACTERS = 16
# By this the shop tries the address when a webhook is saved: no signature, no JSON, and it wants to hear 200.
PING = re.compile(rb"webhook_id=\d{1,20}")


def verify(posted: Posted, secret: str) -> bool:
    """Base64 HMAC-SHA256 over the raw body."""
    return is_signed(posted.headers.get("x-wc-webhook-signature", ""), secret, posted.body)


def delivery_id(posted: Posted) -> str:
    """The vendor's, and the body's hash."""
    given = posted.headers.get("x-wc-webhook-delivery-id", "")
    return f"{given}:{hashlib.sha256(posted.body).hexdigest()[:BODY_HASH_CHARACTERS]}" if given else ""


def topic(posted: Posted) -> str:
    """As in the vendor's settings, with a dot."""
    return posted.headers.get("x-wc-webhook-topic", "")


def is_ping(posted: Posted) -> bool:
    """The shop tries the address."""
    return PING.fullmatch(posted.body) is not None


def events(told: Told) -> list[Said]:
    """What this delivery tells of."""
    return MAPS[told.topic](told.content)


def order(content: Content) -> list[Said]:
    """An order once it is sold, once it is cancelled, each change of it, and each refund in it.

    `order_id` is the order's key: its number begins at 1 in every shop, and may be one of the tills' as well.
    """
    key, status = needed(content, "order_key"), needed(content, "status")
    created_at, changed_at = _time(content, "date_created_gmt"), _time(content, "date_modified_gmt")
    at = changed_at or created_at
    said: list[Said] = []
    if status in SOLD or _time(content, "date_paid_gmt"):
        said.append(Said(f"order:{key}:completed", _of_order("Order Completed", created_at, content)))
    if status == "cancelled":
        said.append(Said(f"order:{key}:cancelled", _of_order("Order Cancelled", at, content)))
    if changed_at and changed_at != created_at:
        said.append(
            change(f"order:{key}:updated:{changed_at}:{status}", _of_order("Order Updated", changed_at, content))
        )
    said += [_refund(each, content, at) for each in items(content, "refunds")]
    if said and _user(content) is None:
        said.append(Said(f"order:{key}:guest", _guest(content, created_at)))
    return said


def _time(content: Content, name: str) -> str | None:
    """The vendor's times in UTC carry no zone."""
    told = text(content, name)
    return f"{told}Z" if told and not told.endswith("Z") else told


def _of_order(event: str, at: str | None, content: Content) -> dict[str, Any]:
    currency = needed(content, "currency")
    total = amounts.text(content.get("total"), currency)
    properties = _contact(content) | stated(
        order_id=needed(content, "order_key"),
        order_name=text(content, "number"),
        revenue=total,
        total=total,
        tax=_amount(content, "total_tax", currency),
        shipping=_amount(content, "shipping_total", currency),
        discount=_amount(content, "discount_total", currency),
        coupon=", ".join(filter(None, (text(each, "code") for each in items(content, "coupon_lines")))),
        currency=currency,
        channel="web",
        status=text(content, "status"),
        products=[_product(line, currency) for line in items(content, "line_items")],
    )
    return track(event, at, properties, userId=_user(content))


def _user(content: Content) -> str | None:
    user = text(content, "customer_id")
    return None if user == NO_ACCOUNT else user


def _contact(content: Content) -> dict[str, Any]:
    return stated(email=text(content, "billing", "email"), phone=text(content, "billing", "phone"))


def _amount(content: Content, name: str, currency: str) -> str | None:
    return None if content.get(name) in (None, "") else amounts.text(content[name], currency)


def _product(line: Content, currency: str) -> dict[str, Any]:
    before, after = amounts.decimal(line.get("subtotal") or "0"), amounts.decimal(line.get("total") or "0")
    return stated(
        product_id=text(line, "product_id"),
        sku=text(line, "sku"),
        name=text(line, "name"),
        variant=None if text(line, "variation_id") == "0" else text(line, "variation_id"),
        quantity=pieces(line, "quantity"),
        # Lines are stored finer than the currency goes; the vendor rounds what it shows, too.
        discount=amounts.rounded(before - after, currency) if before != after else None,
        revenue=amounts.rounded(after, currency),
    )


def _refund(each: Content, content: Content, at: str | None) -> Said:
    """Of the money alone: the order does not say which goods came back. It is dated when we heard of it."""
    currency, number = needed(content, "currency"), needed(each, "id")
    properties = _contact(content) | stated(
        order_id=needed(content, "order_key"),
        refund_id=number,
        revenue=amounts.text(abs(amounts.decimal(each.get("total"))), currency),
        currency=currency,
        reason=text(each, "reason"),
    )
    return Said(f"refund:{number}", track("Order Refunded", at, properties, userId=_user(content)))


def _guest(content: Content, at: str | None) -> dict[str, Any]:
    """Who ordered without an account."""
    home = inside(content, "billing")
    return {"type": "identify", "timestamp": at, "traits": _contact(content) | _named(home)}


def _named(home: object) -> dict[str, Any]:
    return stated(
        first_name=text(home, "first_name"),
        last_name=text(home, "last_name"),
        address=stated(
            street=text(home, "address_1"),
            city=text(home, "city"),
            postcode=text(home, "postcode"),
            state=text(home, "state"),
            country=text(home, "country"),
        ),
    )


def customer(content: Content) -> list[Said]:
    """Who she is. The vendor keeps no consent."""
    user, at = needed(content, "id"), _time(content, "date_modified_gmt") or _time(content, "date_created_gmt")
    own = stated(
        email=text(content, "email"),
        first_name=text(content, "first_name"),
        last_name=text(content, "last_name"),
        phone=text(content, "billing", "phone"),
        created_at=_time(content, "date_created_gmt"),
    )
    traits = _named(inside(content, "billing")) | own
    return [change(f"customer:{user}:{at}", {"type": "identify", "userId": user, "timestamp": at, "traits": traits})]


MAPS = {"order.created": order, "order.updated": order, "customer.created": customer, "customer.updated": customer}
webhooks.add("woocommerce")(
    Webhook(
        kind="shop",
        verify=verify,
        delivery_id=delivery_id,
        topic=topic,
        map=events,
        topics=tuple(MAPS),
        is_greeting=is_ping,
    )
)
