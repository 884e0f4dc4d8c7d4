"""Shelf of series: what is watched week by week. A series is one file.

Takes: sums of one kind of event by week. Gives: one number a week.
Never: reads the database, the clock or dice.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from regulars.analyze.scores import Floats
from regulars.kit.registry import Shelf

Unit = Literal["count", "cents", "share"]


class Weeks(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of one kind of event (or of one part of it) by week, in order of weeks without gaps; 0 where nothing was."""

    events: Floats
    customers: Floats
    """Who did it, each counted once a week."""
    revenue_cents: Floats
    on_web: Floats
    """Events with the channel web."""


class Series(Protocol):
    """One thing to watch. Attributes are constants of the class; the method is pure."""

    name: str
    title: str
    """As the subject of a sentence: Orders a week."""
    unit: Unit
    event: str
    """Which facts it is made of."""
    by: str | None
    """A column of the facts: one series for each of its largest values; None: one for all."""

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        """One number a week; NaN where nothing can be said. `whole`: all parts together."""
        ...


series: Shelf[Series] = Shelf("series", __name__)

__all__ = ["Series", "Unit", "Weeks", "series"]
