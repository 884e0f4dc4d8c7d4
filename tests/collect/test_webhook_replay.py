"""Stored deliveries mapped again after a fix: what changes is withdrawn and told anew, and nothing is doubled."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import hooks, paths
from regulars.collect.errors import SourceRefused
from regulars.collect.webhooks import Said, Told
from regulars.collect.wires import Request
from regulars.kit.clock import ManualClock
from tests.collect.test_webhook_shelf import SALE
from tests.collect.vendors import CUSTOM_SALE, SECRET, SHOPIFY_ORDER, SHOPIFY_REFUND, changed, headers, raw


@pytest.fixture
def shop(app: App) -> str:
    """A source fed by Shopify, with two orders and a refund mapped."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    deliver(app, "shopify", "orders/create", SHOPIFY_ORDER, "d1")
    deliver(app, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=2), "d2")
    deliver(app, "shopify", "refunds/create", SHOPIFY_REFUND, "d3")
    collect.map_deliveries(app)
    return "shop"


def deliver(app: App, vendor: str, topic: str, content: Any, delivery: str, source: str = "shop") -> None:
    """One genuine request."""
    sent = headers(vendor, topic, content, name=source, delivery=delivery)
    given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    hooks.Hooks()(app, source, Request("POST", f"/hooks/{source}", b"", given, raw(content)))


def mend(monkeypatch: pytest.MonkeyPatch, repair: Callable[[Said], list[Said]]) -> None:
    """Shopify's plug-in after an update."""
    before = collect.webhooks["shopify"]

    def mapped(told: Told) -> list[Said]:
        return [new for old in before.map(told) for new in repair(old)]

    monkeypatch.setitem(collect.webhooks._found, "shopify", before._replace(map=mapped))


def live(app: App) -> list[tuple[str, str, Any]]:
    """What the flow would read: id, name, revenue; what was withdrawn comes without."""
    with app.transaction() as inside:
        events = collect.claim(inside, 1_000, "test")
    assert events is not None
    return [(e.message_id, e.name, e.body.properties.get("revenue")) for e in events.events if e.kind != "aside"]


def cheaper(said: Said) -> list[Said]:
    """The order of id 2 costs a dollar less."""
    if said.key != "order:2:completed":
        return [said]
    properties = said.message["properties"] | {"revenue": "34.78"}
    return [said._replace(message=said.message | {"properties": properties})]


def test_a_replay_without_a_fix_changes_nothing(app: App, shop: str) -> None:
    before = live(app)

    report = collect.replay_deliveries(app, shop, "ann")

    assert (report.deliveries, report.unchanged, report.changed, report.added, report.withdrawn) == (3, 3, 0, 0, 0)
    assert live(app) == before


