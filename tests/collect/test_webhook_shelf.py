"""Every plug-in of the shelf of webhooks, judged alike."""

import re
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.collect import paths, payload
from regulars.collect.deliveries import message_id
from regulars.collect.door import Arrival, Row, admit
from regulars.collect.facts import cents
from regulars.collect.keys import SOURCE_KINDS, Source
from regulars.collect.webhooks import Said, Told, Webhook, webhooks
from regulars.kit.errors import RegularsError
from tests.collect.vendors import (
    BASE,
    CUSTOM_SALE,
    EXAMPLES,
    NOW,
    SECRET,
    SHOPIFY_CUSTOMER,
    SHOPIFY_ORDER,
    SQUARE_CUSTOMER,
    STRIPE_CUSTOMER,
    WOO_CUSTOMER,
    WOO_REFUNDED,
    posted,
    square,
    stripe,
)

SALE = paths.Paths(
    [
        paths.Rule(
            event="Order Completed",
            once="id",
            fields=[
                paths.Field("properties.order_id", "id"),
                paths.Field("timestamp", "sold"),
                paths.Field("properties.email", "member.mail"),
                paths.Field("properties.currency", "coin"),
                paths.Field("properties.revenue", "sum", reading="minor units"),
                paths.Field("properties.products[].product_id", "rows[].art"),
                paths.Field("properties.products[].price", "rows[].cost", reading="minor units"),
                paths.Field("properties.products[].quantity", "rows[].n"),
                paths.Field("properties.channel", constant="store"),
            ],
        )
    ]
)
MONEY = frozenset({"revenue", "total", "subtotal", "tax", "shipping", "discount", "price", "value", "tip", "refunded"})
CASES = [(vendor, topic, content) for vendor, examples in EXAMPLES.items() for topic, content in examples]
json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, places=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def told(plug_in: Webhook, topic: str, content: Any) -> list[Said]:
    """What it makes of these bytes."""
    mapping = SALE if plug_in.is_edited else None
    return plug_in.map(Told(topic, payload.read(msgspec.json.encode(content)), mapping))


def test_the_suite_knows_every_plug_in() -> None:
    assert set(EXAMPLES) == set(webhooks)
    assert all(plug_in.kind in SOURCE_KINDS for _, plug_in in webhooks.items())


@pytest.mark.parametrize(("vendor", "topic", "content"), CASES)
def test_only_who_knows_the_secret_is_believed_and_only_word_for_word(vendor: str, topic: str, content: Any) -> None:
    plug_in = webhooks[vendor]
    good = posted(vendor, topic, content, dict(plug_in.options))

    assert plug_in.verify(good, SECRET)
    assert not plug_in.verify(good, SECRET + "x")
    assert not plug_in.verify(good, "")
    assert not plug_in.verify(good._replace(body=good.body + b" "), SECRET)
    assert not plug_in.verify(good._replace(headers={}), SECRET)
    for name in good.headers:
        assert (
            not plug_in.verify(good._replace(headers=good.headers | {name: "é"}), SECRET)
            or "topic" in name
            or "id" in name
        )


@pytest.mark.parametrize(("vendor", "topic", "content"), CASES)
def test_a_delivery_that_is_sent_again_has_the_same_name_and_topic(vendor: str, topic: str, content: Any) -> None:
    plug_in = webhooks[vendor]
    first = posted(vendor, topic, content, dict(plug_in.options))
    later = first._replace(received_at=NOW + timedelta(hours=4))

    assert plug_in.delivery_id(first)
    assert plug_in.delivery_id(first) == plug_in.delivery_id(later)
    assert plug_in.topic(first) == topic
    assert not plug_in.topics or topic in plug_in.topics


@pytest.mark.parametrize(("vendor", "topic", "content"), CASES)
def test_a_delivery_tells_the_same_events_under_the_same_keys_and_the_door_takes_them(
    vendor: str, topic: str, content: Any
) -> None:
    plug_in = webhooks[vendor]
    arrival = Arrival(Source(1, vendor, plug_in.kind, vendor), NOW, lambda: "minted")

    said = told(plug_in, topic, content)

    assert said
    assert said == told(plug_in, topic, content)
    assert len({each.key for each in said}) == len(said)
    for each in said:
        row = admit(each.message | {"messageId": message_id(each.key, 0)}, arrival)
        assert isinstance(row, Row), row


@pytest.mark.parametrize(("vendor", "topic", "content"), CASES)
def test_amounts_are_exact_text_and_nothing_is_a_float(vendor: str, topic: str, content: Any) -> None:
    for each in told(webhooks[vendor], topic, content):
        for name, value in leaves(each.message):
            assert not isinstance(value, float | Decimal), name
            if name in MONEY:
                assert isinstance(value, str), name
                assert cents(value) == int(Decimal(value) * 100)


