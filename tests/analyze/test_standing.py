"""Segments over what holds of a customer beside her facts: consents, identities, her stage, scores."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect, flow
from regulars.analyze.errors import RuleRefused
from regulars.analyze.scores import scores
from regulars.analyze.segments import mirror, tree
from regulars.app import App
from tests.engage.town import carry, customer_of, message, order, person, tell

AGREED: dict[str, Any] = {"kind": "consent", "channel": "email"}
CARD: dict[str, Any] = {"kind": "identity", "type": "card"}
# Everybody with an order has it.
BREADTH = {"kind": "score", "score": "channel_breadth", "is": ">=", "value": 1}


@pytest.fixture
def brand(app: App) -> App:
    """Ada agreed to e-mail, Bob said no, Cleo was never asked; all of them bought twice, Ada and Bob on a card."""
    at = app.clock.now() - timedelta(days=20)
    told = [person("ada", at), person("bob", at, consent=False), person("cleo", at, consent=None)]
    told += [order(login, at + timedelta(days=day)) for login in ("ada", "bob", "cleo") for day in (1, 9)]
    told += [
        message("identify", login, at + timedelta(hours=1), traits={"loyalty_card": f"C-{login}"})
        for login in ("ada", "bob")
    ]
    say(app, *told)
    return app


def say(app: App, *messages: dict[str, Any]) -> list[Any]:
    tell(app, "crm", list(messages))
    return [move for outcome in carry(app) for move in moves_of(outcome)]


def moves_of(outcome: Any) -> list[Any]:
    return list(getattr(outcome, "moves", []))


def test_a_purpose_that_nobody_was_ever_asked_for_is_refused(brand: App) -> None:
    with brand.transaction() as inside:
        for purpose in ("marketting", "Marketing"):
            rule = tree.read(AGREED | {"purpose": purpose, "said": "nothing"})
            with pytest.raises(RuleRefused, match=f"Nobody was ever asked for '{purpose}'"):
                analyze.create(inside, analyze.Draft(title="Odd", rule=rule), "maya")


def make(app: App, title: str, rule: dict[str, Any]) -> str:
    with app.transaction() as inside:
        name = analyze.create(inside, analyze.Draft(title=title, rule=tree.read(rule)), "maya")
    settle(app)
    return name


def settle(app: App) -> None:
    while analyze.adopt(app):
        pass


def who(app: App, segment: str) -> set[str]:
    with app.transaction() as inside:
        rows = inside.db.execute(
            "select p.first_name from segment_member m join profile p using (customer) where m.segment = %s", [segment]
        ).fetchall()
    return {name.lower() for (name,) in rows}


def drafted(app: App, rule: dict[str, Any]) -> int:
    with app.transaction() as inside:
        return analyze.draft(inside, tree.read(rule)).people


def tick(app: App, days: float = 0.0) -> None:
    app.clock.move_to(app.clock.now() + timedelta(days=days))  # type: ignore[attr-defined]
    with app.transaction() as inside:
        flow.on_tick(inside, app.clock.now())


def is_proved(app: App) -> bool:
    collect.flush(app)
    with app.transaction() as inside:
        return analyze.differences(inside) == []


@pytest.mark.parametrize(
    ("said", "people"), [("yes", {"ada"}), ("no", {"bob"}), ("nothing", {"cleo"}), ("ended", set[str]())]
)
def test_a_segment_tells_apart_who_agreed_who_said_no_and_who_was_never_asked(
    brand: App, said: str, people: set[str]
) -> None:
    rule = AGREED | {"said": said}
    assert drafted(brand, rule) == len(people)

    name = make(brand, "Said", rule)

    assert who(brand, name) == people
    assert drafted(brand, rule) == len(people)


def test_a_consent_moves_her_in_the_batch_that_brings_it_and_the_reason_is_that_event(brand: App) -> None:
    name = make(brand, "May write", AGREED)
    now = brand.clock.now()

    given = {"channel": "email", "purpose": "marketing"}
    say(brand, message("track", "cleo", now, event="Consent Given", properties=given))
    say(brand, message("track", "ada", now, event="Unsubscribed", properties={"email": "ada@example.com"}))

    assert who(brand, name) == {"cleo"}
    with brand.transaction() as app:
        [came, *_] = [visit for visit in analyze.visits(app, customer_of(brand, "cleo")) if visit.segment == name]
        why = analyze.why(app, name, customer_of(brand, "cleo"))
        behind = why.clauses[0].events[0]
        assert (came.reason, came.seq) == ("event", behind.seq)
        assert (behind.name, why.clauses[0].value) == ("Consent Given", "yes")
    assert is_proved(brand)


def test_a_no_to_an_address_moves_everybody_who_has_it(brand: App) -> None:
    at = brand.clock.now() - timedelta(days=1)
    traits = {"first_name": "Dora", "email": "ada@example.com", "birthday": "1950-01-01", "consent": {"email": True}}
    say(brand, message("identify", "dora", at, traits=traits))
    name = make(brand, "May write", AGREED)
    assert "ada" in who(brand, name)

    say(
        brand,
        message("track", "dora", brand.clock.now(), event="Unsubscribed", properties={"email": "ada@example.com"}),
    )

    assert who(brand, name) == set()
    assert is_proved(brand)


def test_a_yes_that_ends_by_itself_leaves_with_the_next_tick(brand: App) -> None:
    now = brand.clock.now()
    until = now + timedelta(minutes=90)
    given = {"channel": "sms", "purpose": "offers", "expires_at": until.isoformat()}
    say(brand, message("track", "ada", now, event="Consent Given", properties=given))
    tick(brand)
    rule = {"kind": "consent", "channel": "sms", "purpose": "offers"}
    name = make(brand, "Texts", rule)
    ended = make(brand, "Ended", rule | {"said": "ended"})
    tick(brand, 1 / 24)
    assert (who(brand, name), who(brand, ended)) == ({"ada"}, set())

    tick(brand, 1 / 24)

    assert (who(brand, name), who(brand, ended)) == (set(), {"ada"})
    assert is_proved(brand)


def test_an_identifier_moves_her_in_the_batch_that_brings_it(brand: App) -> None:
    name = make(brand, "Card holders", CARD)
    assert who(brand, name) == {"ada", "bob"}

    say(brand, message("identify", "cleo", brand.clock.now(), traits={"loyalty_card": "C-9"}))

    assert who(brand, name) == {"ada", "bob", "cleo"}
    with brand.transaction() as app:
        why = analyze.why(app, name, customer_of(brand, "cleo"))
    assert (why.clauses[0].value, [event.name for event in why.clauses[0].events]) == ("1", ["identify"])
    assert is_proved(brand)


@pytest.mark.parametrize("kind", ["email", "phone", "card", "login", "device", "cookie", "payment", "record"])
def test_identifiers_of_every_type_are_counted_alike_in_drafts_and_segments(brand: App, kind: str) -> None:
    rule = {"kind": "identity", "type": kind, "is": ">=", "value": 1}
    people = drafted(brand, rule)

    assert people == {"email": 3, "card": 2, "login": 3, "record": 3}.get(kind, 0)
    assert len(who(brand, make(brand, "Some", rule))) == people


def test_a_stage_is_stood_in_at_once_and_everybody_stands_in_one(brand: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
    names = {stage.name: make(brand, stage.title, {"kind": "stage", "stage": stage.name}) for stage in analyze.STAGES}

    for number in range(3):
        say(brand, order("ada", brand.clock.now() - timedelta(days=5, minutes=number)))
        with brand.transaction() as app:
            stood = app.db.execute("select customer, stage from lifecycle_stage").fetchall()
            said = app.db.execute(
                "select customer, segment from segment_member where segment = any(%s)", [[*names.values()]]
            ).fetchall()
        assert sorted((customer, names[stage]) for customer, stage in stood) == sorted(said)
        assert sum(drafted(brand, {"kind": "stage", "stage": stage}) for stage in names) == len(stood)


def test_a_score_and_its_grade_are_followed_when_everybody_is_scored(
    brand: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[type(scores["channel_breadth"]).__module__], "MIN_CUSTOMERS", 1)
    tick(brand, 1)
    with brand.transaction() as app:
        [(grade, scored), *_] = app.db.execute(
            "select grade, count(*) from score where model = 'channel_breadth' group by 1 order by 2 desc"
        ).fetchall()
    graded = {"kind": "grade", "score": "channel_breadth", "grade": grade}
    assert (drafted(brand, BREADTH), drafted(brand, graded)) == (3, scored)
    by_value, by_grade = make(brand, "Scored", BREADTH), make(brand, "Graded", graded)
    assert (len(who(brand, by_value)), len(who(brand, by_grade))) == (3, scored)

    at = brand.clock.now()
    say(brand, person("eve", at), order("eve", at))
    assert "eve" not in who(brand, by_value)
    tick(brand, scores["channel_breadth"].every_days)

    assert "eve" in who(brand, by_value)
    assert is_proved(brand)
    with brand.transaction() as app:
        why = analyze.why(app, by_value, customer_of(brand, "eve"))
    assert "Order Completed" in {event.name for event in why.clauses[0].events}


def test_what_is_copied_follows_who_is_who(brand: App) -> None:
    name = make(brand, "Two cards", CARD | {"value": 2})

    say(brand, message("identify", "ada", brand.clock.now(), traits={"loyalty_card": "C-x"}))

    assert who(brand, name) == {"ada"}
    assert is_proved(brand)


def test_a_draft_asks_again_for_what_is_copied_once_it_is_as_old_as_rows_may_be(
    brand: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = AGREED | {"said": "no"}
    assert drafted(brand, rule) == 1

    given = {"channel": "email", "purpose": "marketing"}
    monkeypatch.setattr(mirror, "AGE_SECONDS", 3_600.0)
    say(brand, message("track", "bob", brand.clock.now(), event="Consent Given", properties=given))
    assert drafted(brand, rule) == 1
    # As of a large brand: rows are not read again, what is copied is.
    monkeypatch.setattr(mirror.Mirror, "_see_to_it", lambda *_: None)
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)

    assert drafted(brand, rule) == 0
