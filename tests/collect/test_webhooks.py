"""From a vendor's post to the journal: verified, kept raw before the answer, mapped once, whatever the order."""

import stat
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import hooks
from regulars.collect.errors import SourceRefused
from regulars.kit.clock import ManualClock
from tests.collect import vendors
from tests.collect.door_server import Door
from tests.collect.vendors import SECRET, SHOPIFY_ORDER, SHOPIFY_REFUND, changed, headers, raw

PAID_LATER = changed(SHOPIFY_ORDER, updated_at="2026-03-01T12:00:00-05:00")


@pytest.fixture
def shop(app: App) -> str:
    """A source fed by Shopify."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    return "shop"


@pytest.fixture
def hook_door(app: App, shop: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Door, None, None]:
    """The gateway, over real HTTP; one client for all, because making one takes longer than a delivery."""
    with Door(app) as running, httpx.Client(base_url=running.url, timeout=30) as client:
        monkeypatch.setattr(running, "client", client, raising=False)
        yield running


def post(door: Door, topic: str, content: Any, delivery: str = "d1", **more: Any) -> httpx.Response:
    """As Shopify would."""
    sent = headers("shopify", topic, content, delivery=delivery, **more)
    return door.client.post("/hooks/shop", content=raw(content), headers=sent)


def rows(app: App, statement: str) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return inside.db.execute(statement).fetchall()  # pyright: ignore[reportArgumentType]


def journal(app: App) -> list[tuple[str, str]]:
    """Ids and names of what was told."""
    return rows(app, "select message_id, name from journal order by seq")


def states(app: App) -> list[tuple[str, str]]:
    return rows(app, "select state, reason from delivery order by id")


def test_a_delivery_is_kept_raw_before_the_answer_and_mapped_after_it(app: App, hook_door: Door) -> None:
    answer = post(hook_door, "orders/create", SHOPIFY_ORDER)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert rows(app, "select body, topic, state from delivery") == [(raw(SHOPIFY_ORDER), "orders/create", "waiting")]
    assert journal(app) == []
    assert collect.map_deliveries(app) == 1
    assert journal(app) == [("order:450789469:completed", "Order Completed")]
    assert states(app) == [("mapped", "")]


def test_a_wrong_signature_is_answered_401_counted_and_never_kept(
    app: App, hook_door: Door, clock: ManualClock
) -> None:
    answers = [post(hook_door, "orders/create", changed(SHOPIFY_ORDER, id=n), secret="guess") for n in range(5)]
    clock.sleep(11)
    answers.append(post(hook_door, "orders/create", SHOPIFY_ORDER, secret="guess"))

    assert {(each.status_code, each.json()["code"], each.json()["success"]) for each in answers} == {
        (401, "RG-1156", False)
    }
    assert rows(app, "select count(*) from delivery") == [(0,)]
    assert rows(app, "select code from refusal") == [("RG-1156",)]
    with app.transaction() as inside:
        assert [each.unverified for each in collect.list_webhooks(inside)] == [6]


def test_deliveries_over_4_mib_are_one_refusal_a_day_and_not_told_to_come_in_smaller_batches(
    app: App, hook_door: Door
) -> None:
    answers = [hook_door.client.post("/hooks/shop", content=b"x" * 5_000_000) for _ in range(2)]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {(413, "RG-1132")}
    assert "batches" not in answers[0].json()["message"]
    assert rows(app, "select code, strpos(body, 'xxx') from refusal") == [("RG-1144", 0)]
    assert rows(app, "select count(*) from delivery") == [(0,)]


def test_an_address_without_a_webhook_takes_nothing(app: App, hook_door: Door) -> None:
    answer = hook_door.client.post("/hooks/nobody", content=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (404, "RG-1157")


def test_the_same_delivery_a_hundred_times_at_once_is_one(app: App, hook_door: Door) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: post(hook_door, "orders/create", SHOPIFY_ORDER).status_code, range(100)))

    # What did not fit into the line of waiting requests is asked to come again; nothing is doubled either way.
    assert set(answers) <= {200, 503}
    assert 200 in answers
    collect.map_deliveries(app)
    assert len(journal(app)) == 1
    assert rows(app, "select count(*) from delivery") == [(1,)]


def test_another_body_under_the_same_delivery_id_is_a_refusal_and_the_first_stands(app: App, hook_door: Door) -> None:
    post(hook_door, "orders/create", SHOPIFY_ORDER)

    answer = post(hook_door, "orders/create", changed(SHOPIFY_ORDER, total_price="1.00"))

    assert answer.status_code == 200
    assert rows(app, "select count(*) from delivery") == [(1,)]
    assert rows(app, "select code from refusal") == [("RG-1110",)]


def test_an_order_that_several_deliveries_tell_is_one_sale(app: App, hook_door: Door) -> None:
    post(hook_door, "orders/updated", PAID_LATER, "d1")
    post(hook_door, "orders/create", SHOPIFY_ORDER, "d2")
    post(hook_door, "orders/paid", SHOPIFY_ORDER, "d3")

    collect.map_deliveries(app)

    assert [name for _, name in journal(app)] == ["Order Completed", "Order Updated"]
    assert states(app) == [
        ("mapped", ""),
        ("silent", "All of it was told before"),
        ("silent", "All of it was told before"),
    ]
    assert rows(app, "select count(*) from refusal") == [(0,)]


def test_without_keys_the_same_order_would_be_three_sales(
    app: App, hook_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in = collect.webhooks["shopify"]
    keyless = plug_in._replace(map=lambda told: [each._replace(key="") for each in plug_in.map(told)])
    monkeypatch.setitem(collect.webhooks._found, "shopify", keyless)

    for delivery in ("d1", "d2", "d3"):
        post(hook_door, "orders/paid", SHOPIFY_ORDER, delivery)
    collect.map_deliveries(app)

    assert [name for _, name in journal(app)] == ["Order Completed"] * 3


def test_what_cannot_be_mapped_is_a_refusal_and_holds_nobody_up(app: App, hook_door: Door) -> None:
    post(hook_door, "orders/create", changed(SHOPIFY_ORDER, total_price="a lot"), "d1")
    post(hook_door, "orders/create", b"\xff not json", "d2")
    post(hook_door, "products/update", {"id": 1}, "d3")
    post(hook_door, "orders/create", SHOPIFY_ORDER, "d4")

    collect.map_deliveries(app)

    assert states(app) == [
        ("refused", "An amount cannot be read"),
        ("refused", "The body is not JSON"),
        ("silent", "The topic products/update is not read"),
        ("mapped", ""),
    ]
    assert rows(app, "select code, message_id from refusal order by id") == [
        ("RG-1155", "delivery:1"),
        ("RG-1155", "delivery:2"),
    ]


def test_a_plug_in_that_breaks_refuses_one_delivery_and_says_where_without_its_content(
    app: App, hook_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(told: Any) -> Any:
        raise ValueError("ann@example.org")

    monkeypatch.setitem(collect.webhooks._found, "shopify", collect.webhooks["shopify"]._replace(map=broken))
    post(hook_door, "orders/create", SHOPIFY_ORDER)

    collect.map_deliveries(app)

    ((state, reason),) = states(app)
    assert (state, reason.startswith("The mapping broke on it (ValueError in ")) == ("refused", True)
    assert "ann" not in reason


def test_what_the_door_refuses_of_a_delivery_is_a_refusal_and_the_rest_is_told(app: App, hook_door: Door) -> None:
    late = changed(SHOPIFY_ORDER, updated_at="2031-01-01T00:00:00Z")

    post(hook_door, "orders/updated", late)
    collect.map_deliveries(app)

    assert [name for _, name in journal(app)] == ["Order Completed"]
    assert rows(app, "select code from refusal") == [("RG-1108",)]
    assert states(app)[0][0] == "refused"


def test_the_shop_that_tries_the_address_hears_200_and_nothing_is_kept(app: App, hook_door: Door) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "woocommerce", "woo", SECRET)

    ping = hook_door.client.post("/hooks/woo", content=b"webhook_id=12")
    forged = hook_door.client.post("/hooks/woo", content=b"webhook_id=12&more")

    assert (ping.status_code, forged.status_code) == (200, 401)
    assert rows(app, "select count(*) from delivery") == [(0,)]


def test_square_signs_the_address_it_was_given_too(app: App, hook_door: Door) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "square", "till-web", SECRET)
    content = vendors.square("payment.updated", vendors.SQUARE_PAYMENT)
    right, wrong = (headers("square", "", content, name=name) for name in ("till-web", "other"))

    answers = [
        hook_door.client.post("/hooks/till-web", content=raw(content), headers=each).status_code
        for each in (wrong, right)
    ]

    assert answers == [401, 200]


def test_a_secret_stands_in_a_file_of_ours_alone_and_in_no_table(app: App, shop: str) -> None:
    path = app.settings.home_path / "secrets" / "webhook-shop"

    assert path.read_text() == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET not in str(rows(app, "select * from webhook"))


def test_a_new_secret_is_heard_of_within_seconds_and_the_old_one_is_not(
    app: App, hook_door: Door, clock: ManualClock
) -> None:
    assert post(hook_door, "orders/create", SHOPIFY_ORDER).status_code == 200
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", "another")

    clock.sleep(hooks.KNOWN_SECONDS + 1)

    assert post(hook_door, "orders/create", PAID_LATER, "d2").status_code == 401
    assert post(hook_door, "orders/create", PAID_LATER, "d2", secret="another").status_code == 200


def test_a_webhook_that_cannot_be_is_refused_with_the_reason(app: App, shop: str) -> None:
    with app.transaction() as inside:
        for vendor, name, secret, options in (
            ("square", "shop", "s", {}),
            ("shopify", "new", " ", {}),
            ("shopify", "new", "s", {"header": "x"}),
        ):
            with pytest.raises(SourceRefused):
                collect.add_webhook(inside, vendor, name, secret, options)


def test_a_webhook_added_again_keeps_the_options_that_are_not_given(app: App) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "custom", "till", SECRET, {"header": "x-till", "prefix": "sha256="})

        collect.add_webhook(inside, "custom", "till", "another", {"prefix": ""})

        hook = collect.webhook_by_name(inside, "till")
    assert hook is not None
    assert (hook.options["header"], hook.options["prefix"]) == ("x-till", "")


@pytest.mark.parametrize(
    ("option", "value"),
    [("scheme", "hmac-md5"), ("header", ""), ("time_header", "x time"), ("id_path", "a..b")],
)
def test_an_option_that_nothing_could_be_verified_by_is_refused(app: App, option: str, value: str) -> None:
    with app.transaction() as inside, pytest.raises(SourceRefused, match=option):
        collect.add_webhook(inside, "custom", "till", SECRET, {option: value})


def test_an_order_that_the_journal_has_otherwise_makes_its_delivery_a_refused_one(app: App, hook_door: Door) -> None:
    told = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "order:450789469:completed"}
    with app.transaction() as inside:
        source = collect.source_by_name(inside, "shop")
        assert source is not None
        collect.accept(inside, source, [told], received_at=app.clock.now())
    post(hook_door, "orders/create", SHOPIFY_ORDER)

    collect.map_deliveries(app)

    assert states(app) == [("refused", "The journal has an event of this id with another body; that one stands")]
    assert rows(app, "select events from delivery") == [(0,)]
    assert rows(app, "select key from delivery_event") == []
    assert rows(app, "select code from refusal") == [("RG-1110",)]


def test_deliveries_are_taken_while_the_mapper_works(app: App, hook_door: Door) -> None:
    post(hook_door, "orders/create", SHOPIFY_ORDER)

    with app.transaction() as inside:
        inside.db.execute("select id from delivery for update")
        answer = post(hook_door, "orders/updated", PAID_LATER, "d2")

    assert answer.status_code == 200


def test_a_hanging_database_costs_seconds_and_is_answered_503(app: App, hook_door: Door, database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("lock table delivery in access exclusive mode")
        answer = post(hook_door, "orders/create", SHOPIFY_ORDER)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.elapsed.total_seconds() < 4.5
    assert post(hook_door, "orders/create", SHOPIFY_ORDER).status_code == 200


def test_many_deliveries_are_mapped_in_a_constant_number_of_statements(app: App, hook_door: Door) -> None:
    for n in range(30):
        post(hook_door, "orders/create", changed(SHOPIFY_ORDER, id=n + 1), f"d{n}")
    counts: list[str] = []
    one, original = [], psycopg.Connection.execute

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            psycopg.Connection, "execute", lambda self, *a, **k: (counts.append(""), original(self, *a, **k))[1]
        )
        collect.map_deliveries(app)
        one = list(counts)

    assert len(journal(app)) == 30
    assert len(one) < 15


def test_an_order_of_very_many_lines_is_told_with_as_many_as_fit(app: App, hook_door: Door) -> None:
    lines = [changed(SHOPIFY_ORDER["line_items"][0], product_id=n) for n in range(400)]

    post(hook_door, "orders/create", changed(SHOPIFY_ORDER, line_items=lines))
    collect.map_deliveries(app)

    ((kept, left_out, revenue),) = rows(
        app,
        "select jsonb_array_length(body -> 'properties' -> 'products'),"
        " (body -> 'properties' ->> 'products_left_out')::int, body -> 'properties' ->> 'revenue' from journal",
    )
    assert (kept + left_out, revenue) == (400, "35.78")
    assert kept > 100


def test_refunds_reach_their_customer_through_the_order(app: App, hook_door: Door) -> None:
    refunded = changed(PAID_LATER, financial_status="partially_refunded", refunds=[SHOPIFY_REFUND])

    post(hook_door, "refunds/create", SHOPIFY_REFUND, "d1")
    post(hook_door, "orders/create", SHOPIFY_ORDER, "d2")
    post(hook_door, "orders/updated", refunded, "d3")
    collect.map_deliveries(app)

    assert [name for _, name in journal(app)] == ["Item Returned", "Order Completed", "Order Updated"]
    evidence = rows(
        app, "select body -> 'context' -> 'externalIds' -> 0 ->> 'id' from journal where name = 'Order Updated'"
    )
    assert evidence == [("450789469",)]


def test_a_delivery_about_somebody_on_the_stop_list_keeps_its_row_and_nothing_it_said(
    app: App, hook_door: Door
) -> None:
    with app.transaction() as inside:
        order = collect.stops.order_stop(inside, "erased", "test")
        collect.stops.stop(inside, order, [collect.stops.Stop("email", SHOPIFY_ORDER["email"])])

    post(hook_door, "orders/create", SHOPIFY_ORDER)
    collect.map_deliveries(app)

    assert journal(app) == []
    assert states(app) == [("silent", "It names somebody on the stop list")]
    assert rows(app, "select body, size_bytes from delivery") == [(b"", 0)]
