"""Two records that only a typed address joins may be two people: a yes of one does not outlive a no of the other."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import collect, flow, profile, resolve
from regulars.app import App
from regulars.profile import Consent
from regulars.profile.disputed import Dispute, Word, dispute
from regulars.resolve import Steward, decide
from tests.conftest import START
from tests.engage.town import carry, message, tell

ADA, PHONE = "ada@shop.example", "+13125550123"
STEWARD = Steward("ada", "they are two")
BEGIN = START - timedelta(days=30)


def said(day: int, consent: bool | None, login: str = "", **traits: Any) -> dict[str, Any]:
    """An identify by a login, or by the verified phone."""
    who = {"userId": login} if login else {"userId": None, "anonymousId": f"c{day}"}
    known = {} if login else {"phone": PHONE, "phone_verified": True}
    given = {"email": ADA, **known, **traits} | ({} if consent is None else {"consent": {"email": consent}})
    return message("identify", login or "guest", BEGIN + timedelta(days=day), traits=given) | who


NO, LATER_YES = said(0, False, "u1"), said(1, True)


def consents(app: App) -> dict[int, Consent]:
    """What holds for e-mail, by customer."""
    with app.transaction() as inside:
        customers = [customer for (customer,) in inside.db.execute("select id from customer where known order by 1")]
        return {one: held for one in customers for held in profile.read(inside, one).consents}


def told(app: App, *messages: dict[str, Any]) -> dict[int, bool]:
    for one in messages:
        tell(app, "web", [one], "web")
        carry(app)
    return {customer: held.allowed for customer, held in consents(app).items()}


def positions(app: App) -> list[int]:
    with app.transaction() as inside:
        rows = inside.db.execute("select seq from journal j join source s on s.id = j.source_id where s.name = 'web'")
        return sorted(seq for (seq,) in rows.fetchall())


@pytest.mark.parametrize("order", [(NO, LATER_YES), (LATER_YES, NO)])
def test_a_yes_of_a_record_that_only_a_typed_address_joins_does_not_end_the_no_of_another(
    app: App, order: tuple[dict[str, Any], ...]
) -> None:
    assert list(told(app, *order).values()) == [False]

    [held] = consents(app).values()
    place = {one["messageId"]: seq for one, seq in zip(order, positions(app), strict=True)}
    assert (held.seq, held.against) == (place[NO["messageId"]], place[LATER_YES["messageId"]])


def test_told_apart_each_has_her_own_word_and_joined_again_it_is_no(app: App) -> None:
    told(app, NO, LATER_YES)
    first, second = positions(app)

    for expected in ([False, True], [False], [False, True]):
        with app.transaction() as inside:
            if not inside.db.execute("select from decision").fetchall():
                people = decide.split(inside, STEWARD, [first], [second])
            else:
                people = decide.undo(inside, STEWARD, f"split:{second}:{first}")
            flow.on_decision(inside, people)
        assert [held.allowed for held in consents(app).values()] == expected


def test_it_is_yes_once_a_login_brings_the_phone_and_no_again_when_that_was_an_error(app: App) -> None:
    told(app, NO, LATER_YES)

    assert list(told(app, said(2, None, "u1", email=None, phone=PHONE, phone_verified=True)).values()) == [True]

    with app.transaction() as inside:
        proof = [positions(app)[-1]]
        inside.db.execute(
            "with made as (insert into withdrawal (actor, reason, at, events) values ('a', 'r', now(), 0) returning id)"
            " insert into withdrawn_range select seq, seq, id from made, unnest(%s::bigint[]) seq",
            [proof],
        )
        flow.on_withdrawal(inside, proof, proof[0])
    assert [held.allowed for held in consents(app).values()] == [False]


def test_who_proves_to_read_the_address_may_say_yes_for_it(app: App) -> None:
    assert list(told(app, said(0, False), said(1, True, "u1", email_verified=True)).values()) == [True]
    assert list(told(app, said(2, False, "u1"), said(3, True)).values()) == [False]


def test_asked_again_by_letter_her_answer_counts_for_all_records(app: App) -> None:
    [(customer, _)] = told(app, NO, LATER_YES).items()

    with app.transaction() as inside:
        given = {"channel": "email", "purpose": "marketing", "address": ADA}
        yes = collect.Announcement(
            message_id="y", name="Consent Given", customer=customer, occurred_at=START, properties=given
        )
        collect.announce(inside, [yes])
    carry(app)

    assert [(held.allowed, held.against) for held in consents(app).values()] == [(True, None)]


def test_a_rebuild_says_the_same(app: App) -> None:
    told(app, NO, LATER_YES, said(2, True, "u2", email="b@shop.example"))
    before = consents(app)

    with app.transaction() as inside:
        flow.on_decision(inside, resolve.rebuild(inside))

    assert consents(app) == before


def test_the_latest_word_of_each_who_is_surely_one_is_compared() -> None:
    def word(seq: int, allowed: bool, signature: int, asked_again: bool = False) -> Word:
        return Word(seq, allowed, START + timedelta(days=seq), signature, asked_again)

    changed = [word(1, False, 7), word(2, True, 7)]
    assert dispute(changed, {}) is None
    assert dispute([*changed, word(3, True, 8)], {}) is None
    assert dispute([word(1, False, 7), word(3, True, 8)], {}) == Dispute(1, 3)
    assert dispute([word(1, False, 7), word(3, True, 8)], {7: 7, 8: 7}) is None
    assert dispute([word(1, False, 7), word(2, True, 9, True), word(3, True, 8)], {}) is None
    assert dispute([word(1, True, 7, True), word(2, False, 8), word(3, True, 9)], {}) == Dispute(2, 3)
