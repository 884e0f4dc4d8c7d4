"""Shelf of overlays: facts about customers that come from somewhere else (weather, census, credit of a place).

One file, one overlay: a function from clean profile fields to extra fields, registered with `@overlays.add("name")`.
None is on the shelf yet; the demo needs none.
"""

from collections.abc import Callable, Mapping

from regulars.kit.registry import Shelf

Overlay = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Golden fields of one customer in, extra fields out; pure."""

overlays: Shelf[Overlay] = Shelf("overlay", __name__)
