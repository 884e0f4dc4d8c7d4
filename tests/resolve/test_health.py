"""How who is who stands: read at once of a small brand, and of a large one kept piece by piece beside the flow."""

from __future__ import annotations

from importlib import import_module

import pytest

from regulars import resolve
from regulars.app import App
from regulars.resolve import erasure
from regulars.resolve.desk.health import Health, people_named
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import carry, forget_all


@pytest.fixture
def told(app: App) -> Health:
    """Six people; the first has two cards, and fourteen records carry one card more."""
    forget_all(app)
    with app.transaction() as inside:
        inside.db.execute("truncate health_reading")
    crowd = [Rec(f"c{n}", n, f"L9 e{n + 20}") for n in range(14)]
    people = [Rec("a", 1, "u1 L1"), Rec("b", 2, "u1 L2"), *(Rec(f"d{n}", 3, f"u{n}") for n in range(2, 7))]
    carry(app, [event(n, rec) for n, rec in enumerate([*people, *crowd], 1)])
    return seen(app)


def seen(app: App) -> Health:
    with app.transaction() as inside:
        found = resolve.health(inside)
    assert found is not None
    return found


def by_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the same name as the function that the desk shows.
    health = import_module("regulars.resolve.desk.health")
    monkeypatch.setattr(health, "READ_AT_ONCE", 5)
    monkeypatch.setattr(health, "PIECE_CUSTOMERS", 3)
    monkeypatch.setattr(health, "PIECE_RECORDS", 10)


def test_a_large_brand_that_is_counted_piece_by_piece_stands_as_one_that_is_counted_at_once(
    app: App, told: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pieces(monkeypatch)
    rests: list[int] = []
    with app.transaction() as inside:
        assert (resolve.health(inside), resolve.is_health_old(inside)) == (None, True)

    resolve.keep_health(app, lambda: rests.append(1))

    assert seen(app) == told
    assert (told.known, told.records, [one.cards for one in told.suspicious], told.generics[0].holders) == (
        20,
        21,
        [2],
        14,
    )
    assert len(rests) > 8
    with app.transaction() as inside:
        assert not resolve.is_health_old(inside)
    carry(app, [event(99, Rec("z", 9, "u9"))])
    with app.transaction() as inside:
        assert resolve.is_health_old(inside)


def test_what_was_erased_since_the_count_is_not_shown(app: App, told: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    by_pieces(monkeypatch)
    resolve.keep_health(app, lambda: None)

    with app.transaction() as inside:
        erasure.erase(inside, told.suspicious[0].customer, app.clock.now(), 1)

    assert (len(told.suspicious), seen(app).suspicious) == (1, [])


def test_nicknames_slips_and_initials_are_no_second_person_and_another_name_is(app: App) -> None:
    forget_all(app)
    said = [("u1", "william"), ("u1 e1", "bill"), ("u1 p1", "w"), ("u2", "anna"), ("u2 e2", "annna"), ("u2 p2", "ben")]
    carry(app, [event(n, Rec(f"r{n}", n, tokens, name)) for n, (tokens, name) in enumerate(said, 1)])

    assert [(one.customer, one.first_names) for one in seen(app).suspicious] == [(4, 2)]
    assert [people_named(names) for names in (["k"], [], ["k", "karl"], ["karl", "ben", "k"])] == [1, 0, 1, 2]
