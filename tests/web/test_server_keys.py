"""A program reaches what the scopes of its key name, no page, as often as it may, and as long as the key works."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import cast

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from litestar.handlers import HTTPRouteHandler
from playwright.sync_api import Page, expect

from regulars import collect
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.errors import InputRefused, NotFound
from regulars.web import SCOPES, Role, add_server_key, rotate_server_key, server_keys
from regulars.web.keys import by_key
from regulars.web.shelf import routes

from . import seed
from .site import Site

ASKED = {
    "customers:read": ["/api/customers/1", "/api/customers?q=hazel", "/api/segments/lapsing_regulars/why/1"],
    "profiles:read": [f"/v1/spaces/default/collections/users/profiles/use_1/{part}" for part in ("traits", "events")],
    "segments:read": ["/api/segments", "/api/traits"],
    "reports:read": ["/api/home", "/api/reports/purchase_trends", "/reports/purchase_trends/rows.csv"],
    "messages:read": ["/api/outbox", "/api/mail", "/api/journeys"],
    "moment:read": ["/api/moment?phone=1"],
    "events:read": ["/api/live", "/api/live/1", "/api/refusals", "/api/vocabulary"],
    "sources:read": ["/api/sources", "/api/audit", "/api/systems", "/sources/audit.csv"],
    "health:read": ["/api/health"],
}
POSTED = {
    "events:write": ("/api/refusals/replay", {"like": 999_999}),
    "personal:read": ("/api/live/1/clear", {"reason": "a test"}),
    "segments:write": ("/api/segments/nobody/archive", {"reason": "a test"}),
    "segments:read": ("/api/count", [{"trait": "orders", "sign": ">", "value": 0}]),
}
PAGES = ["/", "/customers/1", "/live/1", "/access", "/developers", "/api/openapi.json"]


def client_of(site: Site, *scopes: str, rate: int = 1_000) -> httpx.Client:
    """A program with a key of these scopes."""
    with site.app.transaction() as inside:
        key = add_server_key(inside, "a program", scopes, rate).key
    return httpx.Client(base_url=site.url, headers={"authorization": f"Bearer {key}"}, timeout=30)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_reaches_what_its_scope_names_and_nothing_else(site: Site, scope: str) -> None:
    with client_of(site, scope) as client:
        got = {path: client.get(path) for paths in ASKED.values() for path in paths}
        got |= {path: client.post(path, json=body) for path, body in POSTED.values()}

    for name in SCOPES:
        for path in [*ASKED.get(name, []), *([POSTED[name][0]] if name in POSTED else [])]:
            if name == scope:
                assert got[path].status_code in (200, 404), path
            else:
                assert (got[path].status_code, got[path].json()["code"]) == (403, "RG-1809"), path
                assert name in got[path].json()["what"]


def test_every_scope_is_needed_somewhere_and_every_json_address_needs_one() -> None:
    handlers = [cast(HTTPRouteHandler, each) for each in routes()]
    needed = {scope for each in handlers if (scope := each.opt.get("scope"))}
    without = [path for each in handlers for path in each.paths if path.startswith("/api/") and "scope" not in each.opt]

    assert needed == set(SCOPES)
    assert without == ["/api/openapi.json"]


def test_a_key_opens_no_page_and_changes_no_access_whatever_its_scopes(site: Site) -> None:
    with client_of(site, *SCOPES) as client:
        answers = [client.get(path, headers={"accept": "application/json"}) for path in PAGES]
        answers += [
            client.post(path, data={"name": "x", "password": "y"}) for path in ("/developers/keys", "/password")
        ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)


def test_a_till_that_may_not_read_customers_gets_the_card_of_an_associate(site: Site) -> None:
    card = seed.person(1)["loyalty_card"]
    with client_of(site, "moment:read") as till, client_of(site, "moment:read", "customers:read") as desk:
        by_till, by_desk = (client.get("/api/moment", params={"card": card}).json() for client in (till, desk))
        by_number = till.get("/api/moment?customer=1").status_code

    assert "customer" not in by_till
    assert "customer" in by_desk
    assert by_number == 403


def test_a_key_for_reports_is_told_no_customer_by_name_unless_it_may_read_customers(site: Site) -> None:
    paths = ["/api/reports/best_customers?days=3650", "/reports/best_customers/rows.csv?days=3650"]
    with client_of(site, "reports:read") as dashboard, client_of(site, "reports:read", "customers:read") as desk:
        refused, given = ([client.get(path) for path in paths] for client in (dashboard, desk))
        best = [client.get("/api/home").json()["best"] for client in (dashboard, desk)]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "RG-1809")] * 2
    assert [answer.status_code for answer in given] == [200, 200]
    assert [bool(each) for each in best] == [False, True]


def test_a_key_that_sees_messages_masked_cannot_search_for_what_the_mask_hides(site: Site) -> None:
    said = {"type": "track", "event": "Overheard Guess", "userId": "u1", "properties": {"email": "guessed@example.org"}}
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "guesses", "web")
        for more in ({"messageId": "guess-1"}, {"messageId": "guess-2", "type": "odd"}):
            collect.accept(inside, source, [said | more], received_at=site.app.clock.now())
    asked = [("/api/live", "arrivals"), ("/api/refusals", "refusals"), ("/api/refusals", "groups")]
    with client_of(site, "events:read") as key, client_of(site, "events:read", "personal:read") as trusted:
        found = {
            text: [
                [len(one.get(path, params={"q": text}).json()[part]) for path, part in asked] for one in (key, trusted)
            ]
            for text in ("guessed@", "guess-", "guess-2", "overheard")
        }

    assert found["guessed@"] == [[0, 0, 0], [2, 1, 1]]
    assert found["guess-"] == [[0, 0, 0], [2, 1, 1]]
    assert found["guess-2"][0] == [1, 1, 1]
    assert found["overheard"][0][0] == 1


def test_a_key_that_asks_too_often_is_told_when_to_come_again(site: Site) -> None:
    with client_of(site, "health:read", rate=1) as client, client_of(site, "health:read", rate=1) as other:
        answers = [client.get("/api/health") for _ in range(11)]
        spared = other.get("/api/health")

    assert [answer.status_code for answer in answers[:10]] == [200] * 10
    assert (answers[10].status_code, answers[10].headers["retry-after"]) == (429, "1")
    assert answers[10].json()["code"] == "RG-1140"
    assert spared.status_code == 200


def test_a_rotated_key_ends_when_it_was_said_and_the_new_one_has_its_scopes(app: App, clock: ManualClock) -> None:
    with app.transaction() as inside:
        old = add_server_key(inside, "Till 3", ["moment:read"], 7)
        new = rotate_server_key(inside, old.id, 24)
    before = by_key(app, old.key), by_key(app, new.key)
    clock.sleep(24 * 3600)

    assert all(before)
    assert by_key(app, old.key) is None
    with app.transaction() as inside:
        keys = {key.id: key for key in server_keys(inside)}
        with pytest.raises(NotFound):
            rotate_server_key(inside, old.id)
    assert keys[new.id].scopes == keys[old.id].scopes == ["moment:read"]
    assert (keys[new.id].requests_per_second, keys[new.id].name) == (7, "Till 3")
    assert [keys[each].state(clock.now()) for each in (old.id, new.id)] == ["ended", "works"]


def test_a_key_that_leaked_and_is_rotated_ends_at_once(app: App) -> None:
    with app.transaction() as inside:
        old = add_server_key(inside, "Till 3", ["moment:read"])
        rotate_server_key(inside, old.id, 0)

    assert by_key(app, old.key) is None


def test_the_last_use_is_written_once_a_minute_and_the_key_nowhere(app: App, clock: ManualClock) -> None:
    with app.transaction() as inside:
        made = add_server_key(inside, "Till 3", ["moment:read"])
    at = clock.now()
    for _ in range(3):
        assert by_key(app, made.key)
        clock.sleep(20)
    with app.transaction() as inside:
        first = server_keys(inside)[0].used_at
    clock.sleep(60)
    assert by_key(app, made.key)

    with app.transaction() as inside:
        assert (first, server_keys(inside)[0].used_at) == (at, at + timedelta(minutes=2))
        row = inside.db.execute("select string_agg(k::text, '') from server_key k").fetchone()
    assert row is not None
    assert made.key not in row[0]


@pytest.mark.parametrize(
    ("name", "scopes", "rate"),
    [("", ["moment:read"], 1), ("x", [], 1), ("x", ["everything"], 1), ("x", ["moment:read"], 0)],
)
def test_a_key_that_says_nothing_or_too_much_is_not_made(app: App, name: str, scopes: list[str], rate: int) -> None:
    with app.transaction() as inside, pytest.raises(InputRefused):
        add_server_key(inside, name, scopes, rate)


def test_a_key_is_made_shown_once_rotated_and_revoked_on_the_page(page: Page, site: Site) -> None:
    page.goto("/developers")
    page.get_by_label("For which program").fill("Dashboard")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("alert")).to_contain_text("it has no scope")
    page.get_by_label("reports:read").check()
    page.get_by_role("button", name="Make key").click()
    made = page.get_by_role("status").first.inner_text()
    page.goto("/developers")
    page.get_by_role("link", name="Change the key of Dashboard").click()
    page.get_by_role("button", name="Rotate key").click()
    rotated = page.get_by_role("status").first.inner_text()
    assert Axe().run(page).response["violations"] == []
    page.goto("/developers")
    page.get_by_role("link", name="Change the key of Dashboard").first.click()
    page.get_by_role("button", name="Revoke now").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("status").first).to_contain_text("is revoked")

    old, new = (re.search(r"rk_server_[\w-]+", said) for said in (made, rotated))
    assert old is not None
    assert new is not None
    assert by_key(site.app, old[0]) is not None
    assert by_key(site.app, new[0]) is None
    assert new[0] not in page.content()
    with site.app.transaction() as inside:
        lines = inside.db.execute("select action from audit_log where action like '%% a server key' order by id desc")
        assert [line[0].split()[0] for line in lines.fetchmany(3)] == ["revoked", "rotated", "made"]


def test_associates_make_no_keys(site: Site) -> None:
    form = {"name": "mine", "customers:read": "on", "form_token": site.form_token(Role.ASSOCIATE)}
    with site.client(Role.ASSOCIATE) as client:
        assert client.post("/developers/keys", data=form).status_code == 403


def test_the_document_says_which_scope_each_operation_needs(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        paths = client.get("/api/openapi.json").json()["paths"]
        page = client.get("/developers").text

    said = paths["/api/systems"]
    assert [said[method]["security"][0] for method in ("get", "put", "delete")] == [
        {"ServerKey": [scope]} for scope in ("sources:read", "sources:write", "sources:write")
    ]
    assert {"403", "429"} <= set(said["get"]["responses"])
    assert "Retry-After" in said["get"]["responses"]["429"]["headers"]
    assert all(scope in page for scope in SCOPES)
