"""Shelf of practices that a brand could stop: a practice is one file that names what part of somebody's buying it is.

Takes: nothing; a declaration. Gives: the trait that says how much of a customer's buying a practice is, from 0 to 1,
and from which part on we say that somebody depends on it. Never: claims that whoever depends would leave.
"""

from __future__ import annotations

import msgspec

from regulars.kit.registry import Shelf


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """Something a brand does for customers, and could stop doing."""

    name: str
    title: str
    """As the subject of "what if we stop ..."."""
    part: str
    """What the part is of: orders with a coupon."""
    trait: str
    """A share of the catalogue, 0 to 1; not known counts as 0."""
    threshold: float
    """From this part on somebody depends on it."""
    because: str
    """Why this threshold, and what the part leaves out."""


practices: Shelf[Practice] = Shelf("practice", __name__)

__all__ = ["Practice", "practices"]