WOO_TIMELESS = WOO_CUSTOMER | {"date_created_gmt": None, "date_modified_gmt": None}
SHOPIFY_CHANGED = SHOPIFY_ORDER | {"updated_at": "2026-03-01T19:00:00-05:00"}
CHANGES = [
    ("shopify", "customers/update", SHOPIFY_CUSTOMER, SHOPIFY_CUSTOMER | {"first_name": "Anna"}),
    ("shopify", "orders/updated", SHOPIFY_CHANGED, SHOPIFY_CHANGED | {"current_total_price": "9.99"}),
    ("woocommerce", "customer.updated", WOO_CUSTOMER, WOO_CUSTOMER | {"first_name": "Anna"}),
    ("woocommerce", "customer.updated", WOO_TIMELESS, WOO_TIMELESS | {"first_name": "Anna"}),
    ("woocommerce", "order.updated", WOO_REFUNDED, WOO_REFUNDED | {"total": "9.99"}),
    (
        "square",
        "customer.created",
        *(square("customer.created", SQUARE_CUSTOMER | more) for more in ({}, {"given_name": "Anna"})),
    ),
    (
        "stripe",
        "customer.updated",
        *(stripe("customer.updated", STRIPE_CUSTOMER | more) for more in ({}, {"name": "Anna"})),
    ),
]


@pytest.mark.parametrize(("vendor", "topic", "first", "second"), CHANGES)
def test_two_changes_of_one_second_are_two_events(vendor: str, topic: str, first: Any, second: Any) -> None:
    before, after = told(webhooks[vendor], topic, first), told(webhooks[vendor], topic, second)

    changes = [(old, new) for old, new in zip(before, after, strict=True) if old.message != new.message]
    told_of_time = [(old.key, new.key) for old, new in changes if not old.key.endswith(("completed", "cancelled"))]
    assert told_of_time
    assert all(old != new for old, new in told_of_time)


def test_the_suite_sees_a_float(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = webhooks["custom"]._replace(map=lambda each: [Said("a", {"properties": {"revenue": 19.99}})])
    monkeypatch.setitem(webhooks._found, "custom", broken)

    with pytest.raises(AssertionError):
        test_amounts_are_exact_text_and_nothing_is_a_float("custom", "sale", CUSTOM_SALE)


@pytest.mark.parametrize(("vendor", "topic"), sorted({(vendor, topic) for vendor, topic, _ in CASES}))
@settings(max_examples=25)
@given(content=st.dictionaries(st.text(max_size=5), json_like, max_size=4), drawn=st.data())
def test_whatever_stands_in_a_payload_is_told_or_refused_with_a_reason(
    vendor: str, topic: str, content: dict[str, Any], drawn: st.DataObject
) -> None:
    example = next(each for name, each in EXAMPLES[vendor] if name == topic)
    field = drawn.draw(st.sampled_from(sorted(example)))
    twisted = example | {field: drawn.draw(json_like)} if drawn.draw(st.booleans()) else content

    said: list[Said] = []
    with suppress(RegularsError):
        said = told(webhooks[vendor], topic, twisted)

    assert all(isinstance(each.key, str) for each in said)


HUGE = ("1e40000", "-1e40000", "1e999999999999", "1e-999999999999", "1" * 4_000, "1" * 9_000)


@pytest.mark.parametrize(("vendor", "topic", "content"), CASES)
def test_a_huge_number_in_any_place_is_told_in_few_letters_or_refused(vendor: str, topic: str, content: Any) -> None:
    plug_in, whole = webhooks[vendor], msgspec.json.encode(content).decode()
    for found in re.finditer(r'(?<=[:\[,])("?)-?\d+(?:\.\d+)?\1(?=[,}\]])', whole):
        for number in HUGE:
            body = f"{whole[: found.start()]}{number}{whole[found.end() :]}".encode()
            said: list[Said] = []
            with suppress(RegularsError):
                said = plug_in.map(Told(topic, payload.read(body), SALE if plug_in.is_edited else None))
            for each in said:
                sizes = [value.bit_length() for _, value in leaves(each.message) if isinstance(value, int)]
                assert max(sizes, default=0) < 4 * 4_000, number


def test_the_address_of_the_example_is_the_one_that_is_signed() -> None:
    assert posted("square", "", EXAMPLES["square"][0][1], {}).url == BASE + "square"


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """Every value inside with the name it stands under."""
    if isinstance(value, dict):
        return [each for key, inner in value.items() for each in leaves(inner, key)]
    if isinstance(value, list):
        return [each for inner in value for each in leaves(inner, name)]
    return [(name, value)]
