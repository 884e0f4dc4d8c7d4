"""What a steward says about people holds in every room, both ways, and whatever comes later leaves it so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect, flow, profile, resolve
from regulars.app import App
from regulars.model import Changes, Moment, People
from regulars.resolve import Steward, decide
from tests.engage.town import order, tell
from tests.worker.place import drain
from tests.worker.test_withdrawal import brand, snapshot

STEWARD = Steward("ada", "one household, one person")


def customer_of(inside: App, login: str) -> int:
    found = resolve.look_up(inside, Moment(kind="email", value=f"{login}@example.com"))
    assert found is not None
    return found


def merged(inside: App, one: str, other: str) -> People:
    return decide.merge(inside, STEWARD, [customer_of(inside, one), customer_of(inside, other)])


def state(app: App, people: Any) -> None:
    """In one transaction with all rooms, as the page of a customer does it; `people` states it."""
    with app.transaction() as inside:
        flow.on_decision(inside, people(inside))


def undo(inside: App) -> People:
    [subject] = inside.db.execute("select distinct subject from decision").fetchall()
    return decide.undo(inside, STEWARD, *subject)


def differing(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> list[str]:
    return [name for name in one if one[name] != other[name]]


def test_merging_and_taking_it_back_returns_every_projection_to_what_it_was(app: App) -> None:
    tell(app, "crm", brand(app))
    drain(app)
    before = snapshot(app)

    for _ in range(2):
        state(app, lambda inside: merged(inside, "p1", "p3"))
        between = snapshot(app)
        state(app, undo)
        assert differing(before, snapshot(app)) == []

    assert set(differing(before, between)) >= {"customers", "membership", "identifiers", "fields", "traits", "points"}
    drain(app)
    assert differing(before, snapshot(app)) == []
    collect.flush(app)
    with app.transaction() as inside:
        assert analyze.differences(inside) == []


def test_two_that_a_steward_told_apart_stay_two_whatever_comes_later(app: App) -> None:
    tell(app, "crm", brand(app))
    drain(app)
    state(app, lambda inside: merged(inside, "p1", "p3"))
    drain(app)
    state(app, undo)

    tell(app, "crm", [order(login, app.clock.now() - timedelta(days=1), "12.00") for login in ("p1", "p3")])
    drain(app)
    with app.transaction() as inside:
        again = resolve.rebuild(inside)
        apart = customer_of(inside, "p1") != customer_of(inside, "p3")

    assert (again.merged, again.recompute) == ([], [])
    assert apart


def test_a_decision_reaches_what_happened_until_now_and_not_only_the_beginning(app: App) -> None:
    tell(app, "crm", brand(app))
    drain(app)

    state(app, lambda inside: merged(inside, "p1", "p3"))

    with app.transaction() as inside:
        joined = customer_of(inside, "p3")
        bought = {trait.name: trait.value for trait in analyze.traits_of(inside, joined)}["orders"]
    assert bought == 6


def test_a_room_that_does_not_follow_a_decision_is_seen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the profile room, undoing leaves fields behind."""
    tell(app, "crm", brand(app))
    drain(app)
    before = snapshot(app)
    state(app, lambda inside: merged(inside, "p1", "p3"))
    monkeypatch.setattr(profile, "apply", lambda _, people: Changes(people=people, touched=[]))

    state(app, undo)

    assert "fields" in differing(before, snapshot(app))
