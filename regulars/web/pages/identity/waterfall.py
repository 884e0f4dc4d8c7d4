"""What a score of likeness is made of, drawn as steps from left to right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import msgspec

from regulars.resolve import Part
from regulars.web import words

WIDTH, BAR, LABELS = 740, 26, 250
# What fits beside the steps.
LABEL_CHARACTERS = 36
COMPARED = {
    "first_name": "First name",
    "last_name": "Last name",
    "birth_date": "Born",
    "street": "Street",
    "place": "Postcode or city",
    "postcode": "Postcode",
    "relatives": "Living together",
}


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the score, from left to right."""

    y: float
    left: float
    width: float
    name: str
    said: str
    shown: str
    """The same, as much of it as fits."""
    bits: str
    speaks_for: bool


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a score, drawn, with the bar it has to reach."""

    bars: list[Bar]
    joins_x: float
    height: int


def draw(waterfall: Sequence[Part], auto: float) -> Waterfall:
    """The score as steps: each begins where the one before ended. Pure."""
    sums = list(accumulate(part.bits for part in waterfall))
    low, high = min([0.0, *sums]), max([0.0, auto, *sums])
    unit = (WIDTH - LABELS - 60) / max(high - low, 1.0)
    names = [COMPARED.get(part.name, words.opened(part.name.replace("_", " "))) for part in waterfall]
    bars = [
        Bar(
            y=BAR * (place + 0.5),
            left=LABELS + (min(reached - part.bits, reached) - low) * unit,
            width=max(abs(part.bits) * unit, 1.5),
            name=names[place],
            said=part.words,
            shown=_shortened(part.words, LABEL_CHARACTERS - len(names[place])),
            bits=f"{part.bits:+.1f}".replace("-", "\u2212"),
            speaks_for=part.bits >= 0,
        )
        for place, (part, reached) in enumerate(zip(waterfall, sums, strict=True))
    ]
    return Waterfall(bars=bars, joins_x=LABELS + (auto - low) * unit, height=BAR * (len(bars) + 1))


def _shortened(said: str, characters: int) -> str:
    return said if len(said) <= characters else said[: max(characters - 1, 0)].rstrip() + "\u2026"
