"""When somebody may be disturbed: pure, in her own zone, exact over every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

ZONES_CACHED = 1_024
# Looking two days ahead finds an end of any window shorter than a day, whatever the clocks do.
DAYS_AHEAD = 2


class Window(msgspec.Struct, frozen=True):
    """Quiet from `start` until before `end`, in local time; over midnight if `end` is not later than `start`."""

    start: time
    end: time

    def covers(self, local: time) -> bool:
        """Is this time of day quiet?"""
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


NIGHT = (Window(time(22), time(7)),)


def next_allowed(instant: datetime, zone: ZoneInfo, windows: tuple[Window, ...] = NIGHT) -> datetime:
    """The first instant at or after `instant` that is not quiet in `zone`; UTC. The windows must leave part of the day.

    Where quiet ends inside an hour that the clocks skip, it ends with the jump; where that hour comes twice, at the
    first end that has not passed.
    """
    at = instant.astimezone(UTC)
    # Each step leaves one window and may enter another: as many steps as windows, twice for a day with two nights.
    for _ in range(2 * len(windows) + 1):
        window = next((w for w in windows if w.covers(_local(at, zone))), None)
        if window is None:
            return at
        at = _end_of(window, at, zone)
    raise AssertionError("quiet windows leave no part of the day")


def _local(at: datetime, zone: ZoneInfo) -> time:
    return at.astimezone(zone).time()


def _end_of(window: Window, at: datetime, zone: ZoneInfo) -> datetime:
    today = at.astimezone(zone).date()
    ends = [
        datetime.combine(today + timedelta(days=days), window.end, zone).replace(fold=fold).astimezone(UTC)
        for days in range(DAYS_AHEAD + 1)
        for fold in (0, 1)
    ]
    candidates = [end for end in ends if end > at and not window.covers(_local(end, zone))]
    end = min(candidates)
    jump = _jump(at, end, zone)
    return jump if jump is not None and not window.covers(_local(jump, zone)) else end


def _jump(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant in (after, until] at which the zone's offset changes, to the second; None if it does not."""
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return None
    low, high = int(after.timestamp()), int(until.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return datetime.fromtimestamp(high, UTC)


@lru_cache(ZONES_CACHED)
def zone_or(name: str | None, fallback: str) -> ZoneInfo:
    """The zone of this name; the fallback where it is unknown or no zone."""
    try:
        return ZoneInfo(name or fallback)
    except (OSError, ValueError, KeyError):  # a folder's name, no name at all, an unknown name
        return ZoneInfo(fallback)
