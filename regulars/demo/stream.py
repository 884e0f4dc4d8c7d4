"""What a stream of invented or panel events is, and how several become one in order of event time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regulars.demo.chance import Ints

SOURCES = ("tills", "web", "crm", "email", "calls")
TILLS, WEB, CRM, EMAIL, CALLS = range(5)
GENERATED = {"generated": True}
NOBODY = 0
WINDOW_DAYS = 10
CHUNK_EVENTS = 5_000
DAY_US = 86_400_000_000
Message = dict[str, Any]


class Made(NamedTuple):
    """One event with what only the evaluation may know."""

    source: int
    """Place in SOURCES."""
    message: Message
    person: int
    """Key of the person who did it, NOBODY where even we do not say."""
    counted: bool
    """True if it carries something that identifies a person: those are judged."""


class Stream(NamedTuple):
    """Events in order of UTC time, made only when asked for, so that a year never stands in memory."""

    utc_us: Ints
    make: Callable[[int, int], list[Made]]
    """The events of rows start to stop."""


class Draft(NamedTuple):
    """An event to be made: `build(*args)` gives the message without its time."""

    local_us: int
    source: int
    person: int
    counted: bool
    build: Callable[..., Message]
    args: tuple[Any, ...]


def stream_of(drafts: Sequence[Draft], to_utc: Callable[[Ints], Ints], end_us: int) -> Stream:
    """A stream of these drafts; what lies after the panel's last basket never happened."""
    kept = [draft for draft in drafts if draft.local_us <= end_us]
    utc = to_utc(np.array([draft.local_us for draft in kept], dtype=np.int64))
    order: list[int] = np.argsort(utc, kind="stable").tolist()
    kept = [kept[place] for place in order]
    utc = utc[order]

    def make(start: int, stop: int) -> list[Made]:
        times = stamps(utc[start:stop])
        made: list[Made] = []
        for draft, time in zip(kept[start:stop], times, strict=True):
            message = draft.build(*draft.args)
            message["timestamp"] = time
            made.append(Made(draft.source, message, draft.person, draft.counted))
        return made

    return Stream(utc, make)


def stamps(utc_us: Ints) -> list[str]:
    """Times as the wire writes them."""
    return [f"{text}Z" for text in np.datetime_as_string(utc_us.astype("M8[us]"), unit="ms").tolist()]


def merged(streams: Sequence[Stream]) -> Iterator[list[Made]]:
    """All events in order of time, in chunks of at most CHUNK_EVENTS, a few days in memory at once."""
    waiting: list[Made] = []
    for low, high in _windows(streams):
        waiting += _window(streams, low, high)
        while len(waiting) >= CHUNK_EVENTS:
            yield waiting[:CHUNK_EVENTS]
            waiting = waiting[CHUNK_EVENTS:]
    if waiting:
        yield waiting


def _windows(streams: Sequence[Stream]) -> Iterator[tuple[int, int]]:
    present = [stream.utc_us for stream in streams if len(stream.utc_us)]
    low, end = min(int(times[0]) for times in present), max(int(times[-1]) for times in present)
    while low <= end:
        yield low, low + WINDOW_DAYS * DAY_US
        low += WINDOW_DAYS * DAY_US


def _window(streams: Sequence[Stream], low: int, high: int) -> list[Made]:
    times: list[NDArray[np.int64]] = []
    made: list[Made] = []
    for stream in streams:
        start, stop = np.searchsorted(stream.utc_us, [low, high]).tolist()
        times.append(stream.utc_us[start:stop])
        made += stream.make(start, stop)
    order = np.argsort(np.concatenate(times), kind="stable").tolist()
    return [made[place] for place in order]


def wire(made: Made) -> tuple[str, Message]:
    """An event as a sender knows it: the source's name and the message, nothing of the truth."""
    return SOURCES[made.source], made.message
