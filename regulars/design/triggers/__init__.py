"""Shelf of triggers: what lets a customer into a journey.

A trigger is one file here that registers itself, `@triggers.add("segment_enter")`: a pure function from a batch's
changes and the journey's entry to the customers that enter, each with the key of this entry. The same key twice is
one enrolment.
"""

from collections.abc import Callable

import msgspec

from regulars.design.graph import Entry
from regulars.kit.registry import Shelf
from regulars.model import Changes


class Entered(msgspec.Struct, frozen=True):
    """A customer and the key of her entry."""

    customer: int
    entry_key: str


Trigger = Callable[[Entry, Changes], list[Entered]]

triggers: Shelf[Trigger] = Shelf("triggers", __name__)
