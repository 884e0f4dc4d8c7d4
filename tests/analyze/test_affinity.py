"""What people answer, what it adds up to, and what follows from a bad answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars import analyze
from regulars.analyze import affinity
from regulars.analyze.affinity import Sums, language_of, sentiment, trend
from regulars.analyze.errors import FollowUpRefused, SurveysRefused
from regulars.kit.clock import ManualClock
from regulars.kit.errors import NotFound
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
STAGES = [stage.name for stage in analyze.STAGES]


@pytest.fixture
def asked(town: Town, clock: ManualClock) -> Town:
    """A town on a day, in which customer 1 has bought."""
    clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 3))])
    return town


def answered(score: Any, day: int = TODAY, **more: Any) -> dict[str, Any]:
    return track("Survey Answered", day, **{"survey_id": "after-purchase", "question": "Well?", "score": score} | more)


def test_an_answer_is_kept_with_its_place_its_measure_and_the_stage_of_who_gave_it(asked: Town) -> None:
    asked.batch([(1, answered(4, survey_id="call-helped"))])

    [one] = answers_of(asked)

    assert (one.touch_point, one.measure, one.level, one.stage) == ("call", "helpfulness", 0.75, "align")
    assert (one.customer, one.words, one.sentiment) == (1, "none", None)


def test_what_the_event_tells_goes_before_what_is_declared_and_strangers_keep_their_scale(asked: Town) -> None:
    told = answered(9, survey_id="nps", measure="feeling", touch_point="Delivery", scale_low=0, scale_high=10)

    asked.batch([(1, told), (1, answered(42, survey_id="what")), (1, answered("5"))])

    found = {one.survey: one for one in answers_of(asked)}
    assert (found["nps"].touch_point, found["nps"].level) == ("delivery", 0.9)
    assert (found["what"].measure, found["what"].level) == ("other", None)
    assert found["after-purchase"].level == 1.0


def test_what_is_no_answer_is_none(asked: Town) -> None:
    asked.batch([(1, answered(None)), (1, answered("a lot")), (1, answered(10**9)), (1, answered(True))])

    assert answers_of(asked) == []


def test_cells_now_and_before_give_a_change_with_its_interval(asked: Town) -> None:
    late = [(1, answered(5 - n % 2, TODAY - n)) for n in range(20)]
    early = [(1, answered(2 + n % 2, TODAY - 40 - n)) for n in range(20)]

    asked.batch(late + early)

    with asked.app.transaction() as app:
        seen = affinity.overview(app, 30, STAGES)
    [cell] = seen.cells
    assert (cell.place, cell.title, cell.trend.count, cell.trend.before_count) == ("At the till", "Feeling", 20, 20)
    assert (cell.trend.mean, cell.trend.before, cell.trend.change) == (0.875, 0.375, 0.5)
    assert cell.trend.verdict == "up"
    assert [(one.stage, one.trend.count) for one in seen.stages] == [("align", 20)]
    assert max(week.count for week in seen.weeks) == 20


def test_the_interval_of_a_change_is_welchs() -> None:
    # Two samples worked by hand: means 0.6 and 0.4, variances 0.04 and 0.09 of 16 and 25 answers.
    now, before = Sums(16, 9.6, 9.6 * 0.6 + 15 * 0.04), Sums(25, 10.0, 4.0 + 24 * 0.09)

    found = trend(now, before)

    assert found.change is not None
    assert found.change_low is not None
    assert round(found.change, 6) == 0.2
    assert round(found.change - found.change_low, 3) == 0.158  # t(38.9) 2.0228 times the root of 0.0061
    assert found.verdict == "up"
    assert trend(Sums(3, 1.0, 0.5), before).verdict == "early"


def test_few_equal_answers_are_no_certainty() -> None:
    best, good = Sums(10, 10.0, 10.0), Sums(10, 7.5, 10 * 0.75**2)

    found = trend(best, good)

    assert found.low is not None
    assert found.low < 0.8
    assert found.high == 1.0
    assert found.verdict == "level"
    assert trend(Sums(100, 100.0, 100.0), Sums(100, 75.0, 100 * 0.75**2)).verdict == "up"


def test_a_merge_a_split_and_a_withdrawal_leave_each_answer_with_its_person(asked: Town) -> None:
    asked.batch([(1, answered(2)), (2, answered(5))])
    asked.merge(2, 1)
    assert {one.customer for one in answers_of(asked)} == {1}

    asked.split(2, into=2)

    assert {one.customer: one.score for one in answers_of(asked)} == {1: 2, 2: 5}
    seq = next(one.seq for one in answers_of(asked) if one.customer == 1)
    asked.withdraw([seq])
    assert [one.score for one in answers_of(asked)] == [5]
    with asked.app.transaction() as app:
        assert affinity.follow_ups(app) == []


def test_a_bad_answer_of_somebody_known_makes_one_follow_up_until_it_is_done(asked: Town) -> None:
    asked.batch([(1, answered(1)), (1, answered(2)), (2, answered(5))])
    asked.batch([(1, answered(1))])

    with asked.app.transaction() as app:
        [one] = affinity.follow_ups(app)
        affinity.assign(app, one.id, 7)
        affinity.finish(app, one.id, "Called; the shelf was empty", "Maya", None)
        done = affinity.follow_up(app, one.id)

    assert (one.customer, one.score, one.state) == (1, 2, "open")
    assert (done.state, done.assignee, done.note, done.ended_by) == ("done", 7, "Called; the shelf was empty", "Maya")
    asked.batch([(1, answered(1))])
    with asked.app.transaction() as app:
        assert len(affinity.follow_ups(app)) == 1
        affinity.reopen(app, one.id)
        assert affinity.counts(app) == {"open": 2, "done": 0, "lapsed": 0}


def test_bad_is_what_its_question_calls_bad_on_whatever_scale_it_was_answered(asked: Town) -> None:
    path = Path(asked.app.settings.home_path) / "surveys.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("surveys: {smell: {question: Nice?, measure: feeling, touch_point: kiosk, bad_until: 3}}")
    scores = (
        {"score": 3},
        {"score": 4},
        {"score": 50, "scale_low": 0, "scale_high": 100},
        {"score": 3, "scale_low": 0, "scale_high": 100},
    )

    asked.batch([(1, answered(**told, survey_id="smell")) for told in scores])

    with asked.app.transaction() as app:
        assert sorted(one.score for one in affinity.answers(app, bad=True)) == [3, 3, 50]


def test_a_follow_up_needs_a_note_and_cannot_be_done_twice(asked: Town) -> None:
    asked.batch([(1, answered(1))])

    with asked.app.transaction() as app:
        [one] = affinity.follow_ups(app)
        with pytest.raises(FollowUpRefused, match="ends with a note"):
            affinity.finish(app, one.id, "  ", "Maya", None)
        affinity.finish(app, one.id, "Done", "Maya", None)
        with pytest.raises(FollowUpRefused, match="is done already"):
            affinity.finish(app, one.id, "Done", "Maya", None)
        with pytest.raises(NotFound, match="no follow-up 99"):
            affinity.assign(app, 99, None)


def test_nobody_is_called_about_an_answer_of_long_ago(asked: Town) -> None:
    asked.batch([(1, answered(1, TODAY - 60)), (2, answered(1))])
    with asked.app.transaction() as app:
        assert [one.customer for one in affinity.follow_ups(app)] == [2]

    asked.tick(TODAY + 40)

    with asked.app.transaction() as app:
        assert affinity.counts(app) == {"open": 0, "done": 0, "lapsed": 1}


def test_a_follow_up_that_is_opened_again_has_its_days_again(asked: Town, clock: ManualClock) -> None:
    asked.batch([(1, answered(1))])
    asked.tick(TODAY + 40)
    clock.move_to(EPOCH + timedelta(days=TODAY + 40))
    with asked.app.transaction() as app:
        [one] = affinity.follow_ups(app, "lapsed")
        affinity.reopen(app, one.id)

    asked.tick(TODAY + 60)

    with asked.app.transaction() as app:
        assert affinity.counts(app)["open"] == 1
    asked.tick(TODAY + 71)
    with asked.app.transaction() as app:
        assert affinity.counts(app)["lapsed"] == 1


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("The staff was very friendly and helpful", 1),
        ("It was not good", -1),
        ("The queue was terrible and the shelf was empty", -1),
        ("It was slow but the staff was lovely", 1),
        ("I bought a lamp on Tuesday", 0),
    ],
)
def test_english_words_sound_as_they_are_meant(text: str, sign: int) -> None:
    assert language_of(text) == "en"
    assert (sentiment(text) > 0) - (sentiment(text) < 0) == sign
    assert -100 <= sentiment(text * 50) <= 100


def test_other_languages_are_never_scored(asked: Town) -> None:
    texts = [
        "Die Schlange war sehr lang und nicht gut",
        "Le personnel est très gentil",
        "Todo fue muy bueno",
        "ok",
        "5",
    ]

    asked.batch([(1, answered(3, answer=text)) for text in texts])
    asked.batch([(1, answered(3, answer="It was great", language="de"))])
    asked.batch([(1, answered(3, answer="It was really great"))])

    with asked.app.transaction() as app:
        said = affinity.overview(app, 30, STAGES).said
    assert (said.scored, said.happy, said.not_english, said.no_language) == (1, 1, 4, 1)


def test_a_file_adds_questions_and_one_that_cannot_be_asked_is_refused_whole(asked: Town) -> None:
    path = Path(asked.app.settings.home_path) / "surveys.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("surveys: {smell: {question: Nice?, measure: feeling, touch_point: kiosk, low: 0, high: 1}}")
    assert affinity.surveys(asked.app).named("smell").bad == 0

    path.write_text("surveys: {Smell: {question: '', measure: feeling, touch_point: moon, low: 5, high: 1}}")

    with pytest.raises(
        SurveysRefused, match=r"'Smell' is no name.*no declared touch point.*2 to 11 steps.*needs a quest"
    ):
        affinity.surveys(asked.app)
    assert "smell" not in affinity.surveys_or_usual(asked.app).surveys


def answers_of(town: Town) -> list[affinity.Answer]:
    with town.app.transaction() as app:
        return affinity.answers(app)
