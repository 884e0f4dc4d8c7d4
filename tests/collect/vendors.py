"""What vendors post, written from their public documentation, and signed here by its words and not by our code."""

import base64
import copy
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from regulars.collect.webhooks import Posted

SECRET = "s3cret-of-the-shop"
BASE = "http://127.0.0.1:8000/hooks/"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    """Shopify's pair of amounts."""
    both = {"amount": amount, "currency_code": currency}
    return {"shop_money": both, "presentment_money": both}


SHOPIFY_CUSTOMER = {
    "id": 207119551,
    "email": "ann@example.org",
    "phone": "+12125550123",
    "first_name": "Ann",
    "last_name": "Miller",
    "created_at": "2025-11-01T09:00:00-05:00",
    "updated_at": "2026-03-01T10:00:00-05:00",
    "verified_email": True,
    "email_marketing_consent": {
        "state": "subscribed",
        "opt_in_level": "single_opt_in",
        "consent_updated_at": "2026-01-05T12:00:00-05:00",
    },
    "sms_marketing_consent": {"state": "not_subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": None},
    "default_address": {
        "address1": "1 Main St",
        "city": "New York",
        "zip": "10001",
        "province_code": "NY",
        "country_code": "US",
    },
}
SHOPIFY_LINE = {
    "id": 518995019,
    "product_id": 632910392,
    "variant_title": "red",
    "sku": "MUG-RED",
    "title": "Mug",
    "vendor": "Corner",
    "quantity": 3,
    "price": "10.00",
    "discount_allocations": [{"amount": "1.50", "discount_application_index": 0}],
    "tax_lines": [{"price": "2.28", "rate": 0.08}],
}
SHOPIFY_ORDER = {
    "id": 450789469,
    "name": "#1001",
    "test": False,
    "email": "ann@example.org",
    "phone": None,
    "created_at": "2026-03-01T10:00:00-05:00",
    "processed_at": "2026-03-01T10:00:00-05:00",
    "updated_at": "2026-03-01T10:00:00-05:00",
    "cancelled_at": None,
    "currency": "USD",
    "financial_status": "paid",
    "source_name": "web",
    "checkout_token": "bd5a8aa1ecd019dd3520ff791ee3a24c",
    "total_price": "35.78",
    "current_total_price": "35.78",
    "subtotal_price": "28.50",
    "total_tax": "2.28",
    "total_discounts": "1.50",
    "total_shipping_price_set": money("5.00"),
    "discount_codes": [{"code": "SPRING", "amount": "1.50", "type": "fixed_amount"}],
    "customer": SHOPIFY_CUSTOMER,
    "line_items": [SHOPIFY_LINE],
    "refunds": [],
}
SHOPIFY_REFUND = {
    "id": 509562969,
    "order_id": 450789469,
    "created_at": "2026-03-01T18:00:00-05:00",
    "processed_at": "2026-03-01T18:00:00-05:00",
    "note": "broke during shipping",
    "refund_line_items": [
        {
            "id": 104689539,
            "line_item_id": 518995019,
            "quantity": 1,
            "subtotal": 9.5,
            "total_tax": 0.76,
            "subtotal_set": money("9.50"),
            "total_tax_set": money("0.76"),
            "line_item": SHOPIFY_LINE,
        }
    ],
    "order_adjustments": [],
    "transactions": [
        {"id": 1, "kind": "refund", "status": "success", "amount": "10.26", "currency": "USD", "test": False},
        {"id": 2, "kind": "refund", "status": "failure", "amount": "10.26", "currency": "USD", "test": False},
    ],
}
SHOPIFY_CHECKOUT = {
    "id": 981820079255243537,
    "token": "exuw7apwoycchjuwtiqg8nytfhphr62a",
    "email": "ann@example.org",
    "created_at": "2026-03-01T09:55:00-05:00",
    "updated_at": "2026-03-01T09:56:00-05:00",
    "currency": "USD",
    "total_price": "28.50",
    "total_tax": "0.00",
    "total_discounts": "1.50",
    "line_items": [SHOPIFY_LINE],
}


def square(kind: str, thing: dict[str, Any], event_id: str = "") -> dict[str, Any]:
    """Square's envelope."""
    return {
        "merchant_id": "6SSW7HV8K2ST5",
        "type": kind,
        "event_id": event_id or str(uuid.uuid5(uuid.NAMESPACE_URL, kind + json.dumps(thing, sort_keys=True))),
        "created_at": "2026-03-01T15:00:05Z",
        "data": {"type": kind.split(".")[0], "id": thing["id"], "object": {kind.split(".")[0]: thing}},
    }


