"""One question to one person: who may be asked, what a link answers, and what it does not."""

from __future__ import annotations

import email.message
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from regulars import engage
from regulars.analyze.errors import UnknownSurvey
from regulars.app import App
from regulars.engage.errors import AskingRefused, LinkRefused
from regulars.kit.clock import ManualClock
from regulars.model import Plays
from tests.engage.mail_server import Script, answering
from tests.engage.people import add_people, intent, states, wish


def asked(app: App, customer: int, survey: str = "after-purchase") -> engage.Asked:
    with app.transaction() as inside:
        return engage.ask(inside, survey, customer, "link", app.clock.now())


def token_of(url: str) -> str:
    return url.rpartition("/q/")[2]


def answers_told(app: App) -> list[tuple[int, dict[str, object]]]:
    with app.transaction() as inside:
        rows = inside.db.execute("select customer, properties from announcement where name = 'Survey Answered'")
        return [(row[0], row[1]) for row in rows.fetchall()]


def press(app: App, token: str, score: str, words: str = "") -> engage.Question:
    with app.transaction() as inside:
        return engage.answer(inside, token, score, words, app.clock.now())


def press_at_kiosk(app: App, token: str, view: str) -> engage.Question:
    with app.transaction() as inside:
        return engage.answer_at_kiosk(inside, token, view, "2", app.clock.now())


def test_looking_answers_nothing_and_pressing_answers_once(app: App) -> None:
    token = token_of(asked(app, 7).url)
    with app.transaction() as inside:
        assert not engage.question(inside, token).answered
    assert answers_told(app) == []

    press(app, token, "2", "  It was\n late ")
    press(app, token, "5")

    [(customer, told)] = answers_told(app)
    assert (customer, told["score"], told["answer"], told["channel"]) == (7, 2, "It was late", "link")
    assert (told["survey_id"], told["measure"], told["touch_point"]) == ("after-purchase", "feeling", "checkout")
    assert (told["scale_low"], told["scale_high"]) == (1, 5)


def test_only_the_answer_that_stands_is_thanked_for(app: App) -> None:
    token = token_of(asked(app, 7).url)

    first, second = press(app, token, "1"), press(app, token, "5")

    assert (first.answered, first.kept) == (True, True)
    assert (second.answered, second.kept) == (True, False)


def test_nobody_is_asked_twice_within_the_declared_days_wherever(app: App, clock: ManualClock) -> None:
    assert asked(app, 7).asked
    no = asked(app, 7, "page-helped")
    assert (no.asked, no.url) == (False, "")
    assert "30 days" in no.why

    clock.move_to(clock.now() + timedelta(days=31))

    assert not asked(app, 7).asked  # at the till again after 90 days only
    assert asked(app, 7, "page-helped").asked


def test_who_was_merged_brings_along_what_they_were_asked(app: App) -> None:
    asked(app, 7)
    with app.transaction() as inside:
        inside.db.execute("insert into redirect (old, customer) values (7, 3)")

    assert not asked(app, 3).asked


def test_what_is_no_answer_and_what_is_no_link_are_refused_in_words(app: App) -> None:
    token = token_of(asked(app, 7).url)

    with pytest.raises(AskingRefused, match="'9' is no answer"):
        press(app, token, "9")
    with pytest.raises(LinkRefused, match="not one of ours"):
        press(app, token + "x", "3")
    with pytest.raises(UnknownSurvey, match="no survey named 'nothing'"):
        asked(app, 8, "nothing")
    assert answers_told(app) == []


def test_a_link_of_long_ago_and_one_of_somebody_forgotten_answer_nothing(app: App, clock: ManualClock) -> None:
    old, gone = token_of(asked(app, 7).url), token_of(asked(app, 8).url)
    with app.transaction() as inside:
        engage.forget(inside, [8], [])
    with pytest.raises(LinkRefused, match="not asked any more"):
        press(app, gone, "3")

    clock.move_to(clock.now() + timedelta(days=engage.OPEN_DAYS + 1))

    assert press(app, old, "3").closed
    assert answers_told(app) == []


