"""How much and how fast a source may send, and what its clients had to send again because of it or of us.

Counted by key and in memory. Buckets fill at the allowed rate and hold BURST_SECONDS of it; a request is taken while
there is anything left and may overdraw, so that a batch larger than a second's worth is not turned away for ever.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from regulars.app import App
from regulars.collect.errors import RateExceeded, SourceRefused
from regulars.collect.keys import SQL, Source, refuse_own, source_by_name

REQUEST_BYTES = 500 * 1024
"""What Segment takes, and what its clients stay below."""
REQUEST_MAX_BYTES = 4 * 1024 * 1024
"""What RudderStack's clients send at most; nobody may send more."""
REQUESTS_PER_SECOND = 1_000
EVENTS_PER_SECOND = 50_000
RATE_MAX = 1_000_000
BURST_SECONDS = 10
METER_KEYS_MAX = 10_000


class Limits(msgspec.Struct, frozen=True):
    """What a source may send, as set. None: the default."""

    request_max_bytes: int | None = None
    requests_per_second: int | None = None
    """For each of its keys, over all processes."""
    events_per_second: int | None = None


class Rated(Protocol):
    """A key whose use is counted: one that writes (`Holder`) or one that asks."""

    @property
    def key_id(self) -> str: ...

    @property
    def requests_per_second(self) -> int | None: ...

    @property
    def events_per_second(self) -> int | None: ...


class Trouble(msgspec.Struct, frozen=True):
    """What clients of a source had to send again."""

    repeated: int = 0
    """Requests that said they were a repetition."""
    last_repeated_at: datetime | None = None
    slowed: int = 0
    """Requests we answered with 429."""
    last_slowed_at: datetime | None = None


def limits_of(app: App, source: Source) -> Limits:
    """The limits of this source as set."""
    row = app.db.execute(SQL.limits_of, {"source": source.id}).fetchone()
    assert row is not None
    return Limits(*row)


def set_limits(app: App, source: Source, limits: Limits) -> None:
    """Set all limits of this source. Raises SourceRefused, naming every fault."""
    tops = {"request_max_bytes": REQUEST_MAX_BYTES, "requests_per_second": RATE_MAX, "events_per_second": RATE_MAX}
    given = msgspec.structs.asdict(limits)
    faults = [
        f"{field} is {given[field]}, use 1 to {top}"
        for field, top in tops.items()
        if given[field] is not None and not 1 <= given[field] <= top
    ]
    if faults:
        raise SourceRefused("; ".join(faults), "Leave a limit out for its default")
    app.db.execute(SQL.set_limits, {"source": source.id} | given)


def change_limits(app: App, name: str, given: Limits, before: Limits | None = None) -> Limits:
    """Set what is given over what was `before` (what the source has, if not said); the limits from now on."""
    refuse_own(name)
    source = source_by_name(app, name)
    if source is None:
        raise SourceRefused(f"There is no source '{name}'", "Look at `regulars source list`")
    fields = msgspec.structs.asdict(given)
    old = limits_of(app, source) if before is None else before
    after = msgspec.structs.replace(old, **{field: value for field, value in fields.items() if value is not None})
    set_limits(app, source, after)
    return after


def trouble_of(app: App, source: Source) -> Trouble:
    """What clients of this source had to send again, up to a minute ago."""
    row = app.db.execute(SQL.trouble_of, {"source": source.id}).fetchone()
    return Trouble(*row) if row else Trouble()


class _Bucket:
    __slots__ = ("at", "events", "requests")

    def __init__(self, requests: float, events: float, at: float) -> None:
        self.requests, self.events, self.at = requests, events, at


class _Count(NamedTuple):
    repeated: int = 0
    last_repeated_at: datetime | None = None
    slowed: int = 0
    last_slowed_at: datetime | None = None


class Meter:
    """What each key used, here in this process; one of `processes` that share the allowed rate."""

    def __init__(self, processes: int = 1) -> None:
        self._share = 1 / processes
        self._buckets: dict[str, _Bucket] = {}
        self._used: dict[str, datetime] = {}
        self._counts: dict[int, _Count] = {}

    def spend(self, holder: Rated, events: int, now: datetime) -> None:
        """Note a request of this key. Raises RateExceeded where its rate is used up; then nothing is spent."""
        requests_rate = (holder.requests_per_second or REQUESTS_PER_SECOND) * self._share
        events_rate = (holder.events_per_second or EVENTS_PER_SECOND) * self._share
        at = now.timestamp()
        bucket = self._buckets.get(holder.key_id)
        if bucket is None:
            if len(self._buckets) >= METER_KEYS_MAX:
                self._buckets.clear()
            bucket = _Bucket(_most(requests_rate), _most(events_rate), at)
            self._buckets[holder.key_id] = bucket
        elif at > bucket.at:
            seconds, bucket.at = at - bucket.at, at
            bucket.requests = min(_most(requests_rate), bucket.requests + requests_rate * seconds)
            bucket.events = min(_most(events_rate), bucket.events + events_rate * seconds)
        if bucket.requests < 1 or bucket.events < 0:
            wait = max((1 - bucket.requests) / requests_rate, -bucket.events / events_rate)
            raise RateExceeded(
                f"The key {holder.key_id} is used faster than it may be",
                "Send it again later, or raise the limits of the key",
                math.ceil(max(1.0, wait)),
            )
        bucket.requests -= 1
        bucket.events -= events
        self._used[holder.key_id] = now

    def repeated(self, source: Source, retries: bytes, now: datetime) -> None:
        """Note what a client says in X-Retry-Count: that this is not its first attempt."""
        if retries.isdigit() and int(retries[:9]) > 0:
            before = self._counts.get(source.id, _Count())
            self._counts[source.id] = before._replace(repeated=before.repeated + 1, last_repeated_at=now)

    def slowed(self, source: Source, now: datetime) -> None:
        """Note that a request of this source was asked to come again later."""
        before = self._counts.get(source.id, _Count())
        self._counts[source.id] = before._replace(slowed=before.slowed + 1, last_slowed_at=now)

    def take(self) -> "Notes":
        """What was noted since the last time."""
        notes = Notes(sorted(self._used.items()), sorted(self._counts.items()))
        self._used, self._counts = {}, {}
        return notes


def _most(rate: float) -> float:
    # One at least: a bucket that can never hold one would turn its sender away for ever.
    return max(1.0, rate * BURST_SECONDS)


class Notes(NamedTuple):
    """What a meter noted, by key and by source."""

    used: Sequence[tuple[str, datetime]]
    counts: Sequence[tuple[int, _Count]]

    def write(self, app: App) -> None:
        """Keep it: two statements, whatever it holds."""
        if self.used:
            ids, at = zip(*self.used, strict=True)
            app.db.execute(SQL.touch_keys, {"id": list(ids), "at": list(at)})
        if self.counts:
            repeated, last_repeated_at, slowed, last_slowed_at = zip(*(count for _, count in self.counts), strict=True)
            app.db.execute(
                SQL.count_trouble,
                {
                    "source": [source for source, _ in self.counts],
                    "repeated": list(repeated),
                    "last_repeated_at": list(last_repeated_at),
                    "slowed": list(slowed),
                    "last_slowed_at": list(last_slowed_at),
                },
            )
