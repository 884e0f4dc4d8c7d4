"""Who may what: every route with every role and with none, sessions, sign-in, forged forms."""

from __future__ import annotations

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.web import access, accounts, first_run_token
from regulars.web.accounts import Role
from regulars.web.errors import SignInRefused, TooManyTries
from regulars.web.pages.access import own_path
from regulars.web.shelf import routes

from .site import Site

FILL = {
    "{customer:int}": "1",
    "{number:int}": "1",
    "{account:int}": "999999",
    "{trait:str}": "orders",
    "{token:str}": "x",
}
NAMES = {"/segments": "lapsing_regulars", "/journeys": "win-back", "/reports": "purchase_trends", "/mail": "none"}
REFUSED = (401, 403)


def every_route() -> list[tuple[str, str, HTTPRouteHandler]]:
    """Method, concrete path and handler of everything the site answers."""
    found: list[tuple[str, str, HTTPRouteHandler]] = []
    for handler in routes():
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            for pattern, value in FILL.items():
                path = path.replace(pattern, value)
            for start, name in NAMES.items():
                if start in path:
                    path = path.replace("{name:str}", name)
            found += [(method, path, handler) for method in handler.http_methods if method in ("GET", "POST")]
    return found


def test_every_route_says_who_may_reach_it() -> None:
    for method, path, handler in every_route():
        declared = handler.opt.get("roles") or handler.opt.get("public")

        assert declared, f"{method} {path} names no role"
        assert "{" not in path, f"teach this test to fill {path}"


@pytest.mark.parametrize("role", [None, Role.ASSOCIATE])
def test_nobody_reaches_what_is_not_for_this_role(site: Site, role: Role | None) -> None:
    with site.client(role) as client:
        for method, path, handler in every_route():
            if handler.opt.get("public") or path == "/live":
                continue
            allowed = role is not None and role in handler.opt["roles"]

            status = client.request(method, path, headers={"accept": "application/json"}).status_code

            if not allowed:
                assert status in REFUSED, f"{role} got {status} from {method} {path}"


def test_an_administrator_reaches_every_page(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        for method, path, _handler in every_route():
            if method == "GET" and path not in ("/live", "/u/x", "/c/x") and "none" not in path:
                query = "?customer=1" if path == "/api/moment" else "?before=999999" if "timeline" in path else ""

                status = client.get(path + query).status_code

                assert status == 200, f"{status} from {path}"


def test_a_page_that_needs_sign_in_leads_there_and_back(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/segments")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=/segments"


def test_a_key_acts_with_its_role_and_no_more(site: Site) -> None:
    with site.client() as client:
        till = {"authorization": f"Bearer {site.keys[Role.ASSOCIATE]}"}

        assert client.get("/api/moment?customer=1", headers=till).status_code == 200
        assert client.get("/api/customers/1", headers=till).status_code == 403
        assert client.get("/api/customers/1", headers={"authorization": "Bearer rk_server_wrong"}).status_code in (
            303,
            401,
        )


def test_a_form_without_its_token_or_from_another_site_changes_nothing(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        form = {"name": "Eve", "login": "eve-the-stranger", "role": "admin", "form_token": site.form_token(Role.ADMIN)}
        foreign = {"sec-fetch-site": "cross-site"}

        assert client.post("/access", data=form | {"form_token": "guess"}).status_code == 403
        assert client.post("/access", data=form, headers=foreign).status_code == 403
        assert client.post("/access", data=form, headers={"origin": "https://evil.example"}).status_code == 403
        assert "eve-the-stranger" not in client.get("/access").text


def test_answers_carry_the_security_headers(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/signin")

    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_the_session_cookie_is_out_of_reach_of_scripts(site: Site) -> None:
    token = first_run_token(site.app)
    with httpx.Client(base_url=site.url) as client:
        answer = client.get(f"/signin?token={token}")

    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_sign_in_token_opens_one_door_once_within_the_hour(app: App, clock: ManualClock) -> None:
    once, late = first_run_token(app), first_run_token(app)

    with app.transaction() as inside:
        assert accounts.by_token(inside, once).role is Role.ADMIN
        with pytest.raises(SignInRefused):
            accounts.by_token(inside, once)
        clock.sleep(accounts.TOKEN_LIFE.total_seconds() + 1)
        with pytest.raises(SignInRefused):
            accounts.by_token(inside, late)


def test_a_new_password_works_and_ends_every_session(app: App) -> None:
    first_run_token(app)
    with app.transaction() as inside:
        account = accounts.accounts(inside)[0]
        cookie = access.open_session(inside, account)
        accounts.set_password(inside, account.id, "a sentence to remember")

    assert access.by_cookie(app, cookie) is None
    assert accounts.by_password(app, "ADMIN ", "a sentence to remember").id == account.id


def test_five_wrong_passwords_lock_an_account_for_a_minute(app: App, clock: ManualClock) -> None:
    first_run_token(app)
    with app.transaction() as inside:
        accounts.set_password(inside, accounts.accounts(inside)[0].id, "a sentence to remember")

    for _ in range(accounts.MAX_TRIES):
        with pytest.raises(SignInRefused):
            accounts.by_password(app, "admin", "wrong")
    with pytest.raises(TooManyTries):
        accounts.by_password(app, "admin", "a sentence to remember")
    clock.sleep(accounts.LOCK.total_seconds() + 1)
    assert accounts.by_password(app, "admin", "a sentence to remember")


def test_a_session_ends_when_idle_too_long_signed_out_or_disabled(app: App, clock: ManualClock) -> None:
    first_run_token(app)
    with app.transaction() as inside:
        account = accounts.accounts(inside)[0]
        idle, out, closed = (access.open_session(inside, account) for _ in range(3))
    visitor = access.by_cookie(app, out)
    assert visitor is not None

    with app.transaction() as inside:
        access.close_session(inside, visitor)
    assert access.by_cookie(app, out) is None
    clock.sleep(access.SESSION_IDLE.total_seconds() + 1)
    assert access.by_cookie(app, idle) is None
    with app.transaction() as inside:
        accounts.disable(inside, account.id)
    assert access.by_cookie(app, closed) is None


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/\nx"])
def test_after_sign_in_nobody_is_led_to_another_site(wanted: str) -> None:
    assert own_path(wanted) == "/"


def test_every_look_up_is_in_the_audit_log_and_the_log_cannot_be_changed(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        client.get("/customers/1")

    with site.app.transaction() as inside:
        row = inside.db.execute("select action, object from audit_log order by id desc limit 1").fetchone()
        assert row == ("looked up a customer", "customer:1")
        with pytest.raises(Exception, match="append-only"):
            inside.db.execute("delete from audit_log")


def test_an_account_that_is_not_there_gets_no_sign_in(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        answer = client.post("/access/999999/token", data={"form_token": site.form_token(Role.ADMIN)})

    assert answer.status_code == 404
