"""From a shop's posts to what we know of its customers: in whatever order they come, and after a mapping was mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest

from regulars import analyze, collect
from regulars.app import App
from regulars.collect.hooks import Hooks
from regulars.collect.webhooks import Said, Told
from regulars.collect.wires import Request
from tests.collect.vendors import (
    SECRET,
    SHOPIFY_CUSTOMER,
    SHOPIFY_ORDER,
    SHOPIFY_REFUND,
    SQUARE_PAYMENT,
    SQUARE_REFUND,
    changed,
    headers,
    raw,
    square,
)
from tests.worker.place import drain

MOVED = changed(
    SHOPIFY_CUSTOMER,
    updated_at="2026-03-01T20:00:00-05:00",
    default_address=SHOPIFY_CUSTOMER["default_address"] | {"city": "Boston"},
)
REFUNDED = changed(
    SHOPIFY_ORDER,
    updated_at="2026-03-01T19:00:00-05:00",
    financial_status="partially_refunded",
    refunds=[SHOPIFY_REFUND],
)
DELIVERIES = [
    ("customers/create", SHOPIFY_CUSTOMER),
    ("orders/create", SHOPIFY_ORDER),
    ("orders/paid", SHOPIFY_ORDER),
    ("refunds/create", SHOPIFY_REFUND),
    ("orders/updated", REFUNDED),
    ("customers/update", MOVED),
]


def deliver(app: App, vendor: str, topic: str, content: Any) -> None:
    """One genuine request."""
    name = f"{topic}-{crc32(raw(content))}"
    sent = headers(vendor, topic, content, name=vendor, delivery=name)
    given = [(key.lower().encode(), value.encode()) for key, value in sent.items()]
    Hooks()(app, vendor, Request("POST", "", b"", given, raw(content)))


def expect_webhook(app: App, vendor: str) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, vendor, vendor, SECRET)


def known(app: App) -> list[tuple[Any, ...]]:
    """Everybody known, with city, consent and money."""
    with app.transaction() as inside:
        return inside.db.execute(
            "select p.city, p.email, t.orders, t.spend_cents, t.refund_cents, t.net_spend_cents, t.returns,"
            " (select array_agg(c.channel || ' ' || c.allowed) from consent_state c where c.customer = p.customer)"
            " from profile p join trait_state t on t.customer = p.customer"
        ).fetchall()


@pytest.mark.parametrize("order", ["as they happened", "backwards", "each one twice"])
def test_a_customer_is_the_same_in_whatever_order_her_shop_tells_of_her(app: App, order: str) -> None:
    expect_webhook(app, "shopify")
    told = DELIVERIES[::-1] if order == "backwards" else DELIVERIES * (2 if order == "each one twice" else 1)

    for topic, content in told:
        deliver(app, "shopify", topic, content)
        if order == "backwards":
            drain(app)
    drain(app)

    assert known(app) == [("Boston", "ann@example.org", 1, 35_78, 10_26, 25_52, 1, ["email true"])]


def test_without_the_change_of_the_order_nobody_gets_the_refund(app: App) -> None:
    expect_webhook(app, "shopify")

    for topic, content in DELIVERIES:
        if topic != "orders/updated":
            deliver(app, "shopify", topic, content)
    drain(app)

    assert [row[4] for row in known(app)] == [0]


def test_a_refund_at_the_till_reaches_who_paid(app: App) -> None:
    expect_webhook(app, "square")
    changed_payment = changed(
        SQUARE_PAYMENT, updated_at="2026-03-01T20:00:10.000Z", refunded_money={"amount": 500, "currency": "USD"}
    )

    deliver(app, "square", "", square("refund.updated", SQUARE_REFUND))
    deliver(app, "square", "", square("payment.updated", SQUARE_PAYMENT))
    deliver(app, "square", "", square("payment.updated", changed_payment))
    drain(app)

    with app.transaction() as inside:
        rows = inside.db.execute("select spend_cents, refund_cents from trait_state where known").fetchall()
    assert rows == [(19_99, 5_00)]


def test_a_replay_after_a_fix_leaves_everything_as_if_it_had_been_mapped_so_from_the_start(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_webhook(app, "shopify")
    plug_in = collect.webhooks["shopify"]

    def broken(told: Told) -> list[Said]:
        """A plug-in that reads the revenue of orders ten times too high."""
        said = plug_in.map(told)
        return [
            each._replace(message=each.message | {"properties": each.message["properties"] | {"revenue": "357.80"}})
            if each.message.get("event") == "Order Completed"
            else each
            for each in said
        ]

    with monkeypatch.context() as before:
        before.setitem(collect.webhooks._found, "shopify", plug_in._replace(map=broken))
        for topic, content in DELIVERIES:
            deliver(app, "shopify", topic, content)
        drain(app)
        wrong = known(app)

    report = collect.replay_deliveries(app, "shopify", "ann")
    drain(app)
    app.clock.sleep(timedelta(minutes=11).total_seconds())
    drain(app)

    assert [row[3] for row in wrong] == [357_80]
    assert (report.changed, report.refused) == (1, 0)
    assert known(app) == [("Boston", "ann@example.org", 1, 35_78, 10_26, 25_52, 1, ["email true"])]
    with app.transaction() as inside:
        assert analyze.differences(inside) == []
