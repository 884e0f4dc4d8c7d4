"""Stripe: charges, their refunds, and customers.

Signed with the endpoint's signing secret: `Stripe-Signature: t=<seconds>,v1=<hex>` holds the HMAC-SHA256 of time, a dot
and the raw body; every attempt is signed anew, so a time far from ours is a replay. `id` in the body names an event of
the vendor and stays the same when it is sent again. Events of its test mode tell nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from regulars.collect import amounts
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.payload import Content, inside, needed, stated, text
from regulars.collect.webhooks import (
    Posted,
    Said,
    Told,
    Webhook,
    change,
    is_signed_in_hex,
    names_order,
    text_in_body,
    track,
    webhooks,
)

CLOCKS_APART_SECONDS = 300
# While a signing secret is rolled, a request is signed with the old and the new one.
SIGNATURES_MAX = 8
# The vendor's minor unit where it is not the currency's own: how many of them make one unit.
# https://docs.stripe.com/currencies
PARTS = {"ISK": 100, "MGA": 1, "UGX": 100}


def verify(posted: Posted, secret: str) -> bool:
    """One of the signatures is the hex HMAC-SHA256 over time and raw body, and the time is about now."""
    fields = [part.strip().partition("=") for part in posted.headers.get("stripe-signature", "").split(",")]
    told = next((value for name, _, value in fields if name == "t"), "")
    if not (told.isascii() and told.isdecimal() and len(told) <= len("1772463600000")):
        return False
    if abs(posted.received_at.timestamp() - int(told)) > CLOCKS_APART_SECONDS:
        return False
    signatures = [value for name, _, value in fields if name == "v1"][:SIGNATURES_MAX]
    content = told.encode() + b"." + posted.body
    return any(is_signed_in_hex(each, secret, content) for each in signatures)


def events(told: Told) -> list[Said]:
    """What this delivery tells of."""
    if inside(told.content, "livemode") is False:
        return []
    content = inside(told.content, "data", "object")
    return MAPS[told.topic.partition(".")[0]](content, _time(told.content))


def charge(content: object, at: str) -> list[Said]:
    """A charge once its money was taken, and each change of one of which something was given back.

    `order_id` is the charge's id: that is what a refund names.
    """
    if not (inside(content, "paid") is True and inside(content, "captured") is True):
        return []
    number, currency = needed(content, "id"), needed(content, "currency").upper()
    properties = stated(
        order_id=number,
        payment_intent=text(content, "payment_intent"),
        receipt=text(content, "receipt_number"),
        revenue=_money(content, currency, "amount_captured", "amount"),
        currency=currency,
        channel="store" if inside(content, "payment_method_details", "card_present") else "web",
        email=text(content, "billing_details", "email") or text(content, "receipt_email"),
        phone=text(content, "billing_details", "phone"),
        payment_token=_fingerprint(content),
    )
    user = text(content, "customer")
    said = [Said(f"charge:{number}:completed", track("Order Completed", _time(content), properties, userId=user))]
    if inside(content, "amount_refunded"):
        refunded = _money(content, currency, "amount_refunded")
        after = properties | {"refunded": refunded}
        order = names_order(number)
        said.append(
            Said(f"charge:{number}:refunded:{refunded}", track("Order Updated", at, after, userId=user, context=order))
        )
    return said


def _fingerprint(content: object) -> str | None:
    return text(content, "payment_method_details", "card", "fingerprint") or text(
        content, "payment_method_details", "card_present", "fingerprint"
    )


def _money(content: object, currency: str, *names: str) -> str | None:
    """The first of these that is given."""
    amount = next((found for name in names if (found := inside(content, name)) is not None), None)
    if amount is None:
        return None
    if currency in PARTS:
        return amounts.text(amounts.decimal(amount) / Decimal(PARTS[currency]), currency)
    return amounts.of_minor(amount, currency)


def _time(content: object) -> str:
    """When it was created. Raises DeliveryUnreadable."""
    told = needed(content, "created")
    try:
        return datetime.fromtimestamp(int(told), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise DeliveryUnreadable(
            "Its time cannot be read", "Look at it under Deliveries; created is in seconds"
        ) from None


def refund(content: object, at: str) -> list[Said]:
    """A refund once it has succeeded; it names its charge and never a customer."""
    if text(content, "status") != "succeeded":
        return []
    number, currency = needed(content, "id"), needed(content, "currency").upper()
    properties = stated(
        order_id=needed(content, "charge"),
        refund_id=number,
        revenue=_money(content, currency, "amount"),
        currency=currency,
        reason=text(content, "reason"),
    )
    return [Said(f"refund:{number}", track("Order Refunded", _time(content), properties))]


def customer(content: object, at: str) -> list[Said]:
    """Who she is. The vendor knows no consent."""
    user = needed(content, "id")
    address: Content = stated(
        street=text(content, "address", "line1"),
        city=text(content, "address", "city"),
        postcode=text(content, "address", "postal_code"),
        state=text(content, "address", "state"),
        country=text(content, "address", "country"),
    )
    traits: dict[str, Any] = stated(
        name=text(content, "name"),
        email=text(content, "email"),
        phone=text(content, "phone"),
        created_at=_time(content),
        address=address,
    )
    return [change(f"customer:{user}:{at}", {"type": "identify", "userId": user, "timestamp": at, "traits": traits})]


MAPS = {"charge": charge, "refund": refund, "customer": customer}
webhooks.add("stripe")(
    Webhook(
        kind="shop",
        verify=verify,
        delivery_id=text_in_body("id"),
        topic=text_in_body("type"),
        map=events,
        topics=(
            "charge.succeeded",
            "charge.captured",
            "charge.refunded",
            "refund.created",
            "refund.updated",
            "customer.created",
            "customer.updated",
        ),
    )
)
