"""The picture of a persona: drawn from its numbers alone, the same ones always the same picture. Pure.

Each trait that groups were found by is a petal: long where the group has much, short where it has little. So two
pictures that look alike are groups that act alike. It shows what people do; it has no face, no sex, no age.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from regulars.analyze.personas.portrait import Spoke

SIZE = 96
MIDDLE = SIZE / 2
SHORTEST, LONGEST = 12.0, 44.0
# In spreads from the middle of everybody, as values are cut at finding.
FAR = 3.0
WIDTH = 0.42
COLORS = ("--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6")


def drawing(spokes: Sequence[Spoke], title: str) -> str:
    """An SVG of SIZE by SIZE that says its title; colors are tokens, so that it follows the theme."""
    petals = "".join(_petal(at, len(spokes), spoke.value) for at, spoke in enumerate(spokes))
    ring = f'<circle cx="{MIDDLE}" cy="{MIDDLE}" r="{_reach(0.0):.1f}" fill="none" stroke="var(--edge)"/>'
    heart = f'<circle cx="{MIDDLE}" cy="{MIDDLE}" r="6" fill="var(--surface)" stroke="var(--field)"/>'
    return (
        f'<svg viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" role="img" aria-label="{escape(title)}">'
        f"{ring}{petals}{heart}</svg>"
    )


def _petal(at: int, count: int, value: float) -> str:
    angle = 2 * math.pi * at / count - math.pi / 2
    # Narrower where many stand around the same middle.
    half = min(WIDTH, 0.8 * math.pi / count)
    reach = _reach(value)
    tip = _point(angle, reach)
    left, right = _point(angle - half, reach * 0.62), _point(angle + half, reach * 0.62)
    path = f"M{MIDDLE} {MIDDLE}Q{left} {tip}Q{right} {MIDDLE} {MIDDLE}Z"
    return f'<path d="{path}" fill="var({COLORS[at % len(COLORS)]})" fill-opacity=".85"/>'


def _reach(value: float) -> float:
    part = (max(-FAR, min(FAR, value)) + FAR) / (2 * FAR)
    return SHORTEST + (LONGEST - SHORTEST) * part


def _point(angle: float, reach: float) -> str:
    return f"{MIDDLE + reach * math.cos(angle):.1f} {MIDDLE + reach * math.sin(angle):.1f}"
