"""The shelf of streams: brokers that events come from, or go to, without end. A kind of broker is one plug-in.

A plug-in is a `Stream`, put on the shelf under its kind: `streams.add("mqtt")(Stream(...))`. Its `run` listens until it
is told to stop and raises `StreamAway` when the broker goes; connecting again, and saying how it stands, is done for
it. Libraries are imported inside `run`: an installation has those of its extras only.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from regulars.app import App
from regulars.collect.keys import Source
from regulars.kit.registry import Shelf

Read = Callable[[bytes, dict[str, str]], dict[str, Any] | None]
"""The message of a payload, given what its address says; None of what is no JSON."""


class Feed(NamedTuple):
    """One stream of this installation, as it was added."""

    name: str
    source: Source | None
    """Where its events come from; None where it only gives."""
    connect: Any
    """Its plug-in's settings."""
    read: Read
    """By the mapping of its definition."""


class Control(NamedTuple):
    """What a running stream hears and says."""

    stop: threading.Event
    well: Callable[[], None]
    """To be called on every round in which the broker is there; cheap."""


class Stream(NamedTuple):
    """A plug-in."""

    settings: type[Any]
    """A frozen msgspec.Struct that knows its fields: what `[connect]` of a definition may say."""
    run: Callable[[App, Feed, Control], None]
    has_source: bool = True
    """False where it gives the journal away and nothing comes in."""
    event: str = ""
    """What everything of this kind is, where the mapping names no event."""
    reader: Callable[[str], str] | None = None
    """Of one that gives: the name of its place in the journal, by the name of the stream."""


streams: Shelf[Stream] = Shelf("streams", __name__)
