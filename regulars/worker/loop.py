"""One round after the other: carry a batch, publish what it caused, let time pass, send, copy to the lake.

Each step is a transaction of its own (sending makes its own short ones), so a kill anywhere costs at most one step,
which the next round does again from the same state.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import psycopg

from regulars import collect, engage, flow
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.logging import logger
from regulars.model import Batch
from regulars.worker import pace
from regulars.worker.pace import Pace

BATCH_EVENTS = 5_000
SEND_PER_ROUND = 200
FLUSH_EVERY = timedelta(minutes=10)
IDLE_SECONDS = 0.2
RETRY_SECONDS = 1.0
LIVE_WITHIN = timedelta(hours=1)
"""An event this fresh happens now: it does not drag the clock of a replay along."""

log = logger("worker")


class Round(msgspec.Struct, frozen=True):
    """What one round did."""

    carried: int = 0
    published: int = 0
    ticked: bool = False
    sent: int = 0
    flushed: int = 0

    @property
    def was_idle(self) -> bool:
        """Nothing to do: rest before the next round."""
        return not (self.carried or self.published or self.ticked or self.sent or self.flushed)


class Worker:
    """Carries the journal of one brand. Several may run; the checkpoint's row lock lets one at a time carry."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish the step at hand, then end."""
        self._stop.set()

    def run(self) -> None:
        """Rounds until stopped. A lost database is waited for; nothing is lost meanwhile."""
        while not self._stop.is_set():
            try:
                if self.round().was_idle:
                    self._stop.wait(IDLE_SECONDS)
            except psycopg.OperationalError as fault:
                log.warning("database_away", why=str(fault).strip()[:200], retry_seconds=RETRY_SECONDS)
                self._stop.wait(RETRY_SECONDS)
                self.app.store.ensure_running()

    def drain(self) -> None:
        """Rounds until nothing is left to do now: for the demo and for tests."""
        while not self._stop.is_set() and not self.round().was_idle:
            pass

    def round(self) -> Round:
        """One of each step."""
        carried, ticked, now = self._carry_or_tick()
        with self.app.transaction() as app:
            published = collect.publish(app)
        app = self._at(now)
        sent = sum(engage.deliver(app, SEND_PER_ROUND).values())
        return Round(
            carried=carried, published=published, ticked=ticked, sent=sent, flushed=self._flush(now, carried)
        )

    def _carry_or_tick(self) -> tuple[int, bool, datetime]:
        """Carry the next batch up to the next tick, or tick when that is due. Gives events, ticked?, and the time."""
        with self.app.transaction() as app:
            memory = pace.read(app)
            batch = collect.claim(app, BATCH_EVENTS)
            if memory.replaying:
                return self._replay(app, memory, batch)
            now = self.app.clock.now()
            if self._is_due(memory, now):
                self._tick(app, now)
                return 0, True, now
            if batch is None:
                return 0, False, now
            flow.on_events(app, batch)
            collect.advance(app, batch)
            return len(batch.events), False, now

    def _replay(self, app: App, memory: Pace, batch: Batch | None) -> tuple[int, bool, datetime]:
        wall = self.app.clock.now()
        if batch is None:
            if memory.replay_until is not None:
                app.db.execute(pace.SQL.finish_replay)
                self._tick(app, wall)
                return 0, True, wall
            return 0, False, memory.ticked_at or wall
        zone = app.settings.zone
        if memory.ticked_at is None:
            due = pace.first_tick(batch.events[0].occurred_at, zone)
        else:
            due = pace.next_tick(memory.ticked_at, zone, pace.REPLAY_TICK_DAYS)
        part = before(batch, due, wall - LIVE_WITHIN)
        if part is None:
            self._tick(replace(app, clock=ManualClock(due)), due)
            return 0, True, due
        past = [event.occurred_at for event in part.events if event.occurred_at < wall - LIVE_WITHIN]
        now = max(past, default=memory.ticked_at or wall)
        flow.on_events(replace(app, clock=ManualClock(now)), part)
        collect.advance(app, part)
        return len(part.events), False, now

    def _is_due(self, memory: Pace, now: datetime) -> bool:
        if memory.ticked_at is None:
            return True
        return now >= pace.next_tick(memory.ticked_at, self.app.settings.zone, 1)

    def _tick(self, app: App, now: datetime) -> None:
        outcome = flow.on_tick(app, now)
        app.db.execute(pace.SQL.set_ticked, {"at": now})
        log.info("ticked", at=now.isoformat(), intents=outcome.intents)

    def _at(self, now: datetime) -> App:
        """The App as of `now`: in a replay what is sent is sent in its own time."""
        return replace(self.app, clock=ManualClock(now))

    def _flush(self, now: datetime, carried: int) -> int:
        with self.app.transaction() as app:
            memory = pace.peek(app)
            if memory.replaying or carried or (memory.flushed_at and now - memory.flushed_at < FLUSH_EVERY):
                return 0
        with self.app.transaction() as app:
            pace.read(app)
            report = collect.flush(app)
            app.db.execute(pace.SQL.set_flushed, {"at": now})
            return report.events


def before(batch: Batch, due: datetime, live_from: datetime) -> Batch | None:
    """The part of the batch before the first historic event at or after `due`; None if it starts there.

    Events from `live_from` on are people using the installation meanwhile, not history.
    """
    for at, event in enumerate(batch.events):
        if due <= event.occurred_at < live_from:
            if at == 0:
                return None
            return Batch(events=batch.events[:at], last_seq=batch.events[at - 1].seq)
    return batch
