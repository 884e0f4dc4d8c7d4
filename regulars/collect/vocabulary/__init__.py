"""The shelf of the vocabulary: the events we publish by name, a group a file. Data, used by nobody to refuse anything.

The names of Segment's e-commerce specification (version 2) stand verbatim with their properties; what it lacks (stores,
loyalty, surveys, calls, devices) is our extension, as is every property whose meaning says "ours". What rooms read is
here under the same name: `docs/reference/events.md` and the page are made from it.

A plug-in is a `Group`, put up by `groups.add("name")(Group(...))`.
"""

from __future__ import annotations

import msgspec

from regulars.collect.properties import EventSchema
from regulars.kit.registry import Shelf

SEGMENT = "Segment e-commerce v2"
SEGMENT_OTHER = "Segment"
EXTENSION = "Regulars"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Events that belong together. `origin` says whose words they are: SEGMENT, SEGMENT_OTHER or EXTENSION."""

    title: str
    origin: str
    meaning: str
    events: tuple[EventSchema, ...]


groups: Shelf[Group] = Shelf("vocabulary", __name__)


def events() -> dict[str, EventSchema]:
    """Every published event by its name."""
    return {event.name: event for _, group in groups.items() for event in group.events}
