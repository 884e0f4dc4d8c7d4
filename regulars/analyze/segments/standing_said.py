"""Words for the parts of a rule in `standing`, and back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial, singledispatch
from typing import Any

from regulars.analyze import rules
from regulars.analyze.relations import IDENTIFIERS, RECORDS
from regulars.analyze.scores import scores
from regulars.analyze.segments.parts import Vocabulary
from regulars.analyze.segments.standing import Channel, Consent, GradeIs, Identity, InStage, Said, ScoreIs
from regulars.analyze.segments.values import NUMBER, SIGN_OF, TEXT, exactly, form, quoted, value_of
from regulars.analyze.stages import STAGES

CHANNELS: dict[Channel, str] = {"email": "e-mail", "sms": "text messages", "phone": "calls", "post": "letters"}
CHANNEL_OF: dict[str, Channel] = {said: channel for channel, said in CHANNELS.items()}
SAID: dict[Said, str] = {
    "yes": "who agreed to {what}",
    "no": "who said no to {what}",
    "ended": "whose yes to {what} has ended",
    "nothing": "who were never asked about {what}",
}
# The same as a choice in a list, without what it is about.
ANSWERS: dict[Said, str] = {
    "yes": "they agreed",
    "no": "they said no",
    "ended": "their yes has ended",
    "nothing": "they were never asked",
}
THINGS = IDENTIFIERS | {RECORDS: "record"}
STAGE_TITLES = {stage.name: stage.title for stage in STAGES}
# Units of scores that are said as those of traits; the others are plain numbers.
UNITS = ("cents", "share", "days")


def things(kind: str, number: int | None = None) -> str:
    """Identifiers of a type as people say them."""
    one = THINGS[kind]
    return one if number == 1 else f"{one}es" if one.endswith("s") else f"{one}s"


def called(channel: str) -> str:
    """A channel as people say it."""
    return next((said for one, said in CHANNELS.items() if one == channel), channel)


def unit_of(score: str) -> str:
    """How values of a score are shown."""
    return scores[score].unit if scores[score].unit in UNITS else ""


@singledispatch
def say(part: Any, known: Vocabulary) -> str:
    """The part in words that go on after "Everybody"."""
    raise AssertionError("every part of a rule has words")


@say.register
def _(part: Consent, known: Vocabulary) -> str:
    return SAID[part.said].format(what=f"{CHANNELS[part.channel]} for {quoted(part.purpose)}")


@say.register
def _(part: Identity, known: Vocabulary) -> str:
    return f"who have {rules.NUMBERS[part.sign]} {exactly(part.value)} {things(part.type, part.value)}"


@say.register
def _(part: InStage, known: Vocabulary) -> str:
    return f"who stand in the stage {quoted(STAGE_TITLES[part.stage])}"


@say.register
def _(part: ScoreIs, known: Vocabulary) -> str:
    value = exactly(part.value, unit_of(part.score), known.currency)
    return f"whose {_called(part.score)} is {rules.NUMBERS[part.sign]} {value}"


@say.register
def _(part: GradeIs, known: Vocabulary) -> str:
    return f"whose grade by {_called(part.score)} is {quoted(part.grade)}"


def _called(score: str) -> str:
    return f"score {quoted(scores[score].title)}"


Found = re.Match[str]
Phrase = tuple[re.Pattern[str], Callable[[Found], Any]]
COUNTED = "|".join(rules.NUMBERS.values())


def phrases(known: Vocabulary) -> Iterator[Phrase]:
    """Everything that these parts can say, as patterns."""
    channel = "|".join(CHANNELS.values())
    for answer, words in SAID.items():
        what = rf"(?P<channel>{channel}) for (?P<purpose>{TEXT})"
        yield re.compile(words.format(what=what)), partial(_consent, answer)
    for kind in THINGS:
        named = "|".join(sorted({things(kind, 1), things(kind)}, key=len, reverse=True))
        pattern = rf"who have (?P<sign>{COUNTED}) (?P<value>{NUMBER}) (?:{named})"
        yield re.compile(pattern), partial(_identity, kind)
    for stage, title in STAGE_TITLES.items():
        yield re.compile(re.escape(f"who stand in the stage {quoted(title)}")), partial(_stage, stage)
    for name in scores:
        unit, called = unit_of(name), re.escape(f"{_called(name)} is ")
        value = rf"(?P<sign>{COUNTED}) (?P<value>{form(unit, known.currency)})"
        yield re.compile(rf"whose {called}{value}"), partial(_score, name, unit)
        yield re.compile(rf"whose grade by {called}(?P<grade>{TEXT})"), partial(_grade, name)


def _consent(answer: Said, found: Found) -> Consent:
    return Consent(channel=CHANNEL_OF[found["channel"]], purpose=json.loads(found["purpose"]), said=answer)


def _identity(kind: str, found: Found) -> Identity:
    return Identity(type=kind, sign=SIGN_OF[found["sign"]], value=value_of(found["value"], ""))


def _stage(stage: str, found: Found) -> InStage:
    return InStage(stage=stage)


def _score(name: str, unit: str, found: Found) -> ScoreIs:
    return ScoreIs(score=name, sign=SIGN_OF[found["sign"]], value=value_of(found["value"], unit))


def _grade(name: str, found: Found) -> GradeIs:
    return GradeIs(score=name, grade=json.loads(found["grade"]))
