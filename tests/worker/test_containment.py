"""One event that a room cannot carry is set aside; everything else goes on as if it had never come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect, design, profile, resolve
from regulars.app import App
from regulars.collect import facts
from regulars.kit.errors import RegularsError
from regulars.worker import begin_replay, end_replay, loop
from tests.engage.town import message, order, person, tell
from tests.worker.place import drain

POISON = "poison"
PEOPLE = 12


def town(app: App) -> list[dict[str, Any]]:
    at = app.clock.now() - timedelta(days=30)
    logins = [f"p{number:02d}" for number in range(PEOPLE)]
    known = [person(login, at) for login in logins]
    return known + [order(login, at + timedelta(days=day)) for day in (1, 9) for login in logins]


def poisonous(app: App) -> dict[str, Any]:
    return message("track", "p03", app.clock.now() - timedelta(days=25), event="Order Completed", properties={
        "order_id": POISON, "revenue": "9.00", "products": []
    })  # fmt: skip


def break_on_poison(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """This room raises on the poisonous order, as a defect of ours would."""
    real: Callable[..., Any] = getattr(module, name)

    def broken(app: App, given: Any, *more: Any) -> Any:
        people = getattr(given, "people", given)
        for event in getattr(people, "batch", people).events:
            if event.body.properties.get("order_id") == POISON:
                raise ZeroDivisionError("a customer's secret")
        return real(app, given, *more)

    monkeypatch.setattr(module, name, broken)


STATE = {
    "profiles": "select first_name, email from profile order by email",
    "spend": "select p.email, t.spend_cents, t.orders from trait_state t join profile p using (customer) order by 1",
    "points": "select p.email, l.kind, l.day from ledger_entry l join profile p using (customer) order by 1, 2, 3",
    "segments": "select p.email, m.segment from segment_member m join profile p using (customer) order by 1, 2",
    "stages": "select p.email, l.stage from lifecycle_stage l join profile p using (customer) order by 1",
    # Who takes two steps in one batch is told of one: how somebody came to a stage depends on how events were cut.
    "announced": "select j.name, count(*) from journal j join source s on s.id = j.source_id where s.kind = 'own'"
    " and j.name <> 'Lifecycle Stage Entered' group by 1 order by 1",
}


def state(app: App) -> dict[str, list[Any]]:
    with app.transaction() as inside:
        return {name: inside.db.execute(sql).fetchall() for name, sql in STATE.items()}  # pyright: ignore[reportArgumentType]


def aside(app: App) -> list[tuple[str]]:
    """Message ids of what was set aside."""
    sql = "select message_id from set_aside join journal using (seq) order by seq"
    with app.transaction() as inside:
        return inside.db.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("module", "name"),
    [(resolve, "identify"), (profile, "apply"), (analyze, "update"), (design, "react")],
    ids=lambda given: getattr(given, "__name__", given),
)
def test_a_run_with_an_event_no_room_can_carry_ends_where_one_without_it_ends(
    app: App, twin: App, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    told = town(app)
    tell(app, "crm", [*told[:15], poisonous(app), *told[15:]])
    tell(twin, "crm", told)

    drain(twin)
    break_on_poison(monkeypatch, module, name)
    drain(app)

    assert state(app) == state(twin)
    assert len(aside(app)) == 1
    assert len(state(app)["spend"]) == PEOPLE


def test_an_event_set_aside_is_a_refusal_and_has_its_record_and_every_rebuild_agrees(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_on_poison(monkeypatch, design, "react")
    tell(app, "crm", [*town(app), poisonous(app)])

    drain(app)
    collect.flush(app)

    with app.transaction() as inside:
        [refusal] = collect.refusals(inside)
        without = inside.db.execute("select count(*) from journal left join record using (seq) where signature is null")
        assert without.fetchall() == [(0,)]
        assert analyze.differences(inside) == []
    assert (refusal.code, POISON in refusal.body) == ("RG-1120", True)
    assert "ZeroDivisionError" in refusal.reason
    assert "secret" not in refusal.reason


def test_an_event_whose_facts_cannot_be_made_is_set_aside_and_the_lake_is_written(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = facts._order

    def broken(event: Any, *more: Any) -> None:
        assert event.body.properties.get("order_id") != POISON
        real(event, *more)

    monkeypatch.setattr(facts, "_order", broken)
    monkeypatch.setattr(loop, "BATCH_EVENTS", 4)  # so that reading ahead meets it first
    tell(app, "crm", [*town(app), poisonous(app)])

    drain(app)

    assert len(aside(app)) == 1
    with app.transaction() as inside:
        [(last,)] = inside.db.execute("select max(seq) from journal").fetchall()
        assert collect.flush(inside).up_to == last
        assert analyze.differences(inside) == []


def test_an_event_that_cannot_be_read_from_the_journal_is_set_aside(app: App) -> None:
    tell(app, "crm", [*town(app), poisonous(app)])
    with app.transaction() as inside:
        spoil = "update journal set body = jsonb_set(body, '{userId}', '[1]') where body::text like %s"
        inside.db.execute(spoil, [f"%{POISON}%"])

    drain(app)

    assert len(aside(app)) == 1
    assert len(state(app)["spend"]) == PEOPLE


def test_a_replay_passes_what_it_cannot_carry(app: App, twin: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (app, twin):
        with place.transaction() as inside:
            begin_replay(inside)
        told = town(place)
        tell(place, "crm", [*told[:15], *([poisonous(place)] if place is app else []), *told[15:]])
        with place.transaction() as inside:
            end_replay(inside)

    drain(twin)
    break_on_poison(monkeypatch, analyze, "update")
    drain(app)

    assert state(app) == state(twin)
    assert len(aside(app)) == 1


def test_a_fault_that_is_not_the_event_sets_nothing_aside_and_is_loud(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(analyze, "update", broken)
    tell(app, "crm", town(app))

    with pytest.raises(ZeroDivisionError):
        drain(app)

    assert aside(app) == []


def test_a_fault_of_every_order_stops_the_flow_before_it_empties_the_journal(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(facts, "_order", broken)
    monkeypatch.setattr(collect.aside, "ASIDE_MAX_EVENTS", 3)
    tell(app, "crm", town(app))

    with pytest.raises(RegularsError, match="The flow stands still"):
        drain(app)
    with pytest.raises(RegularsError, match="The flow stands still"):
        drain(app)

    assert len(aside(app)) == 3


def test_a_tick_that_breaks_is_no_fault_of_an_event(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(analyze, "tick", broken)
    tell(app, "crm", town(app))

    with pytest.raises(ZeroDivisionError):
        drain(app)

    assert aside(app) == []


def test_a_plan_that_cannot_be_judged_by_holds_up_no_event(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ValueError("a plan of another time")

    monkeypatch.setattr(collect.Watch, "step", broken)
    tell(app, "crm", town(app))

    with pytest.raises(ValueError, match="a plan of another time"):
        drain(app)

    assert len(state(app)["profiles"]) == PEOPLE
