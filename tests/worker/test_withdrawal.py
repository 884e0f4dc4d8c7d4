"""An import that is undone: every projection is what it was before."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from regulars import analyze, collect, design, flow, profile
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.model import Changes
from regulars.worker import follow
from tests.engage.town import customer_of, message, order, person, tell
from tests.worker.place import drain

PROJECTIONS = {
    "customers": "select id, known from customer",
    "membership": "select seq, e.customer from event_customer e join record r using (seq)"
    " where e.customer is not null and r.occurred_at is not null",
    "identifiers": "select customer, type, class, value, shared, generic from customer_identifier",
    "fields": "select customer, field, source, value, verified, occurred_at, seq, rule from profile_field",
    "profiles": "select customer, first_name, last_name, email, phone, city from profile",
    "words": "select token, customer from profile_token",
    "consents": "select customer, channel, purpose, address, allowed, decided_at, seq from consent_state",
    # Daily traits come back with the next day's look at the lake.
    "traits": "select to_jsonb(t) - 'word'"
    + "".join(f" - '{trait.name}'" for trait in analyze.TRAITS if trait.freshness == "daily")
    + " from trait_state t",
    "segments": "select segment, customer from segment_member",
    "points": "select customer, available, pending, debt from wallet where available + pending + debt > 0",
}


def snapshot(app: App) -> dict[str, list[Any]]:
    with app.transaction() as inside:
        return {name: sorted(map(repr, inside.db.execute(sql))) for name, sql in PROJECTIONS.items()}


def brand(app: App) -> list[dict[str, Any]]:
    """What is there before: people with orders, a return, a no by letter, a browser nobody has signed in on."""
    at = app.clock.now() - timedelta(days=40)
    logins = [f"p{number}" for number in range(6)]
    told = [person(login, at, consent=True) for login in logins]
    told += [order(login, at + timedelta(days=day), "30.00") for day in (2, 12, 30) for login in logins]
    told += [returned("p3", at + timedelta(days=31), at + timedelta(days=30), "10.00")]
    browser = message("page", "x", at + timedelta(days=3), name="Home", anonymousId="browser-7")
    told += [{name: value for name, value in browser.items() if name != "userId"}]
    return told


def returned(login: str, at: Any, ordered_at: Any, dollars: str) -> dict[str, Any]:
    properties = {"order_id": f"o-{login}-{ordered_at:%Y%m%d%H%M}", "revenue": dollars}
    return message("track", login, at, event="Order Refunded", properties=properties)


def imported(app: App) -> list[dict[str, Any]]:
    """New people, orders and a move of those who are there, two of them made one, a yes and a no, returns."""
    at = app.clock.now() - timedelta(days=35)
    told = [person(login, at, consent=True) for login in ("n1", "n2")]
    told += [order(login, at + timedelta(days=1), "55.00") for login in ("n1", "p0", "p1")]
    told += [message("identify", "p2", at, traits={"first_name": "Other", "address": {"city": "Elsewhere"}})]
    told += [message("track", "p4", at, event="Unsubscribed", properties={"email": "p5@example.com"})]
    # Two of different name spaces, joined by a browser and a card.
    told += [message("identify", "p0", at, anonymousId="browser-7", traits={"loyalty_card": "C-1"})]
    told += [message("identify", "n3", at, traits={"email": "p1@example.com", "loyalty_card": "C-1"})]
    told += [returned("p4", at + timedelta(days=26), app.clock.now() - timedelta(days=10), "30.00")]
    told += [message("track", "p5", at, event="Survey Answered", properties={"score": 1})]
    return told


def last_position(app: App) -> int:
    with app.transaction() as inside:
        row = inside.db.execute("select coalesce(max(seq), 0) from journal").fetchone()
        assert row is not None
        return row[0]


def undo(app: App, first: int, last: int) -> int:
    with app.transaction() as inside:
        return collect.withdraw(inside, [(first, last)], "anna", "the wrong file")


def withdraw(app: App, positions: Iterable[int]) -> None:
    with app.transaction() as inside:
        collect.withdraw(inside, [(seq, seq) for seq in positions], "anna", "wrong")


def import_and_undo(app: App) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Before and between, of an import that is carried and then withdrawn."""
    tell(app, "crm", brand(app))
    drain(app)
    before, first = snapshot(app), last_position(app) + 1
    tell(app, "file", imported(app), "other")
    last = last_position(app)
    drain(app)
    between = snapshot(app)
    undo(app, first, last)
    return before, between


def test_undoing_an_import_returns_every_projection_to_what_it_was(app: App) -> None:
    before, between = import_and_undo(app)

    drain(app)

    after = snapshot(app)
    assert [name for name in after if after[name] != before[name]] == []
    assert [name for name in between if between[name] == before[name]] == []
    collect.flush(app)
    with app.transaction() as inside:
        assert analyze.differences(inside) == []
        [withdrawn] = collect.withdrawals(inside)
    assert (withdrawn.followed, withdrawn.followed_at) == (withdrawn.events, app.clock.now())


