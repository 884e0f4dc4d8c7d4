"""The tabs of a source that a vendor feeds: its deliveries, and the mapping that a brand edits."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Generator

import psycopg
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from regulars import collect
from regulars.app import App
from regulars.collect.hooks import SQL as HOOKS_SQL
from regulars.collect.hooks import Hooks
from regulars.collect.wires import Request
from regulars.kit.clock import ManualClock, SystemClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.store import Store
from regulars.web import create_app
from regulars.web.accounts import Role
from regulars.web.pages.collect.raw import body, pretty
from tests.collect.vendors import CUSTOM_SALE, SECRET, SHOPIFY_CUSTOMER, SHOPIFY_ORDER, changed, headers, raw
from tests.conftest import START
from tests.databases import with_database

from .conftest import START_SECONDS, signed_in
from .site import Site, context_of


@pytest.fixture(scope="module")
def shop(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site, None, None]:
    """A brand with a shop and a booking tool that post, served; one for this file."""
    name = f"hooks_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}")
    home, url = tmp_path_factory.mktemp("hooks"), with_database(server, name)
    store = Store(url)
    store.pool.open()
    settings = Settings(home=str(home), database_url=url, brand_name="Corner Market")
    made = App(settings=settings, store=store, lake=Lake(home / "lake"), clock=ManualClock(START), dice=SeededDice(1))
    try:
        fill(made)
        yield from served(made)
    finally:
        store.pool.close()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")


def fill(app: App) -> None:
    """Three sources, and some deliveries."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "webshop", SECRET)
        collect.add_webhook(inside, "custom", "bookings", SECRET)
        collect.add_webhook(inside, "custom", "forms", SECRET)
    deliver(app, "webshop", "shopify", "customers/update", SHOPIFY_CUSTOMER)
    deliver(app, "webshop", "shopify", "orders/create", changed(SHOPIFY_ORDER, total_price="a lot"))
    deliver(app, "bookings", "custom", "sale", CUSTOM_SALE)
    collect.map_deliveries(app)


