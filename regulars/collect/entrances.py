"""Every way in, as the shelves have it: a plug-in that is added stands here by itself."""

from __future__ import annotations

from typing import Any

import msgspec

from regulars.collect.formats import formats
from regulars.collect.pulls import pulls
from regulars.collect.streams import streams
from regulars.collect.webhooks import webhooks
from regulars.collect.wires import wires
from regulars.kit.registry import Shelf


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """One plug-in that brings events."""

    kind: str
    """wire, webhook, file, pull or stream."""
    name: str
    says: str
    """What its own file says it is."""


def entrances() -> list[Entrance]:
    """All of them, by kind and name; streams that only give are none."""
    giving = {name for name, stream in streams.items() if not stream.has_source}
    return [
        *_of("wire", wires),
        *_of("webhook", webhooks),
        *_of("file", formats),
        *_of("pull", pulls),
        *(each for each in _of("stream", streams) if each.name not in giving),
    ]


def _of(kind: str, shelf: Shelf[Any]) -> list[Entrance]:
    return [Entrance(kind=kind, name=name, says=shelf.said(name)) for name in shelf]
