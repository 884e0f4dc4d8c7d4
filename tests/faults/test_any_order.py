"""F10: whatever order events arrive in, late, ahead or shuffled, everything that is known in the end is the same."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from regulars import analyze, collect, engage
from regulars.app import App
from regulars.collect import door
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from tests.conftest import START, stored
from tests.databases import Databases
from tests.engage.town import message, order, person
from tests.worker.place import drain

BATCH = 25
DAYS = 200
WAITED_DAYS = (1, 20, 4)
Told = tuple[str, dict[str, Any]]
"""The source of a message, and the message."""
Known = dict[str, list[str]]
AHEAD = timedelta(hours=2)
LATE = timedelta(days=30)
PEOPLE = [f"p{number}" for number in range(8)]
# Each row names a customer first; instead of her number, which is a position, stands what she was called in messages.
PROJECTIONS = {
    "known": "select id, known from customer",
    "identifiers": "select customer, type, class, value, shared, generic from customer_identifier",
    "fields": "select customer, field, source, value, verified, occurred_at, rule from profile_field",
    "profiles": "select customer, first_name, last_name, email, phone, city from profile",
    "words": "select customer, token from profile_token",
    "consents": "select customer, channel, purpose, address, allowed, decided_at from consent_state",
    "segments": "select customer, segment from segment_member",
    "points": "select customer, available, pending, debt from wallet",
    "sent": "select customer, template, channel, state, reason from outbox",
}
OWNERS = """
    select e.customer, j.message_id from journal j join event_customer e using (seq) join source s on s.id = j.source_id
    where e.customer is not null and s.kind <> 'own'
