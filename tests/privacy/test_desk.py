"""A request is answered in time, about the right person, and every step stays written down."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from regulars import privacy
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.errors import InputRefused
from regulars.web.api import desk as api
from regulars.web.pages.desk import number_of
from tests.engage.town import carry, customer_of, person, tell


def ask(app: App, kind: str = "access", regime: str = "GDPR", **more: object) -> int:
    given = {"contact": "ada@example.com", "received_at": app.clock.now(), "actor": "Tess", **more}
    with app.transaction() as inside:
        return privacy.open_request(inside, kind=kind, regime=regime, **given)  # pyright: ignore[reportArgumentType]


def take(app: App, number: int, *actions: str, note: str = "") -> privacy.Asked:
    with app.transaction() as inside:
        for action in actions:
            privacy.take(inside, number, action, "Tess", note)
        return privacy.request(inside, number)


def ada(app: App) -> int:
    tell(app, "crm", [person("ada", app.clock.now())])
    carry(app)
    return customer_of(app, "ada")


def test_what_is_due_first_stands_first(app: App, clock: ManualClock) -> None:
    early, late = clock.now() - timedelta(days=20), clock.now()
    month = ask(app, received_at=late)
    fortnight = ask(app, regime="LGPD", received_at=late)
    older = ask(app, received_at=early)

    with app.transaction() as inside:
        listed = [(one.id, one.due_on) for one in privacy.requests(inside)]

    assert listed == [(older, date(2026, 3, 10)), (fortnight, date(2026, 3, 17)), (month, date(2026, 4, 2))]


def test_the_day_it_came_in_is_the_day_it_was_for_the_brand(app: App) -> None:
    settings = msgspec.structs.replace(app.settings, brand_zone="America/New_York")
    there = dataclasses.replace(app, settings=settings)

    number = ask(there, received_at=datetime(2026, 2, 1, 0, 30, tzinfo=UTC))

    with there.transaction() as inside:
        assert privacy.request(inside, number).due_on == date(2026, 2, 28)


def test_nothing_is_given_away_before_she_is_known_to_be_who_she_says(app: App) -> None:
    number = ask(app, customer=ada(app))

    with pytest.raises(privacy.StepRefused, match="who they say"):
        take(app, number, "answer")
    done = take(app, number, "ask_proof", "prove", "answer")

    assert (done.state, done.proof) == ("answered", "proven")


def test_a_request_about_nobody_cannot_be_answered_until_somebody_is_found(app: App) -> None:
    number, customer = ask(app), ada(app)

    with pytest.raises(privacy.StepRefused, match="about nobody"):
        take(app, number, "prove", "answer")
    with pytest.raises(InputRefused):
        take(app, number, "find", note="999999")
    take(app, number, "prove")

    assert take(app, number, "find", note=str(customer)).customer == customer
    assert take(app, number, "answer").state == "answered"


def test_more_time_is_taken_once_with_a_reason_and_before_the_first_is_over(app: App, clock: ManualClock) -> None:
    number, late = ask(app), ask(app)

    with pytest.raises(privacy.StepRefused, match="says something"):
        take(app, number, "extend")
    assert take(app, number, "extend", note="many systems").due_on == date(2026, 6, 2)
    with pytest.raises(privacy.StepRefused, match="once"):
        take(app, number, "extend", note="still many")
    clock.sleep(timedelta(days=40).total_seconds())
    with pytest.raises(privacy.StepRefused, match="first time is over"):
        take(app, late, "extend", note="forgot")


def test_every_step_is_written_down_and_an_ended_request_takes_none(app: App) -> None:
    number = ask(app, kind="opt_out", regime="CCPA")
    take(app, number, "acknowledge")
    take(app, number, "assign", note="Ben")
    take(app, number, "answer")

    with pytest.raises(privacy.StepRefused, match="answered"):
        take(app, number, "note", note="one more thing")
    with app.transaction() as inside:
        log = [(step.action, step.actor, step.note) for step in privacy.steps(inside, number)]

    assert [action for action, _, _ in log] == ["open", "acknowledge", "assign", "answer"]
    assert log[2] == ("assign", "Tess", "Ben")


def test_a_request_of_tomorrow_or_of_no_law_is_refused(app: App, clock: ManualClock) -> None:
    with pytest.raises(InputRefused, match="later than now"):
        ask(app, received_at=clock.now() + timedelta(hours=1))
    with pytest.raises(InputRefused, match="no request of kind"):
        ask(app, regime="NONE")
    with app.transaction() as inside, pytest.raises(privacy.NoSuchRequest):
        privacy.request(inside, 404)


def test_an_erasure_is_begun_at_the_desk_once_she_is_known_and_empties_the_desk_too(app: App) -> None:
    number = ask(app, kind="erasure", customer=ada(app))
    take(app, number, "note", note="wrote again from ada@example.com")
    with pytest.raises(privacy.StepRefused, match="who they say"):
        take(app, number, "erase")

    take(app, number, "prove", "erase")
    with pytest.raises(privacy.StepRefused, match="was begun"):
        take(app, number, "erase")
    for id in privacy.open_erasures(app):
        while privacy.carry_erasure(app, id):
            pass

    with app.transaction() as inside:
        asked, notes = privacy.request(inside, number), [step.note for step in privacy.steps(inside, number)]
        assert asked.erasure is not None
        proof = privacy.erasure_proof(inside, asked.erasure)
    assert proof is not None
    assert (asked.contact, set(notes), proof.report.hits) == ("", {""}, 0)
    assert take(app, number, "answer").state == "answered"


def test_a_request_that_nobody_could_answer_is_refused(app: App) -> None:
    asked = api.NewRequest(kind="access", regime="GDPR", contact=" ")

    with app.transaction() as inside, pytest.raises(InputRefused, match="neither a contact nor a customer"):
        api.opened(inside, "Tess", asked)


@pytest.mark.parametrize("typed", ["\u0661", "\u00b2", "-1", "9" * 19])
def test_what_is_no_customer_number_is_not_read_as_one(typed: str) -> None:
    with pytest.raises(InputRefused, match="no customer number"):
        number_of(typed)


def test_a_number_that_no_customer_can_have_is_nobodys(app: App) -> None:
    with pytest.raises(InputRefused, match="There is no customer"):
        ask(app, customer=10**30)


def test_only_who_asks_for_erasure_is_erased(app: App) -> None:
    number = ask(app, kind="access", customer=ada(app))
    take(app, number, "prove")

    with pytest.raises(privacy.StepRefused, match="of kind access"):
        take(app, number, "erase")
