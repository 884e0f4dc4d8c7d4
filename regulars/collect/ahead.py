"""Reading ahead: the events the flow will want next, decoded and typed while PostgreSQL works on those it has.

Safe because a journal row never changes and everything up to a visible position is committed: what was read stays what
a later reading would give, until events are withdrawn; then it is read again. The checkpoint, read under its lock,
still decides what is claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
from msgspec.structs import replace

from regulars.app import App
from regulars.collect.facts import facts_of
from regulars.collect.journal import FLOW, batch_of, checkpoint_of, last_withdrawal, read
from regulars.kit.logging import logger
from regulars.model import Batch, Event

log = logger("collect")


class ReadAhead:
    """The flow's window on the journal: at most two claims of decoded events in memory, and one thread."""

    def __init__(self, app: App, limit: int, further: Callable[[App, list[Event]], list[Event]]) -> None:
        """`further`: what a room to the right reads of events without asking the database."""
        self._app = app
        self._limit = limit
        self._further = further
        self._withdrawal = 0
        """The latest withdrawal that what is read here knows of."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self.forget()

    def forget(self, after: int = 0) -> None:
        """Begin anew behind this position: after a fault of the database, or when somebody else carried."""
        self._events: list[Event] = []
        self._from = self._to = after
        """The window: every event behind `_from` up to `_to` is in `_events`."""
        self._coming: Future[list[Event]] | None = None

    def claim(self, app: App) -> Batch | None:
        """What `collect.claim` gives; while there is more than that, reading on begins before it returns."""
        after = checkpoint_of(app, FLOW)
        latest = last_withdrawal(app)
        if latest != self._withdrawal:
            self._withdrawal = latest
            self.forget(after)
        if not self._from <= after <= self._to:
            self.forget(after)
        self._events = [event for event in self._events if event.seq > after]
        self._from = after
        if len(self._events) < self._limit and self._coming is not None:
            self._take(self._arrived(self._coming))
        if not self._events:
            self._take(read(app, after, self._limit))
        if len(self._events) >= self._limit and self._coming is None:
            self._coming = self._thread.submit(self._read_on, self._to)
        return batch_of(self._events[: self._limit])

    def close(self) -> None:
        """Wait for what is being read, and end the thread."""
        self._thread.shutdown()

    def _take(self, events: list[Event]) -> None:
        self._events += events
        self._to = events[-1].seq if events else self._to

    def _arrived(self, coming: Future[list[Event]]) -> list[Event]:
        """What was read ahead; nothing where that broke, for then the same is read again where it can be contained."""
        self._coming = None
        try:
            return coming.result()
        except psycopg.OperationalError:
            raise
        except Exception as fault:
            log.warning("reading_ahead_failed", kind=type(fault).__name__)
            return []

    def _read_on(self, after: int) -> list[Event]:
        with self._app.transaction() as inside:
            events = read(inside, after, self._limit)
        zone = self._app.settings.zone
        return self._further(self._app, [replace(event, facts=facts_of([event], zone)) for event in events])
