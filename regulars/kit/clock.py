"""Time is handed in, never read: a test owns it, and a year replays in seconds."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)


class Clock(Protocol):
    """Says what time it is, in UTC."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a manual clock moves itself instead."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ManualClock:
    """A clock that stands until it is moved: for tests and for replaying history."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Set the clock; it may go back, as real clocks do."""
        self._now = instant.astimezone(UTC)

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def day_number(instant: datetime, zone: ZoneInfo) -> int:
    """Days since 1970-01-01 of the local date in `zone`."""
    return (instant.astimezone(zone).date() - EPOCH_DAY).days


def day_date(day: int) -> date:
    """The date of a day number."""
    return EPOCH_DAY + timedelta(days=day)


def microseconds(instant: datetime) -> int:
    """Microseconds since the epoch, exactly (no float)."""
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(us: int) -> datetime:
    """The aware UTC instant `us` microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=us)
