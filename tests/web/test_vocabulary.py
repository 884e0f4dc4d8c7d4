"""The events as pages show them: also those that are no track event."""

from __future__ import annotations

from regulars import collect
from regulars.app import App
from regulars.web.api import vocabulary as api

PLAN = """
plan: Corner Market
traits:
  email: {type: string}
events:
  Page Viewed:
    properties: {url: {type: string, required: true}}
"""


def test_what_breaks_the_plan_in_calls_of_people_and_pages_is_shown_with_who_sent_it(app: App) -> None:
    with app.transaction() as inside:
        collect.load_plan(inside, PLAN, "a test")
        source, _ = collect.register(inside, "web", "web")
        calls = [
            {"type": "identify", "userId": "ann", "traits": {"email": 7}},
            {"type": "page", "userId": "ann", "name": "Home", "properties": {}},
            {"type": "page", "userId": "ann", "name": "Basket", "properties": {"url": "https://shop.example/basket"}},
        ]
        collect.accept(inside, source, calls, received_at=app.clock.now())
    while collect.Watch(app).step():
        pass

    with app.transaction() as inside:
        person, page = (api.known_event(inside, name) for name in ("identify", "Page Viewed"))

    assert (person.broken, person.events, person.is_planned) == (1, 1, True)
    assert (page.broken, page.events, [use.source for use in page.uses]) == (1, 2, ["web"])
