"""Shelf of themes: what we compute about every customer, and the groups that follow from it, one file a theme.

A trait is a few words in a file here, alone or with those it belongs to. Declared once; nothing runs here. Names are
columns: other rooms and reports read them. Money is cents, days are day numbers or numbers of days.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from regulars.analyze.errors import TraitRefused
from regulars.analyze.plan import Segment, Trait
from regulars.kit.registry import Shelf

AT_THE_END = 1_000


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """Traits and segments that belong together."""

    place: int = AT_THE_END
    """Where it stands in lists; themes of one place by name."""
    traits: tuple[Trait, ...] = ()
    segments: tuple[Segment, ...] = ()


themes: Shelf[Theme] = Shelf("trait", __name__)


def one_of_each(found: tuple[Theme, ...]) -> tuple[tuple[Trait, ...], tuple[Segment, ...]]:
    """All traits and all segments of these themes. Raises TraitRefused where two have one name."""
    traits = tuple(trait for theme in found for trait in theme.traits)
    segments = tuple(segment for theme in found for segment in theme.segments)
    for kind, names in (("traits", [trait.name for trait in traits]), ("segments", [one.name for one in segments])):
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise TraitRefused(f"Two {kind} are named '{twice[0]}'", "Give one of them another name")
    return traits, segments


def _declared() -> tuple[tuple[Trait, ...], tuple[Segment, ...]]:
    return one_of_each(tuple(theme for _, theme in sorted(themes.items(), key=lambda one: (one[1].place, one[0]))))


TRAITS, SEGMENTS = _declared()

__all__ = ["SEGMENTS", "TRAITS", "Theme", "one_of_each", "themes"]
