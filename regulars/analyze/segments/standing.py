"""Parts of a rule about what holds of a customer beside her facts: consents, identities, stage, scores. Pure.

{"kind": "consent", "channel": "email", "purpose": "marketing", "said": "yes"}
{"kind": "identity", "type": "device", "is": ">=", "value": 2}
{"kind": "stage", "stage": "nurture"}
{"kind": "score", "score": "churn_risk", "is": ">=", "value": 0.6}
{"kind": "grade", "score": "rfm", "grade": "Champions"}
"""

from __future__ import annotations

from functools import reduce
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from regulars.analyze.expressions import Consented, Graded, Identified, ScoreOf
from regulars.analyze.expressions import ScoreIs as Claim
from regulars.analyze.relations import IDENTIFIERS, RECORDS
from regulars.analyze.scores import Score, scores
from regulars.analyze.segments.parts import WHOLE_LIMIT, Name, Number, Part, Path, Sign, Vocabulary, compared, refused
from regulars.analyze.stages import STAGES
from regulars.analyze.traits import Expression

Channel = Literal["email", "sms", "phone", "post"]
Said = Literal["yes", "no", "ended", "nothing"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
IDENTITIES = (*IDENTIFIERS, RECORDS)


class Consent(Part, frozen=True, kw_only=True, tag="consent"):
    """What she said about being contacted for a purpose on a channel; ended: a yes that ran out by itself."""

    channel: Channel
    purpose: Name = "marketing"
    said: Said = "yes"

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return Consented(self.channel, self.purpose).equals(self.said)


class Identity(Part, frozen=True, kw_only=True, tag="identity"):
    """How many different identifiers of a type name her, or how many records are hers."""

    type: Name
    sign: Sign = msgspec.field(name="is", default=">=")
    value: Annotated[int, Meta(ge=0, le=WHOLE_LIMIT)] = 1

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        if self.type not in IDENTITIES:
            fix = f"Choose one of {', '.join(IDENTITIES)}"
            raise refused((*path, "type"), f"'{self.type}' is no identifier", fix)
        return compared(Identified(self.type), self.sign, self.value, path)


class InStage(Part, frozen=True, kw_only=True, tag="stage"):
    """Stands in a stage of the lifecycle: its claim holds, and that of none above it."""

    stage: Name

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        names = [stage.name for stage in STAGES]
        if self.stage not in names:
            raise refused(
                (*path, "stage"), f"There is no stage named '{self.stage}'", f"Choose one of {', '.join(names)}"
            )
        place = names.index(self.stage)
        own, above = STAGES[place].claim, [one.claim for one in STAGES[place + 1 :] if one.claim is not None]
        nobody_above = [~reduce(lambda a, b: a | b, above)] if above else []
        claims = [*([own] if own is not None else []), *nobody_above]
        return reduce(lambda a, b: a & b, claims)


class ScoreIs(Part, frozen=True, kw_only=True, tag="score"):
    """A score against a value, as everybody was scored last; never true of whoever it cannot judge."""

    score: Name
    sign: Sign = msgspec.field(name="is", default=">=")
    value: Number

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return Claim(ScoreOf(_score(self.score, path).name), self.sign, self.value)


class GradeIs(Part, frozen=True, kw_only=True, tag="grade"):
    """A grade of a score, as everybody was scored last."""

    score: Name
    grade: Name

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        score = _score(self.score, path)
        if self.grade not in score.grades:
            fix = f"Choose one of {', '.join(score.grades)}"
            raise refused((*path, "grade"), f"'{self.grade}' is no grade of {score.title}", fix)
        return Graded(score.name).equals(self.grade)


def _score(name: str, path: Path) -> Score:
    if name not in scores:
        raise refused((*path, "score"), f"There is no score named '{name}'", f"Choose one of {', '.join(scores)}")
    return scores[name]
