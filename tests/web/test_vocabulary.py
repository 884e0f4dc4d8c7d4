"""The events as pages show them: also those that are no track event."""

from __future__ import annotations

from regulars import collect
from regulars.app import App
from regulars.web.api import vocabulary as api
from regulars.web.pages import vocabulary as pages
from regulars.web.render import environment

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


def test_an_address_in_the_name_of_an_event_is_masked_in_the_list_and_on_its_own_page(app: App) -> None:
    named = {"type": "track", "userId": "ann", "event": "Mail to clem@example.com opened"}
    with app.transaction() as inside:
        source, _ = collect.register(inside, "web", "web")
        collect.accept(inside, source, [named], received_at=app.clock.now())
    while collect.Watch(app).step():
        pass
    with app.transaction() as inside:
        known = api.known_event(inside, named["event"])

    said = environment().from_string("{{ name | shown }}").render(name=known.name)

    assert said == "Mail to c…m@e…m opened"
    assert pages.event_title(known, 0) == "Mail to c…m@e…m opened came 1 time"


def test_the_title_says_as_planned_only_of_what_was_compared_with_the_plan(app: App) -> None:
    def come(number: int, url: object = "https://shop.example/") -> str:
        with app.transaction() as inside:
            source, _ = collect.register(inside, "web", "web")
            call = {"type": "page", "userId": "ann", "messageId": f"m{number}", "properties": {"url": url}}
            collect.accept(inside, source, [call], received_at=app.clock.now())
        while collect.Watch(app).step():
            pass
        return shown()

    def shown() -> str:
        with app.transaction() as inside:
            return pages.title(api.vocabulary(inside))

    told = [come(1)]
    with app.transaction() as inside:
        collect.load_plan(inside, PLAN, "a test")
    told += [shown(), come(2), come(3, url=None)]

    assert told == [
        "1 event of your sources, checked by no plan yet",
        "1 event of your sources, none compared with the plan yet",
        "1 event received; since the plan was loaded, all came as planned",
        "1 of 1 event breaks the plan",
    ]
