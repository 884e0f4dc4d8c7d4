"""One round after the other: map deliveries, carry a batch, follow what was withdrawn, publish what it caused, let time
pass, send, copy to the lake.

Each step is a transaction of its own (sending makes its own short ones), so a kill anywhere costs at most one step,
which the next round does again from the same state.

An event that a room cannot carry must not hold up those behind it. Where carrying breaks, the same events are carried
again by halves until one stands alone; that one is set aside (`collect.set_aside`) and passed. If it cannot be passed
even bare, or if too many break, the fault is ours: then the worker ends and says so.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import msgspec
import psycopg

from regulars import analyze, collect, engage, flow, privacy, profile, resolve
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.errors import place_of
from regulars.kit.logging import logger
from regulars.model import Batch, Event
from regulars.worker import pace
from regulars.worker.aside import Aside, Step
from regulars.worker.beside import Beside
from regulars.worker.follow import Follower
from regulars.worker.pace import Pace

BATCH_EVENTS = 10_000
SEND_PER_ROUND = 200
FLUSH_EVERY = timedelta(minutes=10)
IDLE_SECONDS = 0.2
RETRY_SECONDS = 1.0
READY = "ready"
REPLAY_TICK_EVENTS = 500
"""Years in which little happened (sign-ups long ago) are not cut into weeks: so many events pass between two ticks."""
LIVE_WITHIN = timedelta(hours=1)
"""An event this fresh happens now: it does not drag the clock of a replay along."""
PRUNE_EVERY = timedelta(hours=1)
"""So often the worker looks for deliveries, and changes of values, that are kept no longer."""
COUNT_EVERY = timedelta(minutes=10)
"""So often the worker counts everybody of a large brand anew, if anything happened."""
SEARCH_LOOK_EVERY = timedelta(minutes=10)
"""So often the worker looks whether the past year was searched for opportunities today."""
LOOK_EVERY = timedelta(minutes=5)
"""So often the worker asks whether groups and shifts are to be looked for again."""
JUDGE_EVERY = timedelta(minutes=1)
"""So often the worker asks whether scores are to be judged by what came after."""
BEAT_EVERY = timedelta(seconds=5)
"""So often the worker says that it is at work."""

log = logger("worker")


class Round(msgspec.Struct, frozen=True):
    """What one round did."""

    carried: int = 0
    published: int = 0
    ticked: bool = False
    sent: int = 0
    flushed: int = 0
    watched: int = 0
    replayed: int = 0
    withdrawn: int = 0
    """Events that left the projections, and one for each look at those that had left already."""
    mapped: int = 0
    """Deliveries of webhooks that were settled."""
    pruned: int = 0
    """Deliveries of webhooks, and changes of values, that were let go."""
    refreshed: int = 0
    """Customers that were computed by a changed declaration of the profile."""
    expired: int = 0
    """Slices of the journal that were read for what is over its time."""
    erased: int = 0
    """People who left every room."""
    adopted: int = 0
    """Steps towards segments that people saved, and traits that are declared anew."""

    @property
    def was_idle(self) -> bool:
        """Nothing to do: rest before the next round."""
        return not any(msgspec.structs.astuple(self))


class Worker:
    """Carries the journal of one brand. Several may run; the checkpoint's row lock lets one at a time carry."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._ahead = collect.ReadAhead(app, BATCH_EVENTS, resolve.read_ahead)
        self._watch = collect.Watch(app)
        self._follower = Follower()
        self._since_tick = 0
        self._suspects = 0
        """So many events behind the checkpoint hold one that could not be carried; 0: none is known."""
        self._tried = 0
        """Events of the step at hand."""
        self._ticking = False
        self._beat_at: datetime | None = None
        self._pruned_at: datetime | None = None
        self._history_after = 0
        """Changes of values up to this row were looked at for what is too old."""
        self._counted_at: datetime | None = None
        self._sought_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._judged_at: datetime | None = None
        self._beside = Beside(app.clock)
        self._aside = Aside(app)
        self._unread = True
        """The lake may hold what the audit has not read."""
        self._asked_at: datetime | None = None
        """When somebody asked for the audit to be read now; None: nobody waits."""
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
            self._aside.close()
            self._ahead.close()

    def _round_or_wait(self) -> None:
        try:
            was_idle = self.round().was_idle
            has_read = bool(self._read_lake()) if was_idle or self._asked_at else False
            if was_idle and not has_read:
                self._stop.wait(IDLE_SECONDS)
        except psycopg.OperationalError as fault:
            log.warning("database_away", why=str(fault).strip()[:200], retry_seconds=RETRY_SECONDS)
            self._ahead.forget()
            self._stop.wait(RETRY_SECONDS)
            self.app.store.ensure_running()

    def drain(self) -> None:
        """Rounds until nothing is left to do now: for the demo and for tests. Raises what broke beside the events."""
        while not self._stop.is_set() and (not self.round().was_idle or self._aside.wait()):
            pass
        self._beside.raise_fault()

    def round(self) -> Round:
        """One of each step."""
        beside = self._beside.run
        mapped = beside("webhooks", lambda: collect.map_deliveries(self.app))
        carried, ticked, now = self._step()
        app = self._at(now)
        withdrawn = beside("withdrawals", lambda: self._follower.step(app))
        if not withdrawn and not carried:
            withdrawn = beside("withdrawals_in_lake", lambda: int(collect.follow_in_lake(self.app)))
        self._beat()
        published = beside("announcements", lambda: collect.publish(self.app))
        replayed = beside("replays", lambda: collect.carry_replay(self.app))
        watched = beside("watch", self._watch.step)
        sent = beside("deliveries", lambda: sum(engage.deliver(app, SEND_PER_ROUND).values()))
        pruned = beside("old_deliveries", self._prune)
        refreshed = beside("profiles", self._refresh)
        beside("purposes", self._remember)
        adopted = beside("traits", lambda: analyze.renew(self.app))
        adopted += beside("segments", lambda: analyze.adopt(self.app))
        waiting = privacy.Waiting(beside("privacy", lambda: privacy.waiting(self.app)))
        erased = beside("erasures", lambda: self._erase(waiting))
        expired = beside("retention", lambda: self._expire(waiting))
        flushed = beside("lake", lambda: self._flush(now, carried))
        return Round(
            carried=carried,
            published=published,
            ticked=ticked,
            sent=sent,
            flushed=flushed,
            watched=watched,
            replayed=replayed,
            withdrawn=withdrawn,
            mapped=mapped,
            erased=erased,
            expired=expired,
            pruned=pruned,
            refreshed=refreshed,
            adopted=adopted,
        )

    def _refresh(self) -> int:
        """Customers computed by what `profile.yaml` declares since it changed."""
        with self.app.transaction() as app:
            profile.adopt(app)
            return profile.refresh(app)

    def _remember(self) -> int:
        """What people are asked for, for the time when its file cannot be read."""
        with self.app.transaction() as app:
            return int(profile.remember_purposes(app))

    def _expire(self, waiting: privacy.Waiting) -> int:
        """The next slice of the journal is read for what is over its time."""
        return privacy.retention.step(self.app) if privacy.Waiting.RETENTION in waiting else 0

    def _erase(self, waiting: privacy.Waiting) -> int:
        """Who is to be erased leaves the rooms here; files and proof follow aside, and whoever handed it in is told.

        Aside, too, everybody of a large brand is counted, the past year is searched for opportunities, and scores are
        judged by what came after.
        """
        under_way = privacy.open_erasures(self.app) if privacy.Waiting.ERASURES in waiting else {}
        gone = sum(privacy.leave_rooms(self.app, id) for id, state in under_way.items() if state == "asked")
        steps: dict[str, Step] = {
            f"erasure {id}": partial(privacy.leave_files, self.app, id)
            for id, state in under_way.items()
            if state == "left"
        }
        with self.app.transaction() as inside:
            if privacy.Waiting.CALLS in waiting and privacy.opendsr.note_changes(inside):
                steps["callbacks"] = partial(privacy.opendsr.call_back, self.app)
            if self._is_count_due(inside):
                steps["health"] = partial(resolve.keep_health, self.app)
            if self._is_search_due(inside):
                steps["opportunities"] = partial(analyze.missed.search, self.app)
            steps |= self._looks(inside)
            if self._is_judging_due(inside):
                steps["backtests"] = partial(analyze.backtest, self.app)
        self._aside.begin(steps)
        return gone

    def _is_count_due(self, inside: App) -> bool:
        now = self.app.clock.now()
        if self._counted_at is not None and now - self._counted_at < COUNT_EVERY:
            return False
        self._counted_at = now
        return resolve.is_health_old(inside)

    def _is_search_due(self, inside: App) -> bool:
        """Once a day, of a year that is whole: not while history is loaded."""
        now = self.app.clock.now()
        if self._sought_at is not None and now - self._sought_at < SEARCH_LOOK_EVERY:
            return False
        self._sought_at = now
        return not pace.peek(inside).replaying and analyze.missed.is_due(inside, now)

    def _looks(self, inside: App) -> dict[str, Step]:
        """Stages are counted, groups and shifts looked for in customers as they are: not while history is loaded."""
        now = self.app.clock.now()
        is_early = self._looked_at is not None and now - self._looked_at < LOOK_EVERY
        if is_early or pace.peek(inside).replaying:
            return {}
        self._looked_at = now
        due: dict[str, Step] = {}
        if analyze.is_lifecycle_due(inside):
            due["lifecycle"] = partial(analyze.keep_lifecycle, self.app)
        if analyze.personas.is_due(inside):
            due["personas"] = partial(analyze.personas.fit_due, self.app)
        if analyze.shifts.is_due(inside):
            due["shifts"] = partial(analyze.shifts.look, self.app)
        return due

    def _is_judging_due(self, inside: App) -> bool:
        now = self.app.clock.now()
        if self._judged_at is not None and now - self._judged_at < JUDGE_EVERY:
            return False
        self._judged_at = now
        # While history is replayed the lake is ahead of the customers.
        return not pace.peek(inside).replaying and analyze.is_backtest_due(inside)

    def _step(self) -> tuple[int, bool, datetime]:
        """Carry or tick; where carrying breaks, again with half as many, until one event stands alone and is passed."""
        while True:
            since_tick = self._since_tick
            try:
                with self.app.transaction() as app:
                    done = self._carry_or_tick(app)
                self._suspects = max(0, self._suspects - done[0])
                return done
            except psycopg.OperationalError:
                self._since_tick = since_tick
                raise
            except Exception as fault:
                self._since_tick = since_tick
                self._ahead.forget()
                if self._ticking:
                    raise
                place = place_of(fault)
                log.warning("carrying_failed", events=self._tried, fault=place)
                self._suspects = self._tried
                if self._tried == 1:
                    self._set_aside(fault, place)

    def _set_aside(self, fault: Exception, place: str) -> None:
        """Let the next event pass bare; raises `fault` where that is of no help."""
        with self.app.transaction() as app:
            pace.read(app)
            seq = collect.set_aside(app, place)
            if seq is None:
                raise fault
            try:
                self._carry_or_tick(app)
            except psycopg.OperationalError:
                raise
            except Exception as other:
                log.error("not_the_event", seq=seq, fault=place_of(other))
                raise fault from other
        self._suspects = 0
        log.error("event_set_aside", seq=seq, fault=place, see="refusals, RG-1120")

    def _claim(self, app: App) -> Batch | None:
        """The next events; half of them while one of them is looked for."""
        if self._suspects:
            self._tried = max(1, self._suspects // 2)
            batch = collect.claim(app, self._tried)
        else:
            self._tried = BATCH_EVENTS
            batch = self._ahead.claim(app)
        if batch is None:
            self._suspects = 0
        else:
            self._tried = len(batch.events)
        return batch

    def _carry_or_tick(self, app: App) -> tuple[int, bool, datetime]:
        """Carry the next batch up to the next tick, or tick when that is due. Gives events, ticked?, and the time."""
        self._ticking = False
        memory = pace.read(app)
        batch = self._claim(app)
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
        """Carry history up to the next tick of its own time, or tick; less where something is ready to be sent."""
        wall = self.app.clock.now()
        if batch is None:
            if memory.replay_until is not None:
                app.db.execute(pace.SQL.finish_replay)
                self._tick(app, wall)
                return 0, True, wall
            return 0, False, memory.ticked_at or wall
        zone, live_from = app.settings.zone, wall - LIVE_WITHIN
        ticked_at = memory.ticked_at or self._replay_tick(app, pace.tick_of(batch.events[0].occurred_at, zone))
        carried, now, ready = 0, ticked_at, 0
        while carried < len(batch.events) and not ready:
            rest = batch.events[carried:]
            need = max(0, REPLAY_TICK_EVENTS - self._since_tick)
            due = pace.replay_tick_before(ticked_at, rest[0].occurred_at, zone)
            if not need and ticked_at < due:
                if not carried:
                    return 0, True, self._replay_tick(app, due)
                break
            # What we said of earlier weeks comes behind all of history: it is behind the last tick and cuts nothing.
            at = max(ticked_at, rest[min(need, len(rest) - 1)].occurred_at)
            until = pace.replay_tick_after(ticked_at, at, zone)
            part = rest[:need] + before(rest[need:], until, live_from)
            past = [event.occurred_at for event in part if event.occurred_at < live_from]
            now = max(past, default=now)
            carry = Batch(events=part, last_seq=part[-1].seq)
            ready = flow.on_events(replace(app, clock=ManualClock(now)), carry).by_state.get(READY, 0)
            collect.advance(app, carry)
            carried += len(part)
            self._since_tick += len(part)
        return carried, True, now

    def _replay_tick(self, app: App, at: datetime) -> datetime:
        self._tick(replace(app, clock=ManualClock(at)), at, until=self.app.clock.now())
        return at

    def _is_due(self, memory: Pace, now: datetime) -> bool:
        if memory.ticked_at is None:
            return True
        return now >= pace.next_tick(memory.ticked_at, self.app.settings.zone)

    def _tick(self, app: App, now: datetime, until: datetime | None = None) -> None:
        self._ticking = True
        outcome = flow.on_tick(app, now, until)
        self._ticking = False
        app.db.execute(pace.SQL.set_ticked, {"at": now})
        self._since_tick = 0
        log.debug("ticked", at=now.isoformat(), intents=outcome.intents)

    def _at(self, now: datetime) -> App:
        """The App as of `now`: in a replay what is sent is sent in its own time."""
        return replace(self.app, clock=ManualClock(now))

    def _read_lake(self) -> int:
        """With nothing else to do, or asked to, read one stretch of the lake for the audit; how many were read."""
        done = self._beside.run("audit", lambda: resolve.prepare(self.app, 1)) if self._unread else 0
        self._unread = bool(done)
        if self._asked_at and not done:
            self._end_reading(self._asked_at)
        return done

    def _end_reading(self, asked_at: datetime) -> None:
        """Whoever asked waits no more: all is read, or reading broke. Where another worker reads, it goes on."""
        with self.app.transaction() as app:
            if self._beside.is_resting("audit") or collect.is_read(app):
                app.db.execute(pace.SQL.end_reading, {"at": asked_at})
        self._asked_at = None

    def _beat(self) -> None:
        """Say that we are at work, so that others see when we are not."""
        now = self.app.clock.now()
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            with self.app.transaction() as app:
                app.db.execute(pace.SQL.beat, {"at": now})
            self._beat_at = now

    def _prune(self) -> int:
        """One set of what is too old to keep; all of it within a few rounds, then not again for PRUNE_EVERY."""
        now = self.app.clock.now()
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return 0
        deliveries = collect.prune_deliveries(self.app)
        with self.app.transaction() as inside:
            askings = engage.prune_askings(inside, now)
            changes = analyze.forget_old(inside, self._history_after)
        self._history_after = changes.go_on_after or 0
        is_through = deliveries < collect.PRUNED_AT_ONCE_MAX and askings < engage.PRUNED_AT_ONCE_MAX
        if is_through and changes.go_on_after is None:
            self._pruned_at = now
        return deliveries + askings + changes.rows

    def _flush(self, now: datetime, carried: int) -> int:
        with self.app.transaction() as app:
            memory = pace.peek(app)
        self._asked_at = None if memory.replaying else memory.read_asked_at
        is_fresh = memory.flushed_at is not None and now - memory.flushed_at < FLUSH_EVERY
        if memory.replaying or is_fresh or (carried and not self._asked_at):
            return 0
        report = collect.flush(self.app)
        self._unread = True
        collect.tend_lake(self.app)
        with self._at(now).transaction() as app:
            flow.on_lake(app, now)
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
