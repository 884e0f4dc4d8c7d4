"""Shelf of benefits: what a member can get, in cash (discount, coupon) or not (early access, gift), and what it costs.

A benefit is one file here that registers itself: `benefits.add("five_off")(Benefit(...))`. Offers in messages name it.
"""

import msgspec

from regulars.kit.registry import Shelf


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """Something to give, with what it costs us and what it is worth to her (cents)."""

    title: str
    cost_cents: int
    value_cents: int


benefits: Shelf[Benefit] = Shelf("benefit", __name__)
