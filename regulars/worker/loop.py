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
from regulars.model import Batch, Event
from regulars.worker import pace
from regulars.worker.pace import Pace

BATCH_EVENTS = 10_000
SEND_PER_ROUND = 200
FLUSH_EVERY = timedelta(minutes=10)
IDLE_SECONDS = 0.2
RETRY_SECONDS = 1.0
REPLAY_TICK_EVENTS = 500
"""Years in which little happened (sign-ups long ago) are not cut into weeks: so many events pass between two ticks."""
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
        self._ahead = collect.ReadAhead(app, BATCH_EVENTS)
        self._since_tick = 0
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish the step at hand, then end."""
        self._stop.set()

    def run(self) -> None:
        """Rounds until stopped. A lost database is waited for; nothing is lost meanwhile."""
        try:
            while not self._stop.is_set():
                self._round_or_wait()
        finally:
            self._ahead.close()

    def _round_or_wait(self) -> None:
        try:
            if self.round().was_idle:
                self._stop.wait(IDLE_SECONDS)
        except psycopg.OperationalError as fault:
            log.warning("database_away", why=str(fault).strip()[:200], retry_seconds=RETRY_SECONDS)
            self._ahead.forget()
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
        return Round(carried=carried, published=published, ticked=ticked, sent=sent, flushed=self._flush(now, carried))

    def _carry_or_tick(self) -> tuple[int, bool, datetime]:
        """Carry the next batch up to the next tick, or tick when that is due. Gives events, ticked?, and the time."""
        with self.app.transaction() as app:
            memory = pace.read(app)
            batch = self._ahead.claim(app)
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
        """Carry history part by part, ticking where its own time says so, up to the first tick that wants to send."""
        wall = self.app.clock.now()
        if batch is None:
            if memory.replay_until is not None:
                app.db.execute(pace.SQL.finish_replay)
                self._tick(app, wall)
                return 0, True, wall
            return 0, False, memory.ticked_at or wall
        zone, live_from = app.settings.zone, wall - LIVE_WITHIN
        ticked_at = memory.ticked_at or self._replay_tick(app, pace.tick_of(batch.events[0].occurred_at, zone))
        carried, now, wishes = 0, ticked_at, 0
        while carried < len(batch.events) and not wishes:
            rest = batch.events[carried:]
            need = max(0, REPLAY_TICK_EVENTS - self._since_tick)
            due = pace.replay_tick_before(ticked_at, rest[0].occurred_at, zone)
            if not need and ticked_at < due:
                now = ticked_at = due
                wishes = self._tick(replace(app, clock=ManualClock(due)), due)
                continue
            until = pace.replay_tick_after(ticked_at, rest[min(need, len(rest) - 1)].occurred_at, zone)
            part = rest[:need] + before(rest[need:], until, live_from)
            past = [event.occurred_at for event in part if event.occurred_at < live_from]
            now = max(past, default=now)
            carry = Batch(events=part, last_seq=part[-1].seq)
            flow.on_events(replace(app, clock=ManualClock(now)), carry)
            collect.advance(app, carry)
            carried += len(part)
            self._since_tick += len(part)
        return carried, True, now

    def _replay_tick(self, app: App, at: datetime) -> datetime:
        self._tick(replace(app, clock=ManualClock(at)), at)
        return at

    def _is_due(self, memory: Pace, now: datetime) -> bool:
        if memory.ticked_at is None:
            return True
        return now >= pace.next_tick(memory.ticked_at, self.app.settings.zone)

    def _tick(self, app: App, now: datetime) -> int:
        outcome = flow.on_tick(app, now)
        app.db.execute(pace.SQL.set_ticked, {"at": now})
        self._since_tick = 0
        log.debug("ticked", at=now.isoformat(), intents=outcome.intents)
        return outcome.intents

    def _at(self, now: datetime) -> App:
        """The App as of `now`: in a replay what is sent is sent in its own time."""
        return replace(self.app, clock=ManualClock(now))

    def _flush(self, now: datetime, carried: int) -> int:
        with self.app.transaction() as app:
            memory = pace.peek(app)
            if memory.replaying or carried or (memory.flushed_at and now - memory.flushed_at < FLUSH_EVERY):
                return 0
        report = collect.flush(self.app)
        with self.app.transaction() as app:
            app.db.execute(pace.SQL.set_flushed, {"at": now})
        return report.events


def before(events: list[Event], due: datetime, live_from: datetime) -> list[Event]:
    """The events before the first historic one at or after `due`.

    Events from `live_from` on are people using the installation meanwhile, not history.
    """
    for at, event in enumerate(events):
        if due <= event.occurred_at < live_from:
            return events[:at]
    return events
