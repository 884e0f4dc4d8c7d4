"""What Stripe posts: which charge is a sale, in which money, and who is believed to be Stripe."""

from datetime import timedelta
from typing import Any

import pytest

from regulars.collect import payload
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.webhooks import Told, webhooks
from tests.collect.vendors import SECRET, STRIPE_CHARGE, STRIPE_REFUND, changed, posted, raw, stripe

STRIPE = webhooks["stripe"]


def events(kind: str, thing: dict[str, Any], **envelope: Any) -> list[dict[str, Any]]:
    """Messages of one delivery."""
    content = payload.read(raw(stripe(kind, thing) | envelope))
    return [each.message for each in STRIPE.map(Told(kind, content))]


def test_a_charge_whose_money_was_taken_is_a_sale_at_the_time_of_the_charge() -> None:
    (sale,) = events("charge.succeeded", STRIPE_CHARGE)

    assert sale["event"] == "Order Completed"
    assert sale["userId"] == "cus_NffrFeUfNV2Hib"
    assert sale["timestamp"] == "2026-03-01T15:00:00+00:00"
    assert sale["properties"] == {
        "order_id": "ch_3MmlLrLkdIwHu7ix0snN0B15",
        "payment_intent": "pi_3MmlLrLkdIwHu7ix0",
        "revenue": "19.99",
        "currency": "USD",
        "channel": "web",
        "email": "ann@example.org",
        "payment_token": "mToisGZ01V71BCos",
    }


def test_an_authorized_charge_is_a_sale_only_once_it_is_captured_and_counts_what_was_captured() -> None:
    held = changed(STRIPE_CHARGE, captured=False, amount_captured=0)
    taken = changed(STRIPE_CHARGE, amount_captured=1500)

    assert events("charge.succeeded", held) == []
    assert events("charge.captured", taken)[0]["properties"]["revenue"] == "15.00"


@pytest.mark.parametrize(
    ("currency", "amount", "revenue"),
    [("jpy", 1500, "1500"), ("bhd", 1500, "1.500"), ("mga", 1500, "1500.00"), ("isk", 150000, "1500")],
)
def test_money_is_in_the_currency_s_own_unit_where_stripe_counts_otherwise(
    currency: str, amount: int, revenue: str
) -> None:
    (sale,) = events("charge.succeeded", changed(STRIPE_CHARGE, currency=currency, amount_captured=amount))

    assert sale["properties"]["revenue"] == revenue


def test_part_of_an_icelandic_crown_is_no_amount() -> None:
    with pytest.raises(DeliveryUnreadable):
        events("charge.succeeded", changed(STRIPE_CHARGE, currency="isk", amount_captured=150050))


def test_a_refund_names_its_charge_and_the_charge_names_the_customer() -> None:
    (refunded,) = events("refund.created", STRIPE_REFUND)
    _, change = events("charge.refunded", changed(STRIPE_CHARGE, amount_refunded=500))

    assert (refunded["event"], refunded["properties"]["revenue"]) == ("Order Refunded", "5.00")
    assert (change["event"], change["properties"]["refunded"]) == ("Order Updated", "5.00")
    assert change["context"]["externalIds"][0]["id"] == refunded["properties"]["order_id"]


def test_a_refund_on_its_way_and_the_test_mode_tell_nothing() -> None:
    assert events("refund.created", changed(STRIPE_REFUND, status="pending")) == []
    assert events("charge.succeeded", STRIPE_CHARGE, livemode=False) == []


def test_a_request_that_was_recorded_and_sent_again_later_is_not_believed() -> None:
    request = posted("stripe", "charge.succeeded", stripe("charge.succeeded", STRIPE_CHARGE), {})

    assert STRIPE.verify(request._replace(received_at=request.received_at + timedelta(minutes=5)), SECRET)
    assert not STRIPE.verify(request._replace(received_at=request.received_at + timedelta(minutes=6)), SECRET)


def test_while_a_secret_is_rolled_either_signature_will_do() -> None:
    request = posted("stripe", "charge.succeeded", stripe("charge.succeeded", STRIPE_CHARGE), {})
    told, signature = request.headers["stripe-signature"].split(",")

    both = request._replace(headers={"stripe-signature": f"{told},v1={'0' * 64},{signature},v0=1"})

    assert STRIPE.verify(both, SECRET)


def test_a_time_that_is_none_is_refused_with_a_reason() -> None:
    with pytest.raises(DeliveryUnreadable):
        events("charge.succeeded", changed(STRIPE_CHARGE, created=10**18))
