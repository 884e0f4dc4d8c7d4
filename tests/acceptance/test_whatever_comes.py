"""Whatever the door lets in, every room carries: one event that broke the flow would hold up all behind it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars import analyze, collect, flow
from regulars.app import App

EVENTS = [
    "Order Completed", "Order Refunded", "Item Returned", "Email Opened", "Survey Answered", "Call Received",
    "Consent Given", "Consent Withdrawn", "Unsubscribed", "Coupon Redeemed", "Email Bounced", "\x02", "a\tb\n",
]  # fmt: skip
# Texts and numbers that were read as something else somewhere.
ODD: list[Any] = [
    "--5", "²", "\u0663", "1e999997", "1e999999999", "NaN", "Infinity", "-", "", " ", "9" * 400, "\x02", "\t\n\\",
    "\u2028", "\\x00", "true", "2026-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "Mars/Olympus",
    "../x", "{{x}}", "a@b", "@", "a@b.c" * 90, "+" + "1" * 60, 10**17, -(10**17), 1e17, -0.0, 1e-300, True, None, [],
    {}, [[]], [None], {"": ""}, {"email": []}, {"email": {"status": []}}, {"marketing": {"email": 1}},
    [{"id": {}, "type": 1}], [{"id": "x", "type": "email"}],
]  # fmt: skip
TRAITS = [
    "email", "phone", "first_name", "last_name", "name", "birthday", "address", "city", "postal_code", "country",
    "timezone", "locale", "language", "gender", "consent", "email_verified", "loyalty_card", "household_id",
    "created_at",
]  # fmt: skip
PROPERTIES = [
    "revenue", "total", "discount", "coupon_discount", "order_id", "score", "minutes", "quantity", "points", "store_id",
    "channel", "purpose", "email", "phone", "loyalty_card", "payment_token", "campaign_id", "currency", "category",
    "coupon", "coupon_id", "basis", "evidence", "collection_point", "send_id", "reason", "url", "products",
    "order_date",
]  # fmt: skip
CONTEXT = [
    "device",
    "externalIds",
    "traits",
    "ip",
    "locale",
    "timezone",
    "customer",
    "campaign",
    "consent",
    "page",
    "app",
]
PRODUCT = [
    "product_id",
    "quantity",
    "price",
    "revenue",
    "discount",
    "coupon_discount",
    "category",
    "brand",
    "department",
]

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
odd = st.sampled_from(ODD) | words | st.integers(-(10**17), 10**17) | st.floats(-1e17, 1e17)
anything = st.recursive(
    odd,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "email", "phone", "status", "value", "street"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


def bag(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), anything, max_size=4)


products = st.lists(bag(PRODUCT) | anything, max_size=3)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track", "track", "track", "page", "alias", "group"])},
    optional={
        "event": st.sampled_from(EVENTS) | words,
        "name": words,
        "userId": odd,
        "anonymousId": odd,
        "previousId": odd,
        "groupId": odd,
        "timestamp": odd | st.sampled_from(["2026-02-01", "1900-01-01", "2026-03-03T14:00:00Z"]),
        "properties": st.tuples(bag(PROPERTIES), products).map(lambda two: {"products": two[1], **two[0]}),
        "traits": bag(TRAITS),
        "context": bag(CONTEXT),
    },
)


@pytest.fixture
def ready(app: App) -> App:
    """With the tables of the traits."""
    analyze.ensure_schema(app)
    return app


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(given_messages=st.lists(messages, min_size=8, max_size=24), kind=st.sampled_from(collect.SOURCE_KINDS))
def test_whatever_the_door_lets_in_the_flow_carries(
    ready: App, given_messages: list[dict[str, Any]], kind: str
) -> None:
    identified = [{"event": "Order Completed", "userId": "ann"} | message for message in given_messages]

    with ready.transaction() as inside:
        source, _ = collect.register(inside, f"from-{kind}", kind)
        receipt = collect.accept(inside, source, identified, received_at=ready.clock.now())
        batch = collect.claim(inside, 100)
        if batch is not None:
            flow.on_events(inside, batch)
        inside.db.rollback()

    assert receipt.accepted == (len(batch.events) if batch else 0)


def test_every_odd_value_in_every_field_is_carried(ready: App) -> None:
    bodies: list[dict[str, Any]] = []
    for odd_value in ODD:
        everywhere = dict.fromkeys(PROPERTIES, odd_value)
        bodies += [{"event": event, "properties": everywhere} for event in EVENTS]
        bodies += [{"event": event, "properties": {"score": odd_value, "minutes": odd_value}} for event in EVENTS]
        bodies += [{"event": EVENTS[0], "properties": {"products": [dict.fromkeys(PRODUCT, odd_value), odd_value]}}]
        bodies += [{"type": "identify", "traits": {field: odd_value}} for field in TRAITS]
        bodies += [{"event": "Seen", "context": {field: odd_value}} for field in CONTEXT]
    named = [{"type": "track", "userId": f"u{n}", "messageId": f"m{n}"} | body for n, body in enumerate(bodies)]

    with ready.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
        receipt = collect.accept(inside, source, named, received_at=ready.clock.now())
        batch = collect.claim(inside, len(named))
        assert batch is not None
        flow.on_events(inside, batch)
        inside.db.rollback()

    assert receipt.refusals == []
    assert receipt.accepted == len(named)