@pytest.mark.parametrize(
    ("module", "name", "forgotten"),
    [
        (profile, "apply", {"fields", "profiles", "words", "consents"}),
        (analyze, "update", {"traits", "segments"}),
        (design, "correct", {"points"}),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_withdrawal_that_forgets_a_room_is_seen(
    app: App, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, forgotten: set[str]
) -> None:
    """The control: each projection differs where its room does nothing."""
    before, _ = import_and_undo(app)
    nothing: Any = {
        "apply": lambda _, people: Changes(people=people, touched=[]),
        "update": lambda _, changes: changes,
        "correct": lambda *_: [],
    }
    monkeypatch.setattr(module, name, nothing[name])

    with app.transaction() as inside:
        piece = collect.next_piece(inside, 100)
        assert piece is not None
        flow.on_withdrawal(inside, piece.positions, piece.bound)

    after = snapshot(app)
    assert {name for name in after if after[name] != before[name]} >= forgotten


def test_a_withdrawal_killed_between_pieces_or_within_one_ends_the_same(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = import_and_undo(app)
    for limit in ("POSITIONS_FIRST", "POSITIONS_MAX"):
        monkeypatch.setattr(follow, limit, 3)
    correct, calls = design.correct, count()

    def dies_now_and_then(app: App, changes: Changes) -> list[int]:
        done = correct(app, changes)
        if next(calls) % 2 == 0:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(design, "correct", dies_now_and_then)
    deaths, follower = 0, follow.Follower()
    while True:
        try:
            if not follower.step(app):
                break
        except KeyboardInterrupt:
            deaths += 1
    drain(app)

    after = snapshot(app)
    assert deaths >= 3
    assert [name for name in after if after[name] != before[name]] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_withdrawn_after_they_were_carried_or_before_makes_no_difference(app: App, twin: App, seed: int) -> None:
    dice = random.Random(seed)
    told = brand(app)[:12] + imported(app)
    dice.shuffle(told)
    gone = [seq for seq in range(1, len(told) + 1) if dice.random() < 0.4]
    for brand_ in (app, twin):
        tell(brand_, "crm", told)
    withdraw(twin, gone)
    drain(twin)
    drain(app)
    dice.shuffle(gone)

    for some in (gone[:4], gone[4:]):
        withdraw(app, some)
        drain(app)

    mine, others = snapshot(app), snapshot(twin)
    assert [name for name in mine if mine[name] != others[name]] == []


def test_a_journey_that_rested_on_withdrawn_events_ends_and_what_it_wished_for_is_not_sent(
    app: App, clock: ManualClock
) -> None:
    start = clock.now() - timedelta(days=100)
    people = ("ada", "bea", "cleo")
    tell(app, "crm", [person(login, start) for login in people])
    tell(app, "crm", [order(login, start + timedelta(days=6 * n), "50.00") for login in people for n in range(10)])
    drain(app)
    clock.move_to(clock.now() + timedelta(days=4))
    with app.transaction() as inside:
        flow.on_tick(inside, clock.now())
    withdraw(app, range(4, 34))

    follow.Follower().step(app)

    with app.transaction() as inside:
        enrolments = inside.db.execute("select distinct status, reason from enrolment").fetchall()
        wishes = inside.db.execute("select distinct state, reason from outbox where not held").fetchall()
    assert enrolments == [("exited", "what let her in was withdrawn")]
    assert wishes == [("suppressed", "baseless")]


def test_points_spent_meanwhile_are_taken_from_what_is_left_and_never_below_zero(app: App) -> None:
    at = app.clock.now() - timedelta(days=20)
    tell(app, "crm", [person("ada", at), person("bea", at), order("ada", at, "30.00")])
    tell(app, "crm", [order(login, at + timedelta(days=1), "50.00") for login in ("ada", "bea")])
    drain(app)
    ada, bea = customer_of(app, "ada"), customer_of(app, "bea")
    with app.transaction() as inside:
        for who in (ada, bea):
            design.post(inside, who, design.Redeem(key=f"till:{who}", day=20_400, points=40))
    withdraw(app, [4, 5])

    drain(app)

    with app.transaction() as inside:
        left = [design.balance(inside, who).available for who in (ada, bea)]
        kinds = [[line.kind for line in design.statement(inside, who)] for who in (ada, bea)]
    assert left == [0, 0]
    assert kinds == [["unearn", "redeem", "earn", "earn"], ["unearn", "redeem", "earn"]]


def test_a_return_that_was_withdrawn_before_its_order_came_takes_no_points(app: App) -> None:
    at = app.clock.now() - timedelta(days=40)
    for login, has_return in (("r1", True), ("r2", False)):
        tell(app, "crm", [person(login, at)])
        if has_return:
            tell(app, "crm", [returned(login, at + timedelta(days=3), at + timedelta(days=2), "30.00")])
            drain(app)
            undo(app, last_position(app), last_position(app))
            drain(app)
        tell(app, "crm", [order(login, at + timedelta(days=2), "30.00")])
    drain(app)

    with app.transaction() as inside:
        with_return, without = inside.db.execute("select available, pending, debt from wallet order by customer")
    assert with_return == without
    assert sum(without) > 0


def test_a_withdrawal_that_breaks_holds_up_nothing_and_is_tried_again_later(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(app, "crm", brand(app))
    drain(app)
    undo(app, 1, 1)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a customer's secret")

    with monkeypatch.context() as patched:
        patched.setattr(flow, "on_withdrawal", broken)
        tell(app, "crm", [person("later", app.clock.now())])
        with pytest.raises(ZeroDivisionError):
            drain(app)
    with app.transaction() as inside:
        assert inside.db.execute("select 1 from customer_identifier where value = 'later'").fetchone()
        assert [each.followed_at for each in collect.withdrawals(inside)] == [None]

    drain(app)
    with app.transaction() as inside:
        assert [each.followed_at for each in collect.withdrawals(inside)] == [app.clock.now()]