def test_a_letter_asks_only_whom_it_may_and_holds_a_link_for_each_answer(app: App) -> None:
    add_people(app, 2, first=1)
    asked(app, 2)
    wishes = [intent(c, f"q{c}", template="one_question", payload={"survey": "call-helped"}) for c in (1, 2)]
    wish(app, *wishes)

    script = Script()
    with answering(app, script) as there:
        sent = engage.deliver(there, 10)

    assert sent == {"sent": 1, "suppressed": 1}
    assert states(app) == {"q1": ("sent", "accepted"), "q2": ("suppressed", "asked_lately")}
    letter = email.message_from_bytes(script.contents[0]).get_payload(0)
    assert isinstance(letter, email.message.Message)
    links = re.findall(r"/q/(\S+)\?score=(\d)", letter.get_payload(decode=True).decode())  # pyright: ignore
    assert [score for _, score in links[:5]] == ["1", "2", "3", "4", "5"]
    press(app, links[3][0], "4")
    assert [told["channel"] for _, told in answers_told(app)] == ["email"]


def test_letters_wait_while_the_surveys_cannot_be_read_and_go_when_they_can(app: App, clock: ManualClock) -> None:
    add_people(app, 2, first=1)
    wish(app, intent(1, "q1", template="one_question", payload={"survey": "call-helped"}))
    wish(app, intent(2, "q2", template="one_question", payload={"survey": "gone"}))
    file = Path(app.settings.home) / "surveys.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("surveys: {broken")

    with answering(app, Script()) as there:
        engage.deliver(there, 10)
        assert states(app) == dict.fromkeys(("q1", "q2"), ("later", "surveys_unreadable"))

        file.unlink()
        clock.move_to(clock.now() + timedelta(minutes=15))
        with app.transaction() as inside:
            engage.decide(inside, Plays(intents=[], at=clock.now()))
        engage.deliver(there, 10)

    assert states(app) == {"q1": ("sent", "accepted"), "q2": ("suppressed", "no_question")}


def test_what_was_asked_is_forgotten_when_no_cap_looks_so_far_back(app: App, clock: ManualClock) -> None:
    asked(app, 7)
    with app.transaction() as inside:
        token = engage.kiosk_link(inside, "found-it").rpartition("/")[2]
    press_at_kiosk(app, token, "a1")

    def left_after(days: int) -> list[int | None]:
        clock.move_to(clock.now() + timedelta(days=days))
        with app.transaction() as inside:
            engage.prune_askings(inside, clock.now())
            return [row[0] for row in inside.db.execute("select customer from survey_asking order by 1")]

    assert left_after(engage.OPEN_DAYS) == [7, None]
    assert left_after(1) == [7]
    assert left_after(700) == []


def test_a_tablet_takes_one_answer_a_view_as_nobody_and_no_flood(app: App) -> None:
    with app.transaction() as inside:
        token = engage.kiosk_link(inside, "found-it").rpartition("/")[2]

    views = ("a1", "a1", *(f"b{n}" for n in range(engage.KIOSK_ANSWERS_A_MINUTE + 5)))
    shown = [press_at_kiosk(app, token, view) for view in views]

    assert all(one.answered for one in shown)
    assert [one.kept for one in shown].index(False) == engage.KIOSK_ANSWERS_A_MINUTE + 1  # "a1" was pressed twice
    with app.transaction() as inside:
        rows = inside.db.execute("select body::text from journal where name = 'Survey Answered'").fetchall()
    assert len(rows) == engage.KIOSK_ANSWERS_A_MINUTE
    told = json.loads(rows[0][0])
    assert (told["properties"]["score"], told["properties"]["touch_point"]) == (2, "kiosk")
    assert "userId" not in told
