"""What Shopify, Square and WooCommerce post, as the standard events."""

from typing import Any

import msgspec
import pytest

from regulars.collect import amounts, payload
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.webhooks import Said, Told, webhooks
from tests.collect import vendors
from tests.collect.vendors import SHOPIFY_CUSTOMER, SHOPIFY_ORDER, SHOPIFY_REFUND, changed, money


def told(vendor: str, topic: str, content: Any) -> dict[str, Said]:
    """What a delivery tells, by event (or kind)."""
    said = webhooks[vendor].map(Told(topic, payload.read(msgspec.json.encode(content))))
    return {each.message.get("event", each.message["type"]): each for each in said}


def properties(vendor: str, topic: str, content: Any, event: str) -> dict[str, Any]:
    return told(vendor, topic, content)[event].message["properties"]


def test_a_paid_order_is_an_order_completed_with_tax_shipping_and_discount() -> None:
    said = told("shopify", "orders/create", SHOPIFY_ORDER)

    order = said["Order Completed"].message
    assert list(said) == ["Order Completed"]
    assert (order["userId"], order["timestamp"]) == ("207119551", "2026-03-01T10:00:00-05:00")
    assert order["properties"] == {
        "email": "ann@example.org",
        "phone": "+12125550123",
        "order_id": "450789469",
        "order_name": "#1001",
        "checkout_id": "bd5a8aa1ecd019dd3520ff791ee3a24c",
        "revenue": "35.78",
        "total": "35.78",
        "subtotal": "28.50",
        "tax": "2.28",
        "shipping": "5.00",
        "discount": "1.50",
        "coupon": "SPRING",
        "currency": "USD",
        "channel": "web",
        "status": "paid",
        "products": [
            {
                "product_id": "632910392",
                "sku": "MUG-RED",
                "name": "Mug",
                "variant": "red",
                "brand": "Corner",
                "quantity": 3,
                "price": "10.00",
                "discount": "1.50",
                "revenue": "28.50",
            }
        ],
    }


@pytest.mark.parametrize("status", ["pending", "authorized", "voided", None])
def test_an_order_that_is_not_paid_is_no_sale_yet(status: str | None) -> None:
    assert told("shopify", "orders/create", changed(SHOPIFY_ORDER, financial_status=status)) == {}


def test_a_test_order_tells_nothing() -> None:
    refund = changed(SHOPIFY_REFUND, transactions=[SHOPIFY_REFUND["transactions"][0] | {"test": True}])

    assert told("shopify", "orders/create", changed(SHOPIFY_ORDER, test=True)) == {}
    assert told("shopify", "refunds/create", refund) == {}


def test_an_edited_order_keeps_what_was_bought_and_tells_what_it_is_now() -> None:
    edited = changed(SHOPIFY_ORDER, updated_at="2026-03-01T12:00:00-05:00", current_total_price="25.78")

    said = told("shopify", "orders/updated", edited)

    assert said["Order Completed"] == told("shopify", "orders/create", SHOPIFY_ORDER)["Order Completed"]
    assert said["Order Updated"].message["properties"]["revenue"] == "25.78"
    assert said["Order Updated"].key.startswith("order:450789469:updated:2026-03-01T12:00:00-05:00:")


def test_a_cancelled_order_says_when_and_why() -> None:
    cancelled = changed(
        SHOPIFY_ORDER, cancelled_at="2026-03-01T12:00:00-05:00", cancel_reason="inventory", financial_status="voided"
    )

    said = told("shopify", "orders/cancelled", cancelled)["Order Cancelled"].message

    assert (said["timestamp"], said["properties"]["reason"]) == ("2026-03-01T12:00:00-05:00", "inventory")


def test_yen_have_no_cents_and_dinars_have_a_thousand() -> None:
    line = changed(vendors.SHOPIFY_LINE, price="500", discount_allocations=[])
    yen = changed(
        SHOPIFY_ORDER,
        currency="JPY",
        total_price="1500.00",
        subtotal_price="1500",
        total_tax="0",
        total_discounts="0",
        total_shipping_price_set=money("0", "JPY"),
        line_items=[line],
    )
    paid = changed(
        vendors.SQUARE_PAYMENT, amount_money={"amount": 1500, "currency": "JPY"}, tip_money=None, total_money=None
    )

    assert properties("shopify", "orders/create", yen, "Order Completed")["revenue"] == "1500"
    assert (
        properties("square", "payment.updated", vendors.square("payment.updated", paid), "Order Completed")["revenue"]
        == "1500"
    )
    assert amounts.of_minor(1500, "BHD") == "1.500"
    with pytest.raises(DeliveryUnreadable, match="finer than JPY"):
        amounts.text("1500.50", "JPY")
    with pytest.raises(DeliveryUnreadable):
        amounts.text(19.99, "USD")


def test_a_refund_of_goods_is_an_item_returned_with_the_money_that_went_back() -> None:
    said = told("shopify", "refunds/create", SHOPIFY_REFUND)["Item Returned"]

    assert said.key == "refund:509562969"
    assert said.message["properties"] == {
        "order_id": "450789469",
        "refund_id": "509562969",
        "revenue": "10.26",
        "currency": "USD",
        "reason": "broke during shipping",
        "products": [
            {
                "product_id": "632910392",
                "sku": "MUG-RED",
                "name": "Mug",
                "brand": "Corner",
                "quantity": 1,
                "revenue": "9.50",
            }
        ],
    }