def test_a_fix_changes_only_the_event_it_mends_and_once(app: App, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mend(monkeypatch, cheaper)

    tried = collect.try_replay_deliveries(app, shop)
    before = live(app)
    done, again = collect.replay_deliveries(app, shop, "ann"), collect.replay_deliveries(app, shop, "ann")

    assert (tried.changed, tried.unchanged) == (done.changed, done.unchanged) == (1, 2)
    assert [each.key for each in tried.changes] == ["order:2:completed"]
    assert (again.changed, again.added, again.withdrawn, again.unchanged) == (0, 0, 0, 3)
    assert ("order:2:completed", "Order Completed", "35.78") in before
    assert live(app) == [
        ("order:450789469:completed", "Order Completed", "35.78"),
        ("refund:509562969", "Item Returned", "10.26"),
        ("order:2:completed:v2", "Order Completed", "34.78"),
    ]


def test_an_event_whose_next_id_is_taken_by_another_stays_as_it_was_told(
    app: App, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, shop, "shop")
        message = {"type": "track", "userId": "ann", "event": "Noted", "messageId": "order:2:completed:v2"}
        collect.accept(inside, source, [message], received_at=app.clock.now())
    before = live(app)
    mend(monkeypatch, cheaper)

    report = collect.replay_deliveries(app, shop, "ann")

    assert live(app) == before
    assert (report.changed, report.added, report.refused, report.changes) == (0, 0, 1, [])


def test_a_fix_that_is_taken_back_tells_the_first_again_under_a_third_id(
    app: App, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as first:
        mend(first, cheaper)
        collect.replay_deliveries(app, shop, "ann")

    report = collect.replay_deliveries(app, shop, "ann")

    assert report.changed == 1
    assert live(app)[-1] == ("order:2:completed:v3", "Order Completed", "35.78")


def test_what_is_no_longer_told_is_withdrawn_and_another_delivery_may_tell_it(
    app: App, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(app, "shopify", "orders/paid", SHOPIFY_ORDER, "d4")
    collect.map_deliveries(app)
    plug_in = collect.webhooks["shopify"]
    later = plug_in._replace(map=lambda told: [] if told.topic == "orders/create" else plug_in.map(told))
    monkeypatch.setitem(collect.webhooks._found, "shopify", later)

    report = collect.replay_deliveries(app, shop, "ann")

    assert (report.withdrawn, report.added, report.unchanged) == (2, 1, 1)
    assert [each[:2] for each in live(app)] == [
        ("refund:509562969", "Item Returned"),
        ("order:450789469:completed:v2", "Order Completed"),
    ]


def test_a_mapping_that_breaks_takes_nothing_away(app: App, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live(app)
    mend(monkeypatch, lambda said: 1 / 0)  # type: ignore[arg-type,return-value]

    report = collect.replay_deliveries(app, shop, "ann")

    assert (report.refused, report.withdrawn) == (3, 0)
    assert live(app) == before


def test_a_refused_delivery_is_told_once_it_can_be_mapped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    with monkeypatch.context() as broken:
        mend(broken, lambda said: 1 / 0)  # type: ignore[arg-type,return-value]
        deliver(app, "shopify", "orders/create", SHOPIFY_ORDER, "d1")
        collect.map_deliveries(app)

    report = collect.replay_deliveries(app, "shop", "ann")

    assert report.added == 1
    assert [each[0] for each in live(app)] == ["order:450789469:completed"]


def test_a_replay_since_a_day_leaves_older_deliveries_alone(
    app: App, shop: str, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    mend(monkeypatch, cheaper)

    report = collect.replay_deliveries(app, shop, "ann", since=clock.now() + timedelta(seconds=1))

    assert (report.deliveries, report.changed) == (0, 0)


def test_a_vendor_whose_plug_in_is_gone_is_refused_and_the_others_are_told(
    app: App, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "stripe", "gone", SECRET)
        inside.db.execute("update webhook set vendor = 'vanished' where vendor = 'stripe'")
        inside.db.execute(
            "insert into delivery (source_id, delivery_id, topic, received_at, body, body_hash, size_bytes, state)"
            " select w.source_id, 'x', 't', d.received_at, d.body, d.body_hash, d.size_bytes, 'waiting'"
            " from webhook w, delivery d where w.vendor = 'vanished' and d.delivery_id = 'd1'"
        )
    deliver(app, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=3), "d4")

    assert collect.map_deliveries(app) == 2
    with app.transaction() as inside:
        rows = inside.db.execute("select state, reason from delivery order by id").fetchall()
    assert rows[-2:] == [("refused", "The plug-in 'vanished' is not installed"), ("mapped", "")]


def test_a_mapping_that_cannot_be_read_refuses_its_deliveries(app: App) -> None:
    with app.transaction() as inside:
        hook = collect.add_webhook(inside, "custom", "bookings", SECRET)
        collect.save_mapping(inside, hook, SALE, "ann")
        inside.db.execute("""update webhook_mapping set content = '{"rules": 7}'""")
    deliver(app, "custom", "sale", CUSTOM_SALE, "d1", "bookings")

    assert collect.map_deliveries(app) == 1
    with app.transaction() as inside:
        rows = inside.db.execute("select state, reason from delivery").fetchall()
    assert rows == [("refused", "The mapping that is stored cannot be read")]


def test_what_the_database_refuses_is_refused_alone(app: App, shop: str) -> None:
    for number in (3, 4, 5):
        deliver(app, "shopify", "orders/create", changed(SHOPIFY_ORDER, id=number), f"d{number + 1}")
    with app.transaction() as inside:
        inside.db.execute("alter table delivery_event add constraint odd check (key <> 'order:4:completed')")

    assert collect.map_deliveries(app) == 3
    assert [each[0] for each in live(app)][-2:] == ["order:3:completed", "order:5:completed"]
    with app.transaction() as inside:
        rows = inside.db.execute("select state, reason from delivery order by id").fetchall()
    assert rows[-2] == ("refused", "The database refused what it tells (CheckViolation)")


def test_a_source_without_a_webhook_has_nothing_to_replay(app: App) -> None:
    with pytest.raises(SourceRefused, match="no webhook"):
        collect.replay_deliveries(app, "nobody", "ann")


def test_a_mapping_saved_later_tells_what_came_before_it(app: App) -> None:
    with app.transaction() as inside:
        hook = collect.add_webhook(inside, "custom", "bookings", SECRET)
    deliver(app, "custom", "sale", CUSTOM_SALE, "d1", "bookings")
    collect.map_deliveries(app)
    with app.transaction() as inside:
        seen = collect.preview(inside, hook, SALE)
        waits = collect.deliveries(inside, hook)[0]
        version = collect.save_mapping(inside, hook, SALE, "ann")

    report = collect.replay_deliveries(app, "bookings", "ann")

    assert (waits.state, waits.reason) == ("silent", "No mapping is saved yet")
    assert (version, report.added) == (1, 1)
    assert seen[0].messages[0]["properties"]["products"] == [
        {"product_id": "A1", "price": "9.99", "quantity": 1},
        {"product_id": "B2", "price": "5.00", "quantity": 2},
    ]
    assert live(app) == [("track:Order Completed:s-77", "Order Completed", "19.99")]


def test_a_mapping_names_every_fault_where_it_is() -> None:
    wrong = paths.Paths(
        [
            paths.Rule(event=""),
            paths.Rule(
                event="Sale",
                once="a..b",
                fields=[
                    paths.Field("property.x", "a"),
                    paths.Field("properties.x", "a[].b"),
                    paths.Field("properties.x"),
                    paths.Field("properties.x", "a", reading="guess"),
                    paths.Field("properties.x[]", "a[]"),
                ],
            ),
        ]
    )

    found = [(each.rule, each.field) for each in paths.faults(wrong)]

    assert found == [(0, None), (1, None), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]
    assert "write properties.x[].name" in paths.faults(wrong)[-1].words
    assert paths.faults(SALE) == []


def test_paths_of_a_delivery_can_be_chosen_from_a_list() -> None:
    assert dict(paths.leaves(json.loads(raw(CUSTOM_SALE))))["rows[].art"] == "A1"
    assert paths.value_at({"a.b": {"c": [1, 2]}}, "/a.b/c/1") == 2
