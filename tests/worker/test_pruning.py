"""Deliveries are let go when the brand keeps them no longer, and never before they were mapped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import hooks, paths, pruning
from regulars.collect.wires import Request
from regulars.kit.clock import ManualClock
from regulars.worker import Worker
from tests.collect.vendors import CUSTOM_SALE, SECRET, SHOPIFY_ORDER, changed, headers, raw
from tests.worker.place import drain

NAMELESS = paths.Paths([paths.Rule(event="Sale", fields=[paths.Field("userId", constant="ann")])])


def deliver(app: App, vendor: str, topic: str, content: Any, delivery: str, source: str = "shop") -> None:
    """One genuine request."""
    sent = headers(vendor, topic, content, name=source, delivery=delivery)
    given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    hooks.Hooks()(app, source, Request("POST", f"/hooks/{source}", b"", given, raw(content)))


def kept(app: App) -> list[tuple[str, str]]:
    with app.transaction() as inside:
        return inside.db.execute("select delivery_id, state from delivery order by id").fetchall()


def told(app: App) -> list[str]:
    with app.transaction() as inside:
        return [id for (id,) in inside.db.execute("select message_id from journal order by seq")]


def keeping(app: App, **settings: int) -> App:
    """The same installation with these settings."""
    return replace(app, settings=msgspec.structs.replace(app.settings, **settings))


@pytest.fixture
def shop(app: App) -> App:
    """A shop and a till without a mapping, each with deliveries; one of them cannot be read."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
        collect.add_webhook(inside, "custom", "till", SECRET)
    deliver(app, "custom", "sale", CUSTOM_SALE, "unmapped", "till")
    deliver(app, "shopify", "orders/create", changed(SHOPIFY_ORDER, currency=None), "refused")
    for number in range(4):
        deliver(app, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=number), f"d{number}")
    collect.map_deliveries(app)
    return app


def test_the_worker_lets_go_of_what_is_old_and_mapped_and_of_nothing_else(shop: App, clock: ManualClock) -> None:
    clock.sleep(timedelta(days=31).total_seconds())
    deliver(shop, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=9), "new")
    events = told(shop)

    drain(keeping(shop, deliveries_days=30))

    assert [name for name, _ in kept(shop)] == ["unmapped", "refused", "new"]
    assert told(shop)[: len(events)] == events


def test_a_delivery_that_was_let_go_and_is_sent_again_tells_nothing_twice(shop: App, clock: ManualClock) -> None:
    clock.sleep(timedelta(days=31).total_seconds())
    collect.prune_deliveries(keeping(shop, deliveries_days=30))
    events = told(shop)

    deliver(shop, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=2), "d2")
    collect.map_deliveries(shop)

    assert told(shop) == events
    assert kept(shop)[-1] == ("d2", "silent")


def test_an_event_without_a_name_of_its_own_is_told_once_though_its_delivery_was_let_go(
    app: App, clock: ManualClock
) -> None:
    with app.transaction() as inside:
        hook = collect.add_webhook(inside, "custom", "till", SECRET)
        collect.save_mapping(inside, hook, NAMELESS, "ann")
    deliver(app, "custom", "sale", CUSTOM_SALE, "s1", "till")
    collect.map_deliveries(app)
    clock.sleep(timedelta(days=31).total_seconds())
    pruned = collect.prune_deliveries(keeping(app, deliveries_days=30))

    deliver(app, "custom", "sale", CUSTOM_SALE, "s1", "till")
    collect.map_deliveries(app)

    assert (pruned, told(app), kept(app)) == (1, ["delivery:s1:0"], [("s1", "silent")])


@pytest.mark.parametrize(("most", "left"), [(2, ["d2", "d3"]), (0, ["d0", "d1", "d2", "d3"])])
def test_of_more_deliveries_than_are_kept_the_oldest_go_in_sets(
    shop: App, monkeypatch: pytest.MonkeyPatch, most: int, left: list[str]
) -> None:
    monkeypatch.setattr(pruning, "PRUNED_AT_ONCE_MAX", 1)
    few = keeping(shop, deliveries_max=most, deliveries_days=0)

    gone = [collect.prune_deliveries(few) for _ in range(4)]

    assert gone == ([1, 1, 0, 0] if most else [0, 0, 0, 0])
    assert [name for name, state in kept(shop) if state == "mapped"] == left


def test_pruning_that_breaks_holds_up_no_event(shop: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(app: App) -> int:
        raise psycopg.errors.CheckViolation

    monkeypatch.setattr(collect, "prune_deliveries", broken)
    worker = Worker(shop)

    carried = sum(worker.round().carried for _ in range(2))

    assert carried == 4
