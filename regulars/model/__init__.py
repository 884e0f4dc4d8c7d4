"""The nouns that cross rooms: frozen, typed, without behavior that acts. Imports nothing but `kit`."""

from regulars.model.changes import Change, Changes, SegmentMove, StageMove
from regulars.model.event import Batch, Body, Event
from regulars.model.gone import Gone
from regulars.model.holding import EVERY_COLUMN, Hangs, Holding, Impersonal
from regulars.model.outcome import Card, Intent, Moment, Outcome, Plays
from regulars.model.people import Merge, People

__all__ = [
    "EVERY_COLUMN",
    "Batch",
    "Body",
    "Card",
    "Change",
    "Changes",
    "Event",
    "Gone",
    "Hangs",
    "Holding",
    "Impersonal",
    "Intent",
    "Merge",
    "Moment",
    "Outcome",
    "People",
    "Plays",
    "SegmentMove",
    "StageMove",
]
