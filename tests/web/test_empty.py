"""A new installation: every page stands before the first event and says what it would show."""

from __future__ import annotations

import anyio
import httpx
import pytest

from regulars import collect
from regulars.app import App
from regulars.web import create_app, first_run_token
from regulars.web.access import open_session
from regulars.web.accounts import accounts

from . import seed

PAGES = {
    "/": "Connect the first source",
    "/sources": "Nothing is connected",
    "/live": "Nothing has arrived yet",
    "/refusals": "Nothing was refused",
    "/vocabulary": "No named event has arrived yet",
    "/vocabulary/event?name=Item Returned": "No source has sent it",
    "/imports": "Nothing was imported",
    "/imports/new": "Which file is it?",
    "/systems": "Nothing stands here yet",
    "/devices": "No reading has come in",
    "/connect": "Make a source for code",
    "/customers": "Nobody is known yet",
    "/segments/lapsing_regulars": "Nobody is in it now",
    "/segments": "0 known customers",
    "/traits": "Try a rule",
    "/journeys": "Win back",
    "/journeys/win-back": "Nobody has come to a step that writes yet",
    "/outbox": "Nobody was written to yet",
    "/mail": "Nothing was caught yet",
    "/moment": "Who is here?",
    "/reports/purchase_trends": "Nothing to report yet",
    "/home/findings": "Nothing has moved yet",
    "/access": "1 person may sign in",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_data_says_what_it_would_show(app: App, path: str) -> None:
    status, text = anyio.run(fetched, app, path)

    assert status == 200
    assert PAGES[path] in text


def test_what_has_arrived_and_was_not_read_is_not_called_missing(app: App) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "tills", "tills")
        collect.accept(inside, source, [seed.order(1, 1)], received_at=app.clock.now())

    _, text = anyio.run(fetched, app, "/sources")

    assert "1 of 1 system connected; what they brought is yet to be read" in text


def test_what_does_not_exist_is_answered_in_words(app: App) -> None:
    status, text = anyio.run(fetched, app, "/customers/424242")

    assert status == 404
    assert "There is no customer 424242" in text


async def fetched(app: App, path: str) -> tuple[int, str]:
    """One page of a new installation, as the administrator."""
    site = create_app(app)
    first_run_token(app)
    with app.transaction() as inside:
        cookie = open_session(inside, accounts(inside)[0])
    transport = httpx.ASGITransport(app=site)  # pyright: ignore
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", cookies={"regulars_session": cookie}
    ) as client:
        answer = await client.get(path, headers={"accept": "text/html"})
    return answer.status_code, answer.text
