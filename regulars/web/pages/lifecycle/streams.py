"""Who moved where, drawn: places on the left as they stood, on the right as they stand, streams as wide as many went.

Pure geometry in units of the drawing; the page writes it down as SVG, so it follows the theme by itself.
"""

from __future__ import annotations

import msgspec

WIDTH, LEFT, RIGHT, BAND = 800.0, 170.0, 630.0, 9.0
# So high are all streams together; a place is never lower than its label needs.
HEIGHT_OF_ALL, SLOT_MIN, GAP = 300.0, 15.0, 5.0
TOP = 6.0


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """So many who went from one place on the left to one on the right."""

    source: str
    target: str
    value: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place: a bar with its name beside it."""

    name: str
    value: int
    x: float
    y: float
    height: float
    label_x: float
    anchor: str
    color: str


class Ribbon(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as a filled path."""

    path: str
    color: str
    says: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture with what stands beside it in words and as a grid."""

    title: str
    measure: str
    sentence: str
    height: float
    bands: list[Place]
    ribbons: list[Ribbon]
    left: list[str]
    right: list[str]
    cells: dict[tuple[str, str], int]
    most: int


def draw(streams: list[Stream], order: list[str], colors: dict[str, str], title: str, measure: str) -> Drawing:
    """These streams, at least one, with places from top to bottom in `order`."""
    unit = HEIGHT_OF_ALL / sum(stream.value for stream in streams)
    sums = [_sums(streams, "source", order), _sums(streams, "target", order)]
    sides = [_bands(side, at, unit, colors) for at, side in enumerate(sums)]
    tops = [{band.name: band.y for band in side} for side in sides]
    ribbons: list[Ribbon] = []
    for stream in sorted(streams, key=lambda one: (order.index(one.source), order.index(one.target))):
        height = stream.value * unit
        says = f"{stream.value:,} from {stream.source} to {stream.target}"
        path = _path(tops[0][stream.source], tops[1][stream.target], height)
        ribbons.append(Ribbon(path=path, color=colors[stream.source], says=says))
        tops[0][stream.source] += height
        tops[1][stream.target] += height
    widest = max(streams, key=lambda one: one.value)
    return Drawing(
        title=title,
        measure=measure,
        sentence=f"The widest stream: {widest.value:,} from {widest.source} to {widest.target}.",
        height=max(band.y + max(band.height, SLOT_MIN) for side in sides for band in side) + TOP,
        bands=[band for side in sides for band in side],
        ribbons=ribbons,
        left=list(sums[0]),
        right=list(sums[1]),
        cells={(stream.source, stream.target): stream.value for stream in streams},
        most=widest.value,
    )


def _sums(streams: list[Stream], side: str, order: list[str]) -> dict[str, int]:
    found = dict.fromkeys(sorted({getattr(stream, side) for stream in streams}, key=order.index), 0)
    for stream in streams:
        found[getattr(stream, side)] += stream.value
    return found


def _bands(sums: dict[str, int], side: int, unit: float, colors: dict[str, str]) -> list[Place]:
    bands: list[Place] = []
    y = TOP
    for name, value in sums.items():
        height = value * unit
        band = Place(
            name=name,
            value=value,
            x=RIGHT if side else LEFT - BAND,
            y=y,
            height=height,
            label_x=RIGHT + BAND + 8 if side else LEFT - BAND - 8,
            anchor="start" if side else "end",
            color=colors[name],
        )
        bands.append(band)
        y += max(height, SLOT_MIN) + GAP
    return bands


def _path(top: float, end: float, height: float) -> str:
    middle = (LEFT + RIGHT) / 2
    low, low_end = top + height, end + height
    there = f"M{LEFT:.0f} {top:.1f}C{middle:.0f} {top:.1f} {middle:.0f} {end:.1f} {RIGHT:.0f} {end:.1f}"
    return there + f"V{low_end:.1f}C{middle:.0f} {low_end:.1f} {middle:.0f} {low:.1f} {LEFT:.0f} {low:.1f}Z"
