"""Square: payments, refunds and customers of its tills and web stores.

Signed with the subscription's signature key: base64 HMAC-SHA256 of the notification address followed by the raw body,
so the address given to Square must be the one this installation calls its own (`REGULARS_BASE_URL`). Answers are waited
for 10 seconds. `event_id` in the body names a delivery and stays the same when it is sent again.
"""

from __future__ import annotations

from typing import Any

from regulars.collect import amounts
from regulars.collect.payload import inside, needed, stated, text
from regulars.collect.webhooks import (
    Posted,
    Said,
    Told,
    Webhook,
    change,
    consent,
    is_signed,
    names_order,
    text_in_body,
    track,
    webhooks,
)

PAID = REFUNDED = "COMPLETED"
# Square writes this where a customer gave day and month alone.
NO_YEAR = "0000"


def verify(posted: Posted, secret: str) -> bool:
    """Base64 HMAC-SHA256 over address and raw body."""
    given = posted.headers.get("x-square-hmacsha256-signature", "")
    return is_signed(given, secret, posted.url.encode() + posted.body)


def events(told: Told) -> list[Said]:
    """What this delivery tells of."""
    kind = told.topic.partition(".")[0]
    return MAPS[kind](inside(told.content, "data", "object", kind))


def payment(content: object) -> list[Said]:
    """A payment once it is completed, and each change of one of which something was given back.

    `order_id` is the payment's id: that is what a refund names for certain.
    """
    if text(content, "status") != PAID:
        return []
    number, currency = needed(content, "id"), needed(content, "amount_money", "currency")
    properties = stated(
        order_id=number,
        square_order_id=text(content, "order_id"),
        receipt=text(content, "receipt_number"),
        revenue=_money(content, currency, "amount_money"),
        tip=_money(content, currency, "tip_money"),
        total=_money(content, currency, "total_money"),
        currency=currency,
        channel="web" if text(content, "application_details", "square_product") in WEB else "store",
        store_id=text(content, "location_id"),
        email=text(content, "buyer_email_address"),
        payment_token=text(content, "card_details", "card", "fingerprint"),
    )
    user = text(content, "customer_id")
    said = [
        Said(
            f"payment:{number}:completed",
            track("Order Completed", needed(content, "created_at"), properties, userId=user),
        )
    ]
    if inside(content, "refunded_money", "amount"):
        changed_at = needed(content, "updated_at")
        after = properties | {"refunded": _money(content, currency, "refunded_money")}
        said.append(
            change(
                f"payment:{number}:updated:{changed_at}",
                track("Order Updated", changed_at, after, userId=user, context=names_order(number)),
            )
        )
    return said


WEB = frozenset({"ECOMMERCE_API", "ONLINE_STORE", "ONLINE_CHECKOUT"})


def _money(content: object, currency: str, name: str) -> str | None:
    amount = inside(content, name, "amount")
    return None if amount is None else amounts.of_minor(amount, currency)


def refund(content: object) -> list[Said]:
    """A refund once it is completed; it names its payment and seldom a customer."""
    if text(content, "status") != REFUNDED:
        return []
    number, currency = needed(content, "id"), needed(content, "amount_money", "currency")
    properties = stated(
        order_id=needed(content, "payment_id"),
        refund_id=number,
        revenue=_money(content, currency, "amount_money"),
        currency=currency,
        reason=text(content, "reason"),
        store_id=text(content, "location_id"),
    )
    at = text(content, "updated_at") or needed(content, "created_at")
    return [Said(f"refund:{number}", track("Order Refunded", at, properties))]


def customer(content: object) -> list[Said]:
    """Who she is; and her no to e-mail, if she unsubscribed. That she did not is no yes."""
    user, at = needed(content, "id"), text(content, "updated_at") or needed(content, "created_at")
    birthday = text(content, "birthday") or NO_YEAR
    traits: dict[str, Any] = stated(
        email=text(content, "email_address"),
        phone=text(content, "phone_number"),
        first_name=text(content, "given_name"),
        last_name=text(content, "family_name"),
        birth_date=None if birthday.startswith(NO_YEAR) else birthday,
        created_at=text(content, "created_at"),
        address=stated(
            street=text(content, "address", "address_line_1"),
            city=text(content, "address", "locality"),
            postcode=text(content, "address", "postal_code"),
            state=text(content, "address", "administrative_district_level_1"),
            country=text(content, "address", "country"),
        ),
    )
    said = [change(f"customer:{user}:{at}", {"type": "identify", "userId": user, "timestamp": at, "traits": traits})]
    if inside(content, "preferences", "email_unsubscribed") is True:
        said.append(consent("email", False, at, user, f"customer:{user}:email:no:{at}", traits.get("email")))
    return said


MAPS = {"payment": payment, "refund": refund, "customer": customer}
webhooks.add("square")(
    Webhook(
        kind="tills",
        verify=verify,
        delivery_id=text_in_body("event_id"),
        topic=text_in_body("type"),
        map=events,
        topics=tuple(f"{thing}.{act}" for thing in MAPS for act in ("created", "updated")),
    )
)
