"""A flow that stands still is said on Home, in its JSON twin and to whoever watches the machine."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio
import httpx

from regulars import analyze
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.web import create_app
from regulars.web.access import open_session
from regulars.web.accounts import Role, add_account
from tests.engage.town import person, tell

STILL = "The flow stands still: 1 event accepted and not carried"


async def fetched(app: App, *paths: str) -> list[httpx.Response]:
    with app.transaction() as inside:
        account = add_account(inside, "Ada", "ada@example.com", Role.ADMIN)
        cookies = {"regulars_session": open_session(inside, account)}
    way = httpx.ASGITransport(create_app(app))
    async with httpx.AsyncClient(transport=way, base_url="http://127.0.0.1:8000", cookies=cookies) as client:
        return [await client.get(path, headers={"accept": "text/html"}) for path in paths]


def test_home_and_its_twin_and_the_watch_say_when_nobody_carries(app: App, clock: ManualClock) -> None:
    analyze.ensure_schema(app)
    tell(app, "crm", [person("ada", app.clock.now())])
    clock.sleep(3600)

    page, twin, watch = anyio.run(fetched, app, "/", "/api/home", "/api/health")

    assert STILL in page.text
    assert twin.json()["flow"]["is_still"] is True
    assert (watch.status_code, watch.json()["waiting"]) == (503, 1)


def test_a_flow_without_anything_waiting_is_well(app: App) -> None:
    page, watch = anyio.run(fetched, app, "/", "/api/health")

    assert "stands still" not in page.text
    assert watch.status_code == 200


def test_home_says_when_each_source_last_sent_and_how_far_that_reached(app: App, clock: ManualClock) -> None:
    then = app.clock.now()
    tell(app, "crm", [person("ada", then), person("bob", then - timedelta(days=3))])
    clock.sleep(3600)

    (twin,) = anyio.run(fetched, app, "/api/home")

    (fresh,) = twin.json()["fresh"]
    assert (fresh["source"], fresh["received_at"], fresh["occurred_at"]) == ("crm", *[zulu(then)] * 2)


def zulu(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
