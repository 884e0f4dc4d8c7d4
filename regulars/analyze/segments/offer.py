"""What a rule may speak of, with the words people read: for the builder and for programs."""

from __future__ import annotations

import msgspec

from regulars import profile
from regulars.analyze import rules
from regulars.analyze.past import SQL
from regulars.analyze.plan import Trait
from regulars.analyze.scores import scores
from regulars.analyze.segments import standing_said
from regulars.analyze.segments.making import vocabulary
from regulars.analyze.segments.spoken import VERBS
from regulars.analyze.segments.tree import NOT_ASKED
from regulars.analyze.traits import MEASURES, TYPES
from regulars.app import App

# Names of events offered beside those that have words of their own: the most frequent.
EVENTS_LIMIT = 50
HIDDEN = (*NOT_ASKED, "day", "household")


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Names with titles."""

    traits: tuple[Trait, ...]
    events: list[tuple[str, str]]
    columns: list[tuple[str, str, str, str]]
    """Of facts: name, title, text or whole, cents or empty."""
    measures: list[tuple[str, str]]
    segments: list[tuple[str, str]]
    consents: list[tuple[str, str, str]]
    """Channel, purpose and the words for both; what is declared, and what anybody ever decided about."""
    answers: list[tuple[str, str]]
    identities: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    scores: list[tuple[str, str, str, tuple[str, ...]]]
    """Name, title, unit of the value, grades from the lowest."""


def offered(app: App) -> Offer:
    """Traits, events, columns and segments that a rule may name now."""
    known = vocabulary(app)
    seen = [row[0] for row in app.db.execute(SQL.event_names, {"limit": EVENTS_LIMIT}).fetchall()]
    events = [*VERBS.items(), *((name, f"did “{name}”") for name in seen if name not in VERBS)]
    return Offer(
        traits=tuple(known.traits.values()),
        events=events,
        columns=[
            (name, rules.measured(name), "text" if type_ == "text" else "whole", _unit(name))
            for name, type_ in TYPES.items()
            if name not in HIDDEN
        ],
        measures=[(name, rules.measured(name)) for name in MEASURES if name not in HIDDEN],
        segments=[(name, known.titles[name]) for name in known.segments],
        consents=_consents(app),
        answers=[(answer, standing_said.ANSWERS[answer]) for answer in standing_said.SAID],
        identities=[(kind, standing_said.things(kind)) for kind in standing_said.THINGS],
        stages=[*standing_said.STAGE_TITLES.items()],
        scores=[(name, score.title, standing_said.unit_of(name), score.grades) for name, score in scores.items()],
    )


def _consents(app: App) -> list[tuple[str, str, str]]:
    declared = profile.purposes(app).asked()
    pairs = [(channel, name) for name, purpose in declared.items() for channel in purpose.channels]
    pairs += [(channel, purpose) for channel, purpose in app.db.execute(SQL.consents_decided, {"limit": EVENTS_LIMIT})]
    titles = {name: purpose.title for name, purpose in declared.items()}
    return [
        (channel, purpose, f"{standing_said.called(channel)} for {titles.get(purpose, purpose)}")
        for channel, purpose in dict.fromkeys(pairs)
    ]


def _unit(name: str) -> str:
    return "cents" if name.endswith("_cents") else ""