def served(app: App) -> Generator[Site, None, None]:
    """By uvicorn on a free port."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(app), port=0, log_level="warning", timeout_graceful_shutdown=1)  # pyright: ignore
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    waited = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < waited:
        SystemClock().sleep(0.05)
    yield signed_in(app, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    thread.join(10)


def deliver(app: App, source: str, vendor: str, topic: str, content: object) -> None:
    """One genuine request."""
    sent = headers(vendor, topic, content, name=source, delivery=topic)
    given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    Hooks()(app, source, Request("POST", "", b"", given, raw(content)))


def test_a_mapping_is_edited_on_real_deliveries_tried_saved_and_replayed(browser: Browser, shop: Site) -> None:
    context = context_of(browser, shop, Role.ADMIN, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto("/sources/bookings?tab=mapping")

    page.get_by_label("Path of field 1").fill("id")
    expect(page.locator("#preview")).to_contain_text('"order_id": "s-77"')
    page.get_by_label("Path of field 2").fill("sold")
    page.get_by_label("Field 3", exact=True).fill("member")
    page.get_by_label("Path of field 3").fill("member.mail")
    page.get_by_role("button", name="Save mapping").last.click()
    expect(page.get_by_role("alert")).to_contain_text("1 line below cannot be used")
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Field 3", exact=True).fill("properties.email")
    page.get_by_role("button", name="Add field").click()
    page.get_by_label("Field 4", exact=True).fill("properties.revenue")
    page.get_by_label("Path of field 4").fill("sum")
    page.get_by_label("Reading of field 4").select_option("minor units")
    expect(page.locator("#preview")).to_contain_text('"revenue": "19.99"')
    expect(page.locator("#preview")).to_contain_text('"email": "a…n@e…g"')
    page.get_by_role("button", name="Save mapping").last.click()
    expect(page.get_by_role("status").first).to_contain_text("Version 1 is saved")
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_role("button", name="Try mapping all anew").click()
    expect(page.get_by_role("heading", name="1 event would change")).to_be_visible()
    page.get_by_role("button", name="Map them anew").click()
    expect(page.get_by_role("heading", name="1 event changed")).to_be_visible()

    with shop.app.transaction() as inside:
        assert inside.db.execute(
            "select j.name, body -> 'properties' ->> 'revenue' from journal j join source s on s.id = j.source_id"
            " where s.name = 'bookings'"
        ).fetchall() == [("Order Completed", "19.99")]
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tabs_have_no_axe_violation(browser: Browser, shop: Site, theme: str) -> None:
    context = context_of(browser, shop, Role.ADMIN, viewport={"width": 1024, "height": 768}, color_scheme=theme)
    page, found = context.new_page(), list[object]()

    for path in ("webshop?tab=deliveries", "webshop?tab=deliveries&delivery=1", "bookings?tab=mapping"):
        page.goto(f"/sources/{path}")
        found += Axe().run(page).response["violations"]

    context.close()
    assert found == []


def test_a_delivery_is_shown_as_it_came_but_for_what_names_somebody(shop: Site) -> None:
    with shop.client(Role.ADMIN) as client:
        listed = client.get("/sources/webshop", params={"tab": "deliveries"}).text
        shown = client.get("/sources/webshop", params={"tab": "deliveries", "delivery": "1"}).text

    assert "An amount cannot be read" in listed
    assert "2026-01-05T12:00:00-05:00" in shown
    assert not [each for each in ("ann@example.org", "Miller", "+12125550123", "1 Main St", "10001") if each in shown]


@pytest.mark.parametrize(
    ("query", "status"),
    [("delivery=99", 404), ("delivery=x", 200), ("delivery=" + "9" * 30, 200), ("before=-1", 200), ("state=%00", 200)],
)
def test_odd_addresses_are_answered_in_our_words(shop: Site, query: str, status: int) -> None:
    with shop.client(Role.ADMIN) as client:
        assert client.get(f"/sources/webshop?tab=deliveries&{query}").status_code == status


@pytest.mark.parametrize("act", ["drop.9", "drop.0.77", "add.x", "drop.", "add-event", "drop.0", "", "drop.²", "save"])
def test_no_button_breaks_the_form(shop: Site, act: str) -> None:
    form = {"form_token": shop.form_token(Role.ADMIN), "act": act, "0.kind": "identify", "0.0.place": "userId"}

    with shop.client(Role.ADMIN) as client:
        answer = client.post("/sources/forms/mapping", data=form)

    assert answer.status_code in (200, 201)


def test_only_administrators_reach_deliveries_and_mappings(shop: Site) -> None:
    form = {"form_token": shop.form_token(Role.ASSOCIATE)}

    with shop.client(Role.ASSOCIATE) as client:
        answers = [client.get("/sources/webshop?tab=deliveries").status_code]
        answers += [
            client.post(f"/sources/{path}", data=form).status_code
            for path in ("webshop/replay", "webshop/replay/try", "bookings/mapping", "bookings/mapping/preview")
        ]

    assert answers == [403] * 5


def test_a_source_without_a_webhook_has_no_such_tabs_and_nothing_to_replay(shop: Site) -> None:
    with shop.app.transaction() as inside:
        collect.register(inside, "till", "tills")
    form = {"form_token": shop.form_token(Role.ADMIN)}

    with shop.client(Role.ADMIN) as client:
        page = client.get("/sources/till?tab=deliveries").text
        replay = client.post("/sources/till/replay", data=form).status_code
        mapped = client.post("/sources/till/mapping", data=form | {"act": "save"}).status_code

    assert "Deliveries</a>" not in page
    assert (replay, mapped) == (400, 404)


def test_a_delivery_is_shown_in_the_clear_for_a_reason_only_and_whole_where_it_is_no_json(shop: Site) -> None:
    with shop.app.transaction() as inside:
        hook = collect.webhook_by_name(inside, "forms")
        assert hook is not None
        given = {"source": hook.source.id, "delivery_id": "d-1", "topic": "form", "now": shop.app.clock.now()}
        body = b"email=clem@example.com"
        given |= {"body": body, "body_hash": b"0" * 16, "size": len(body)}
        row = inside.db.execute(HOOKS_SQL.keep_delivery, given).fetchone()
        assert row is not None
        number = collect.deliveries(inside, hook)[0].id
    form = {"form_token": shop.form_token(Role.ADMIN)}
    with shop.client(Role.ADMIN) as client:
        masked = client.get(f"/sources/forms?tab=deliveries&delivery={number}").text
        clear = client.post(f"/sources/forms/deliveries/{number}/clear", data=form | {"reason": "ticket 7"})

    assert "clem@" not in masked
    assert "22 bytes that are no JSON" in masked
    assert "clem@example.com" in clear.text


def test_what_names_somebody_is_masked_wherever_it_stands() -> None:
    text = pretty({"note": "call Ann", "x": ["ann@example.org", "+1 (212) 555-0123", "19.90"], "id": 7, "sku": "MUG"})

    assert not [each for each in ("Ann", "ann@", "555") if each in text]
    assert all(each in text for each in ("19.90", "MUG", "7"))


def test_a_delivery_that_is_nested_too_deep_to_walk_is_shown_by_its_size() -> None:
    deep = b'{"email": "clem@example.com", "a": %b1%b}' % (b"[" * 600, b"]" * 600)

    assert collect.content_of(deep)
    assert body(deep, collect.hidden) == collect.masked_whole(len(deep))
    assert body(deep, collect.in_the_clear).startswith("{")
