"""What we know and what it means, as differences."""

from datetime import datetime

import msgspec

from regulars.model.people import People


class Change(msgspec.Struct, frozen=True):
    """One profile field that moved."""

    customer: int
    field: str
    before: str | None
    after: str | None


class SegmentMove(msgspec.Struct, frozen=True):
    """A customer entered (or left) a segment."""

    segment: str
    customer: int
    entered: bool
    at: datetime


class StageMove(msgspec.Struct, frozen=True):
    """A customer went from one stage of the lifecycle to another; None: came to be known, or ended."""

    customer: int
    before: str | None
    after: str | None
    at: datetime


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch (or a tick, then `people` is None) changed."""

    people: People | None
    touched: list[int]
    """Customers whose profile or traits may have moved, each once."""
    fields: list[Change] = []
    consents: list[int] = []
    """Customers whose consents were looked at anew."""
    moves: list[SegmentMove] = []
    stages: list[StageMove] = []