def test_a_refund_of_money_alone_is_an_order_refunded() -> None:
    goodwill = changed(SHOPIFY_REFUND, refund_line_items=[])

    assert properties("shopify", "refunds/create", goodwill, "Order Refunded")["revenue"] == "10.26"


def test_goods_that_came_back_for_an_exchange_gave_no_money_back() -> None:
    exchange = changed(SHOPIFY_REFUND, transactions=[])

    assert properties("shopify", "refunds/create", exchange, "Item Returned")["revenue"] == "0.00"


def test_a_refund_paid_in_another_currency_counts_in_the_shops() -> None:
    euros = [{"kind": "refund", "status": "success", "amount": "9.40", "currency": "EUR", "test": False}]
    shipping = [{"kind": "shipping_refund", "amount_set": money("-2.00"), "tax_amount_set": money("-0.16")}]
    refund = changed(SHOPIFY_REFUND, transactions=euros, order_adjustments=shipping)

    assert properties("shopify", "refunds/create", refund, "Item Returned")["revenue"] == "12.42"


def test_a_yes_to_mail_stands_at_its_own_time_and_never_asked_is_no_answer() -> None:
    said = told("shopify", "customers/update", SHOPIFY_CUSTOMER)

    assert set(said) == {"identify", "Consent Given"}
    assert "consent" not in said["identify"].message["traits"]
    assert said["Consent Given"].message["timestamp"] == "2026-01-05T12:00:00-05:00"
    assert said["Consent Given"].message["properties"] == {
        "channel": "email", "purpose": "marketing", "address": "ann@example.org",
    }  # fmt: skip


def test_a_yes_without_its_time_is_none_and_a_no_always_counts() -> None:
    undated = changed(
        SHOPIFY_CUSTOMER,
        email_marketing_consent={"state": "subscribed", "consent_updated_at": None},
        sms_marketing_consent={"state": "unsubscribed", "consent_updated_at": None},
    )

    said = told("shopify", "customers/update", undated)

    assert "Consent Given" not in said
    assert said["Consent Withdrawn"].message["properties"]["channel"] == "sms"


def test_a_checkout_begins_once_it_names_somebody() -> None:
    nameless = changed(vendors.SHOPIFY_CHECKOUT, email=None)

    assert told("shopify", "checkouts/create", nameless) == {}
    assert properties("shopify", "checkouts/update", vendors.SHOPIFY_CHECKOUT, "Checkout Started")["value"] == "28.50"


def test_a_square_payment_counts_once_it_is_completed_and_without_the_tip() -> None:
    approved = changed(vendors.SQUARE_PAYMENT, status="APPROVED")
    payment = vendors.square("payment.updated", vendors.SQUARE_PAYMENT)

    assert told("square", "payment.created", vendors.square("payment.created", approved)) == {}
    sale = properties("square", "payment.updated", payment, "Order Completed")
    assert (sale["revenue"], sale["tip"], sale["total"], sale["channel"]) == ("19.99", "3.00", "22.99", "store")


def test_a_square_refund_names_its_payment_and_unsubscribed_is_a_no() -> None:
    refund = vendors.square("refund.updated", vendors.SQUARE_REFUND)
    pending = vendors.square("refund.updated", changed(vendors.SQUARE_REFUND, status="PENDING"))
    customer = told("square", "customer.updated", vendors.square("customer.updated", vendors.SQUARE_CUSTOMER))

    assert properties("square", "refund.updated", refund, "Order Refunded")["order_id"] == vendors.SQUARE_PAYMENT["id"]
    assert told("square", "refund.created", pending) == {}
    assert customer["Consent Withdrawn"].message["properties"]["channel"] == "email"
    assert "birth_date" not in customer["identify"].message["traits"]


def test_a_woocommerce_refund_stands_in_its_order() -> None:
    said = told("woocommerce", "order.updated", vendors.WOO_REFUNDED)

    assert set(said) == {"Order Completed", "Order Updated", "Order Refunded"}
    assert said["Order Refunded"].message["userId"] == "26"
    assert said["Order Refunded"].message["properties"]["revenue"] == "5.00"
    assert said["Order Completed"].message["timestamp"] == "2026-03-01T15:00:00Z"


def test_a_woocommerce_guest_is_known_by_what_she_typed() -> None:
    guest = changed(vendors.WOO_ORDER, customer_id=0)

    said = told("woocommerce", "order.created", guest)

    assert "userId" not in said["Order Completed"].message
    assert said["identify"].message["traits"]["first_name"] == "Ann"


def test_two_woocommerce_orders_of_one_second_are_two_deliveries() -> None:
    plug_in = webhooks["woocommerce"]
    orders = [vendors.posted("woocommerce", "order.created", changed(vendors.WOO_ORDER, id=n), {}) for n in (1, 2)]

    assert orders[0].headers["x-wc-webhook-delivery-id"] == orders[1].headers["x-wc-webhook-delivery-id"]
    assert plug_in.delivery_id(orders[0]) != plug_in.delivery_id(orders[1])