SQUARE_PAYMENT = {
    "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
    "created_at": "2026-03-01T15:00:00.000Z",
    "updated_at": "2026-03-01T15:00:03.000Z",
    "amount_money": {"amount": 1999, "currency": "USD"},
    "tip_money": {"amount": 300, "currency": "USD"},
    "total_money": {"amount": 2299, "currency": "USD"},
    "status": "COMPLETED",
    "order_id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
    "customer_id": "Q8002FAM9V1EZ0ADB2T5609X6NET1H0",
    "location_id": "S8GWD5R9QB376",
    "receipt_number": "hYy9",
    "card_details": {"status": "CAPTURED", "card": {"last_4": "1111", "fingerprint": "sq-1-9PP0tWfcM6v"}},
    "application_details": {"square_product": "SQUARE_POS"},
}  # fmt: skip
SQUARE_REFUND = {
    "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY_xWyRUnkgmCaDHVKTnkMXvZ3p1KQu8JqMbTNvk4pIMD",
    "status": "COMPLETED",
    "amount_money": {"amount": 500, "currency": "USD"},
    "payment_id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
    "order_id": "9ltv0bx5PuvGXUYHYHxYSKEqC3IcB",
    "reason": "Wrong size",
    "created_at": "2026-03-01T20:00:00.000Z",
    "updated_at": "2026-03-01T20:00:09.000Z",
}
SQUARE_CUSTOMER = {
    "id": "Q8002FAM9V1EZ0ADB2T5609X6NET1H0",
    "created_at": "2026-02-01T10:00:00Z",
    "updated_at": "2026-03-01T10:00:00Z",
    "given_name": "Ann",
    "family_name": "Miller",
    "email_address": "ann@example.org",
    "birthday": "0000-09-01",
    "preferences": {"email_unsubscribed": True},
    "version": 3,
}
WOO_ORDER = {
    "id": 727,
    "number": "727",
    "order_key": "wc_order_58d2d042d1d",
    "status": "processing",
    "currency": "USD",
    "date_created_gmt": "2026-03-01T15:00:00",
    "date_modified_gmt": "2026-03-01T15:00:00",
    "date_paid_gmt": "2026-03-01T15:00:01",
    "discount_total": "2.00",
    "shipping_total": "10.00",
    "total": "29.35",
    "total_tax": "1.35",
    "customer_id": 26,
    "billing": {"first_name": "Ann", "last_name": "Miller", "address_1": "1 Main St", "city": "New York",
                "postcode": "10001", "state": "NY", "country": "US", "email": "ann@example.org", "phone": "2125550123"},
    "line_items": [
        {"id": 315, "name": "Tea", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "20.00",
         "total": "18.00", "total_tax": "1.35", "sku": "TEA", "price": 9.0},
    ],
    "coupon_lines": [{"id": 1, "code": "tea2"}],
    "refunds": [],
}  # fmt: skip
WOO_REFUNDED = WOO_ORDER | {"date_modified_gmt": "2026-03-02T10:00:00", "refunds": [{"id": 9, "total": "-5.00"}]}
WOO_CUSTOMER = {
    "id": 26,
    "date_created_gmt": "2026-01-01T10:00:00",
    "date_modified_gmt": "2026-03-01T10:00:00",
    "email": "ann@example.org",
    "first_name": "Ann",
    "last_name": "Miller",
    "billing": WOO_ORDER["billing"],
}


def stripe(kind: str, thing: dict[str, Any], event_id: str = "") -> dict[str, Any]:
    """Stripe's envelope."""
    return {
        "id": event_id or "evt_" + uuid.uuid5(uuid.NAMESPACE_URL, kind + json.dumps(thing, sort_keys=True)).hex,
        "object": "event",
        "created": 1772377203,
        "livemode": True,
        "type": kind,
        "data": {"object": thing},
    }


