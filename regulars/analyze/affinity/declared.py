"""Which questions a brand asks, where, and how often: `surveys.yaml` in the data folder, read when it changes.

every_days: 30
touch_points:
  checkout: {title: At the till, every_days: 90}
surveys:
  found-it: {question: "Did you find what you came for?", measure: helpfulness, touch_point: checkout,
             low_words: Nothing, high_words: Everything, why: "What was missing?"}
"""

from __future__ import annotations

import re
from typing import Literal, get_args

import msgspec

from regulars.analyze.errors import SurveysRefused, UnknownSurvey
from regulars.app import App
from regulars.kit.declaration import DeclarationFile
from regulars.kit.logging import logger

Measure = Literal["relevance", "helpfulness", "feeling", "closer"]
MEASURES: dict[str, str] = {
    "relevance": "Relevance",
    "helpfulness": "Helpfulness",
    "feeling": "Feeling",
    "closer": "Closer to buying",
}
assert set(MEASURES) == set(get_args(Measure))
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
QUESTION_MAX_CHARACTERS = 200
# More steps than these are no buttons.
STEPS_MAX = 11
SURVEYS_MAX = 100
EVERY_DAYS_MAX = 730
log = logger("analyze")


class TouchPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people meet the brand and are asked."""

    title: str
    every_days: int = 90
    """The same customer is asked here again after so many days at the earliest."""


class Survey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question with a scale."""

    question: str
    measure: Measure
    touch_point: str
    low: int = 1
    high: int = 5
    low_words: str = "Not at all"
    high_words: str = "Very much"
    why: str = "What made you say so?"
    """Asked for in words after the answer, never demanded; empty: not asked."""
    bad_until: int | None = None
    """An answer up to this is bad and makes a follow-up; None: the lower third of the scale."""
    language: str = "en"

    @property
    def steps(self) -> list[int]:
        """All answers, worst first."""
        return list(range(self.low, self.high + 1))

    @property
    def bad(self) -> int:
        """The best answer that is bad."""
        return self.low + (self.high - self.low) // 3 if self.bad_until is None else self.bad_until

    @property
    def bad_level(self) -> float:
        """The same from 0 (worst) to 1 (best), for an answer that was given on a scale of its own."""
        return (self.bad - self.low) / (self.high - self.low)


class Surveys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is declared, by name."""

    every_days: int = 30
    """Nobody is asked anything again before so many days have passed, wherever."""
    touch_points: dict[str, TouchPoint] = {}
    surveys: dict[str, Survey] = {}

    def named(self, name: str) -> Survey:
        """The survey of this name. Raises UnknownSurvey."""
        if name not in self.surveys:
            raise UnknownSurvey(f"There is no survey named '{name[:60]}'", f"Choose one of: {', '.join(self.surveys)}")
        return self.surveys[name]

    def place(self, name: str) -> str:
        """What a touch point is called; its name where nobody declares it."""
        return self.touch_points[name].title if name in self.touch_points else name


USUAL = Surveys(
    touch_points={
        "checkout": TouchPoint(title="At the till"),
        "web": TouchPoint(title="Web store"),
        "newsletter": TouchPoint(title="Newsletter", every_days=60),
        "call": TouchPoint(title="Call center"),
        "kiosk": TouchPoint(title="Store exit", every_days=30),
    },
    surveys={
        "after-purchase": Survey(
            question="How likely are you to recommend us?", measure="feeling", touch_point="checkout"
        ),
        "found-it": Survey(
            question="Did you find what you came for?",
            measure="helpfulness",
            touch_point="kiosk",
            low_words="Nothing",
            high_words="Everything",
            why="What was missing?",
        ),
        "letter-relevance": Survey(
            question="Was this letter meant for you?", measure="relevance", touch_point="newsletter"
        ),
        "page-helped": Survey(question="Did this page help you?", measure="helpfulness", touch_point="web"),
        "closer-to-buying": Survey(
            question="Did this bring you closer to buying?", measure="closer", touch_point="web"
        ),
        "call-helped": Survey(question="Did our call help you?", measure="helpfulness", touch_point="call"),
    },
)


def surveys(app: App) -> Surveys:
    """What this brand declares, on top of the usual ones. Raises SurveysRefused."""
    return FILE.read(app.settings)


def surveys_or_usual(app: App) -> Surveys:
    """The same where an answer must be understood: a typing error must not keep an event from being carried."""
    try:
        return surveys(app)
    except SurveysRefused as fault:
        log.warning("surveys_refused", what=fault.what)
        return USUAL


def _complete(given: Surveys) -> Surveys:
    whole = Surveys(
        every_days=given.every_days,
        touch_points=USUAL.touch_points | given.touch_points,
        surveys=USUAL.surveys | given.surveys,
    )
    faults = [
        f"'{name}' is no name: use lower case letters, digits, - and _, at most 40"
        for name in (*given.surveys, *given.touch_points)
        if not NAME.fullmatch(name)
    ]
    if len(whole.surveys) > SURVEYS_MAX:
        faults.append(f"{len(whole.surveys)} surveys are more than {SURVEYS_MAX}")
    days = [whole.every_days, *(point.every_days for point in whole.touch_points.values())]
    faults += [
        f"every_days is 0 to {EVERY_DAYS_MAX}, not {every}" for every in days if not 0 <= every <= EVERY_DAYS_MAX
    ]
    for name, survey in whole.surveys.items():
        faults += [f"survey '{name}' {fault}" for fault in _faults(survey, whole)]
    if faults:
        raise ValueError("; ".join(faults))
    return whole


def _faults(survey: Survey, whole: Surveys) -> list[str]:
    faults: list[str] = []
    if survey.touch_point not in whole.touch_points:
        faults.append(f"is asked at '{survey.touch_point}', which is no declared touch point")
    if not 1 <= survey.high - survey.low < STEPS_MAX:
        faults.append(f"has a scale from {survey.low} to {survey.high}; use 2 to {STEPS_MAX} steps")
    elif not survey.low <= survey.bad < survey.high:
        faults.append(f"calls {survey.bad} bad, which its scale does not hold below the best")
    if not survey.question.strip() or len(survey.question) > QUESTION_MAX_CHARACTERS:
        faults.append(f"needs a question of at most {QUESTION_MAX_CHARACTERS} characters")
    return faults


FILE = DeclarationFile("surveys.yaml", Surveys, USUAL, _complete, SurveysRefused, "docs/how-to/ask-one-question.md")
