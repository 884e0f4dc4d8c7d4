"""Shelf of lenses: what we look at when we look for groups. A lens is one file: a question and a few declared traits.

Each customer can belong to one group in each lens. Traits of different questions are kept apart: groups of shoppers
would drown groups of readers, and a name for both at once would say nothing.

Takes: the trait table as columns. Gives: who can be judged, and what high and low values are called.
Never: reads the database, the clock or dice; looks at who somebody is, only at what they do.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze.scores import TraitTable
from regulars.kit.registry import Shelf

Shape = Literal["count", "amount", "share"]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One trait that groups may differ in, and the words for those who have much or little of it."""

    trait: str
    shape: Shape
    """count: whole numbers from 0; amount: any positive number; share: 0 to 1."""
    people: str
    """What a group is called that has much of it: List makers."""
    much_is: str
    """As a clause: keep lists."""
    little_is: str
    """As a clause: seldom keep lists."""
    fewer: str = ""
    """What a group is called that has little of it; nothing where having little is no habit."""


class Lens(Protocol):
    """One question. Attributes are constants of the class; all methods are pure."""

    name: str
    title: str
    question: str
    middle: str
    """What a group is called that stands out in nothing."""
    features: tuple[Feature, ...]
    judged_by: str
    """Who can be judged, in words: customers who ..."""

    def can_judge(self, table: TraitTable) -> NDArray[np.bool_]:
        """Which customers did enough to be judged."""
        ...


lenses: Shelf[Lens] = Shelf("lens", __name__)

__all__ = ["Feature", "Lens", "Shape", "lenses"]
