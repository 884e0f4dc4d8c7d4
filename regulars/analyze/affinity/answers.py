"""Answers of a batch become affinity: on which scale, about what, how the words sound; a bad one makes a follow-up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from regulars.analyze.affinity.declared import MEASURES, Survey, Surveys, surveys_or_usual
from regulars.analyze.affinity.sentiment import language_of, sentiment
from regulars.app import App
from regulars.collect import whole_number as whole
from regulars.kit.clock import day_number
from regulars.model import Event, People
from regulars.store import queries
from regulars.store.rows import array

SQL = queries("regulars.analyze.affinity")
ANSWERED = "Survey Answered"
# Where nobody says what was asked where.
OTHER = "other"
# A question without a scale of its own counts from 1 to 5, as our own do.
USUAL_SCALE = (1, 5)
# Nobody is called about an answer of last month.
FOLLOW_UP_DAYS = 30
# A bad answer to a question nobody declared: the lower third of its scale.
BAD_LEVEL = 1 / 3
NAME_MAX_CHARACTERS = 40
# A score beyond is a typing error of a source; bigint would hold it, no scale does.
SCORE_MAX = 1_000


class Heard(NamedTuple):
    """One answer, read."""

    seq: int
    customer: int | None
    at: datetime
    day: int
    survey: str
    touch_point: str
    measure: str
    score: int
    level: float | None
    sentiment: int | None
    words: str
    bad: bool


def hear(app: App, people: People) -> None:
    """Keep the answers of a batch and let go of those that were taken back; two statements at most."""
    if people.withdrawn:
        app.db.execute(SQL.drop_answers, {"seqs": array(people.withdrawn)})
    pairs = zip(people.customers, people.batch.events, strict=True)
    events = [(customer, event) for customer, event in pairs if event.name == ANSWERED]
    if not events:
        return
    declared, zone = surveys_or_usual(app), app.settings.zone
    found = [heard for customer, event in events if (heard := read(event, customer, declared, zone))]
    if not found:
        return
    columns = {name: list(column) for name, column in zip(Heard._fields, zip(*found, strict=True), strict=True)}
    app.db.execute(SQL.add_answers, columns | {"lapsed_before": app.clock.now() - timedelta(days=FOLLOW_UP_DAYS)})


def lapse(app: App, now: datetime) -> int:
    """Follow-ups that nobody got to in FOLLOW_UP_DAYS end; gives how many."""
    return app.db.execute(SQL.lapse, {"now": now, "before": now - timedelta(days=FOLLOW_UP_DAYS)}).rowcount


def read(event: Event, customer: int | None, declared: Surveys, zone: ZoneInfo) -> Heard | None:
    """An event as an answer; None where it holds no score."""
    told = event.body.properties
    score = whole(told.get("score"))
    if score is None or abs(score) > SCORE_MAX:
        return None
    name = _name(told.get("survey_id"))
    survey = declared.surveys.get(name)
    measure = _name(told.get("measure"))
    scale = _scale(told, survey)
    level = (score - scale[0]) / (scale[1] - scale[0]) if scale and scale[0] <= score <= scale[1] else None
    words, sounds = _sounding(told)
    return Heard(
        seq=event.seq,
        customer=customer,
        at=event.occurred_at,
        day=day_number(event.occurred_at, zone),
        survey=name or OTHER,
        touch_point=_name(told.get("touch_point")) or (survey.touch_point if survey else OTHER),
        measure=measure if measure in MEASURES else (survey.measure if survey else OTHER),
        score=score,
        level=level,
        sentiment=sounds,
        words=words,
        bad=level is not None and level <= (survey.bad_level if survey else BAD_LEVEL),
    )


def _name(value: Any) -> str:
    return value.strip().lower()[:NAME_MAX_CHARACTERS] if isinstance(value, str) and value.isprintable() else ""


def _scale(told: dict[str, Any], survey: Survey | None) -> tuple[int, int] | None:
    low, high = whole(told.get("scale_low")), whole(told.get("scale_high"))
    if low is not None and high is not None:
        return (low, high) if low < high else None
    return (survey.low, survey.high) if survey else USUAL_SCALE


def _sounding(told: dict[str, Any]) -> tuple[str, int | None]:
    """What became of the free text, and how it sounds where it is English."""
    text = told.get("answer")
    if not isinstance(text, str) or not any(sign.isalpha() for sign in text):
        return "none", None
    said = told.get("language")
    language = said[:2].lower() if isinstance(said, str) and said else language_of(text)
    if language is None:
        return "no_language", None
    return ("scored", sentiment(text)) if language == "en" else ("not_english", None)