"""


def history(now: datetime) -> list[Told]:
    """By source: people with cards who buy in store and online, return, move, change their minds, browse unnamed."""
    start = now - timedelta(days=DAYS)
    dice = random.Random(7)
    told: list[Told] = []
    for number, login in enumerate(PEOPLE):
        stated = person(login, start + timedelta(minutes=number), consent=True)
        stated["traits"]["loyalty_card"] = f"card-{login}"
        told.append(("crm", stated))
        for visit in range(9 if number % 2 else 3):
            at = start + timedelta(days=1 + visit * 20 + number, minutes=7 * number)
            bought = order(login, at, f"{dice.randrange(10, 90)}.50", loyalty_card=f"card-{login}")
            nameless = {name: value for name, value in bought.items() if name != "userId"}
            told.append(("till", nameless) if visit % 2 else ("crm", bought))
        moved = {"address": {"city": f"Town {number}"}, "last_name": f"Name{number}"}
        told.append(("crm", message("identify", login, now - LATE - timedelta(hours=number), traits=moved)))
        seen = message("page", f"cookie-{login}", start + timedelta(days=40 + number), name="Home")
        told.append(("web", {k: v for k, v in seen.items() if k != "userId"} | {"anonymousId": f"cookie-{login}"}))
        joins = message("identify", login, now - timedelta(days=3, minutes=number), anonymousId=f"cookie-{login}")
        told.append(("crm", joins))
    told += changes_of_mind(now)
    return sorted(told, key=lambda each: each[1]["timestamp"])


def changes_of_mind(now: datetime) -> list[Told]:
    """A return, a no, a yes after it, and an order by a clock that is ahead."""
    bought = now - timedelta(days=DAYS - 1 - 20 - 1, minutes=-7)
    returned = {"order_id": f"o-p1-{bought:%Y%m%d%H%M}", "revenue": "5.00"}
    return [
        ("crm", message("track", "p1", now - timedelta(days=9), event="Order Refunded", properties=returned)),
        ("crm", message("identify", "p2", now - LATE, traits={"consent": {"email": False}})),
        ("crm", message("identify", "p4", now - LATE, traits={"consent": {"email": False}})),
        ("crm", message("identify", "p4", now - timedelta(days=2), traits={"consent": {"email": True}})),
        ("crm", order("p3", now + AHEAD, "40.00")),
    ]


def live(app: App, told: list[Told], batch: int = BATCH) -> Known:
    """What is known, and was sent, after these arrived in this order and some days went by."""
    with app.transaction() as inside:
        kinds = {"crm": "crm", "till": "tills", "web": "web"}
        sources = {name: collect.register(inside, name, kind, "members")[0] for name, kind in kinds.items()}
    for start in range(0, len(told), batch):
        for source, each in told[start : start + batch]:
            with app.transaction() as inside:
                assert collect.accept(inside, sources[source], [each], received_at=app.clock.now()).refusals == []
        drain(app)
    for days in WAITED_DAYS:
        app.clock.sleep(timedelta(days=days).total_seconds())
        drain(app)
    return known(app)


def known(app: App) -> Known:
    """Every projection, with what each customer was called in place of her number."""
    with app.transaction() as inside:
        called: dict[int, list[str]] = defaultdict(list)
        for customer, message_id in inside.db.execute(OWNERS):
            called[customer].append(message_id)
        names = {customer: "|".join(sorted(ids)) for customer, ids in called.items()}
        found = {
            projection: sorted(repr((names[customer], *rest)) for customer, *rest in inside.db.execute(statement))
            for projection, statement in PROJECTIONS.items()
        }
        found["identities"] = sorted(names.values())
        found["traits"] = sorted(
            repr((name, each.name, each.value))
            for customer, name in names.items()
            for each in analyze.traits_of(inside, customer)
        )
    return found


def differing(one: Known, other: Known) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.fixture(scope="module")
def install(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[[], App], None, None]:
    """Makes installations that share nothing but a mail server."""
    with ExitStack() as stack:
        mail = stack.enter_context(engage.catcher.serving(tmp_path_factory.mktemp("mail"), port=0))

        def make() -> App:
            url, home = stack.enter_context(databases.lent()), tmp_path_factory.mktemp("order")
            store = stack.enter_context(stored(url))
            settings = Settings(home=str(home), database_url=url, brand_name="Corner Market", smtp_port=mail)
            clock = ManualClock(START)
            return App(settings=settings, store=store, lake=Lake(home / "lake"), clock=clock, dice=SeededDice(1))

        yield make


def shuffled(told: list[Told], seed: int) -> list[Told]:
    return random.Random(seed).sample(told, len(told))


@pytest.fixture(scope="module")
def in_order(install: Callable[[], App]) -> Known:
    """What is known where everything arrived as it happened."""
    return live(install(), history(START))


@pytest.mark.parametrize("seed", [1, 2])
def test_f10_in_whatever_order_events_arrive_the_same_is_known_in_the_end(
    install: Callable[[], App], in_order: Known, seed: int
) -> None:
    found = live(install(), shuffled(history(START), seed))

    assert all(found[name] for name in found if name != "sent")
    # Who is written to goes by a hash of her number, which is the position of the event that founded her.
    assert differing(found, in_order) <= {"sent"}


def test_f10_who_is_written_to_is_the_same_in_whatever_order_events_arrive(install: Callable[[], App]) -> None:
    told = history(START)
    founding, later = told[: len(PEOPLE)], told[len(PEOPLE) :]

    straight = live(install(), told, batch=len(told))
    found = live(install(), founding + shuffled(later, 3), batch=len(told))

    assert len(found["sent"]) > 1
    assert differing(found, straight) == set()


def arrival_counts() -> Callable[..., datetime]:
    """A clock that goes by arrival: whatever comes later happened later."""
    numbers = count()
    return lambda message, clean, arrival: arrival.received_at - timedelta(days=DAYS) + timedelta(hours=next(numbers))


def test_f10_a_house_that_goes_by_the_order_of_arrival_is_caught(
    install: Callable[[], App], in_order: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_occurred_at", arrival_counts())

    found = live(install(), shuffled(history(START), 1))

    assert differing(found, in_order) >= {"fields", "consents", "traits"}


def test_f10_an_event_too_far_ahead_changes_nothing_but_the_refusals(
    install: Callable[[], App], in_order: Known
) -> None:
    app = install()
    told = history(START)

    found = live(app, told)
    with app.transaction() as inside:
        source = collect.source_by_name(inside, "crm")
        assert source is not None
        ahead = order("p1", app.clock.now() + LATE, "900.00")
        receipt = collect.accept(inside, source, [ahead], received_at=app.clock.now())
    drain(app)

    assert [each.code for each in receipt.refusals] == ["RG-1108"]
    assert known(app) == found == in_order