STRIPE_CHARGE = {
    "id": "ch_3MmlLrLkdIwHu7ix0snN0B15",
    "amount": 1999,
    "amount_captured": 1999,
    "amount_refunded": 0,
    "billing_details": {"email": "ann@example.org", "name": "Ann Miller", "phone": None},
    "captured": True,
    "created": 1772377200,
    "currency": "usd",
    "customer": "cus_NffrFeUfNV2Hib",
    "paid": True,
    "payment_intent": "pi_3MmlLrLkdIwHu7ix0",
    "payment_method_details": {"card": {"fingerprint": "mToisGZ01V71BCos"}, "type": "card"},
}
STRIPE_REFUND = {
    "id": "re_1Nispe2eZvKYlo2Cd31jOCgZ",
    "amount": 500,
    "charge": STRIPE_CHARGE["id"],
    "created": 1772395200,
    "currency": "usd",
    "reason": "requested_by_customer",
    "status": "succeeded",
}
STRIPE_CUSTOMER = {
    "id": "cus_NffrFeUfNV2Hib",
    "address": {"line1": "1 Main St", "city": "New York", "postal_code": "10001", "state": "NY", "country": "US"},
    "created": 1770000000,
    "email": "ann@example.org",
    "name": "Ann Miller",
    "phone": None,
}
CUSTOM_SALE = {
    "id": "s-77",
    "sold": "2026-03-01T15:00:00Z",
    "member": {"mail": "ann@example.org"},
    "sum": 1999,
    "coin": "USD",
    "rows": [{"art": "A1", "cost": 999, "n": 1}, {"art": "B2", "cost": 500, "n": 2}],
}


def changed(payload: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A copy with other values."""
    return copy.deepcopy(payload) | given


def raw(payload: Any) -> bytes:
    """As it goes over the wire; the same bytes every time."""
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def base64_hmac(content: bytes, secret: str = SECRET) -> str:
    """By RFC 2104, with the padding written out."""
    return base64.b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()


def headers(
    vendor: str, topic: str, payload: Any, name: str = "", delivery: str = "d1", secret: str = SECRET
) -> dict[str, str]:
    """What this vendor would send along."""
    body = raw(payload)
    if vendor == "shopify":
        return {
            "X-Shopify-Hmac-Sha256": base64_hmac(body, secret),
            "X-Shopify-Topic": topic,
            "X-Shopify-Webhook-Id": delivery,
        }
    if vendor == "square":
        return {"x-square-hmacsha256-signature": base64_hmac((BASE + (name or vendor)).encode() + body, secret)}
    if vendor == "woocommerce":
        return {
            "X-WC-Webhook-Signature": base64_hmac(body, secret),
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Delivery-ID": delivery,
        }
    if vendor == "stripe":
        told = int(NOW.timestamp())
        signed = hmac.new(secret.encode(), f"{told}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={told},v1={signed}"}
    assert vendor == "custom"
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Signature": signed, "X-Topic": topic, "X-Delivery-Id": delivery}


def posted(vendor: str, topic: str, payload: Any, options: dict[str, str], **given: str) -> Posted:
    """The request as a plug-in gets it."""
    lower = {name.lower(): value for name, value in headers(vendor, topic, payload, **given).items()}
    return Posted(BASE + vendor, lower, raw(payload), NOW, options)


EXAMPLES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "shopify": [
        ("orders/create", SHOPIFY_ORDER),
        ("orders/updated", changed(SHOPIFY_ORDER, updated_at="2026-03-01T19:00:00-05:00", refunds=[SHOPIFY_REFUND])),
        ("refunds/create", SHOPIFY_REFUND),
        ("customers/update", SHOPIFY_CUSTOMER),
        ("checkouts/create", SHOPIFY_CHECKOUT),
    ],
    "square": [
        ("payment.updated", square("payment.updated", SQUARE_PAYMENT)),
        ("refund.updated", square("refund.updated", SQUARE_REFUND)),
        ("customer.created", square("customer.created", SQUARE_CUSTOMER)),
    ],
    "woocommerce": [
        ("order.created", WOO_ORDER),
        ("order.updated", WOO_REFUNDED),
        ("customer.updated", WOO_CUSTOMER),
    ],
    "stripe": [
        ("charge.succeeded", stripe("charge.succeeded", STRIPE_CHARGE)),
        ("charge.refunded", stripe("charge.refunded", changed(STRIPE_CHARGE, amount_refunded=500))),
        ("refund.created", stripe("refund.created", STRIPE_REFUND)),
        ("customer.updated", stripe("customer.updated", STRIPE_CUSTOMER)),
    ],
    "custom": [("sale", CUSTOM_SALE)],
}  # fmt: skip
