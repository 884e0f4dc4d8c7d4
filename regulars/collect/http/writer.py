"""Group commit: whatever waits is written in one transaction, and only then is anybody told that it is safe.

One thread writes. While it waits for the disk, requests pile up; the next group takes them all. So the more arrives,
the fewer commits an event costs, and a quiet hour costs no waiting: there is no timer.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

import psycopg

from regulars.app import App
from regulars.collect import errors
from regulars.collect.door import refuse
from regulars.collect.errors import JournalAway, QueueFull
from regulars.collect.http.line import Line
from regulars.collect.journal import APPEND_MAX_EVENTS, JOURNAL_LOCK, Entry, Rejected, append
from regulars.collect.keys import SQL
from regulars.collect.live.arrivals import note_duplicates
from regulars.kit.logging import logger

QUEUE_MAX_EVENTS = 20_000
GROUP_MAX_EVENTS = APPEND_MAX_EVENTS
# A group takes milliseconds: one that takes longer than this is waiting for something that hangs.
HEALTHY_SECONDS = 3.0
# While the journal could not be written and nobody sends, so often we look whether it can be again.
PROBE_SECONDS = 2.0
STOP_SECONDS = 30.0

log = logger("collect")


class Counts(NamedTuple):
    """What became of one request's events."""

    accepted: int
    duplicates: int
    refused: int
    """Conflicts included: same id, other body."""


Tell = Callable[[Counts | Exception], None]
"""Hears, in the event loop it came from, what became of a request: its counts, or why it was not stored."""


class _Waiting(NamedTuple):
    entries: list[Entry]
    rejected: list[Rejected]
    tell: Tell
    loop: asyncio.AbstractEventLoop

    @property
    def size(self) -> int:
        return len(self.entries) + len(self.rejected)


_Answer = tuple[Tell, Counts | Exception]


class GroupCommit:
    """The one writer of the gateway. `held` events wait or are being written."""

    def __init__(self, app: App) -> None:
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._line = Line(app)
        self._is_away = False
        self.held = 0

    @property
    def is_well(self) -> bool:
        """The journal is being written: the last group was, and the one under way does not hang."""
        is_running = self._thread is not None and self._thread.is_alive()
        return is_running and not self._is_away and self._line.seconds < HEALTHY_SECONDS

    def start(self) -> None:
        """Begin to write; harmless if it has begun."""
        if self._thread is None:
            self._line.start()
            self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(STOP_SECONDS)
            self._thread = None

    def submit(self, entries: list[Entry], rejected: list[Rejected], tell: Tell) -> None:
        """Write these events; `tell` hears their counts once they are durable, or JournalAway. Raises QueueFull."""
        waiting = _Waiting(entries, rejected, tell, asyncio.get_running_loop())
        self.check_room(waiting.size)
        self.held += waiting.size
        self._queue.put(waiting)

    def check_room(self, events: int) -> None:
        """Raise QueueFull where so many events more cannot wait."""
        if self.held + events > QUEUE_MAX_EVENTS:
            raise QueueFull(f"{self.held} events wait for the journal", "Send it again a little later")

    def _run(self) -> None:
        left: _Waiting | None = None
        while True:
            first = left or self._next()
            if first is None:
                break
            group, left, is_last = self._gather(first)
            self._answer(group, self._write(group))
            if is_last:
                break
        self._line.close()

    def _next(self) -> _Waiting | None:
        """What was sent next; while the journal is away, look after it in between."""
        while self._is_away:
            try:
                return self._queue.get(timeout=PROBE_SECONDS)
            except Empty:
                self._probe()
        return self._queue.get()

    def _probe(self) -> None:
        # Whoever sends traffic by /health sends none while we are away, so no group would ever find out.
        try:
            with self._line.transaction() as app:
                app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
        except psycopg.Error:
            return
        self._is_away = False

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None, bool]:
        """Everything that waits, up to a group; what did not fit; whether we were told to end."""
        group, size = [first], first.size
        try:
            while (following := self._queue.get_nowait()) is not None:
                size += following.size
                if size > GROUP_MAX_EVENTS:
                    return group, following, False
                group.append(following)
        except Empty:
            return group, None, False
        return group, None, True

    def _write(self, group: Sequence[_Waiting]) -> list[Counts] | Exception:
        try:
            try:
                counts = self._write_once(group)
            except psycopg.OperationalError:
                if not self._line.was_stale:
                    raise
                # The database was restarted since the last group. Had this one been committed, it is found again.
                counts = self._write_once(group)
        except psycopg.OperationalError as fault:
            self._is_away = True
            log.warning("journal_away", waiting=self.held, why=type(fault).__name__)
            return JournalAway(
                "The journal cannot be written right now, this was not stored",
                "Send it again under the same message ids; nothing then counts twice",
            )
        except Exception as fault:  # whatever it is, every request of the group must be answered
            log.exception("group_failed", events=sum(each.size for each in group))
            return self._write_apart(group) if isinstance(fault, psycopg.Error) else fault
        self._is_away = False
        return counts

    def _write_once(self, group: Sequence[_Waiting]) -> list[Counts]:
        with self._line.transaction() as app:
            return _write_together(app, group)

    def _write_apart(self, group: Sequence[_Waiting]) -> list[Counts] | Exception:
        """PostgreSQL refused something the door let through: find it, so that one message cannot stop the rest."""
        try:
            with self._line.transaction() as app:
                return [_tally(each, *append_isolating(app, each.entries, each.rejected)) for each in group]
        except Exception as fault:
            log.exception("group_failed_again", events=sum(each.size for each in group))
            return JournalAway(f"The journal cannot be written: {type(fault).__name__}", "Send it again later")

    def _answer(self, group: Sequence[_Waiting], results: list[Counts] | Exception) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Answer]] = {}
        for place, each in enumerate(group):
            result = results if isinstance(results, Exception) else results[place]
            by_loop.setdefault(each.loop, []).append((each.tell, result))
        size = sum(each.size for each in group)
        for loop, answers in by_loop.items():
            # A loop that is closed, or is being closed, has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell, answers, size if loop is group[0].loop else 0)

    def _tell(self, answers: Sequence[_Answer], size: int) -> None:
        self.held -= size
        for tell, result in answers:
            try:
                tell(result)
            except Exception:  # a sender whose connection broke must not cost the others of the group their answer
                log.exception("answer_failed")


def _write_together(app: App, group: Sequence[_Waiting]) -> list[Counts]:
    entries = [entry for each in group for entry in each.entries]
    rejected = [reject for each in group for reject in each.rejected]
    duplicates, conflicts = _fates(app, entries, rejected)
    if not duplicates and not conflicts:
        return [Counts(len(each.entries), 0, len(each.rejected)) for each in group]
    # One pass: this is done while the journal is locked, and a repeated delivery is nothing but duplicates.
    owners = [place for place, each in enumerate(group) for _ in each.entries]
    doubled, contradicted = Counter(owners[at] for at in duplicates), Counter(owners[at] for at in conflicts)
    return [_counts(each, doubled[place], contradicted[place]) for place, each in enumerate(group)]


def _fates(app: App, entries: Sequence[Entry], rejected: Sequence[Rejected]) -> tuple[list[int], list[int]]:
    fate = append(app, entries, rejected)
    note_duplicates(app, [entries[at] for at in fate.duplicates])
    return fate.duplicates, fate.conflicts


def _tally(each: _Waiting, duplicates: Sequence[int], conflicts: Sequence[int]) -> Counts:
    return _counts(each, len(duplicates), len(conflicts))


def _counts(each: _Waiting, duplicates: int, conflicts: int) -> Counts:
    return Counts(len(each.entries) - duplicates - conflicts, duplicates, len(each.rejected) + conflicts)


def append_isolating(app: App, entries: Sequence[Entry], rejected: Sequence[Rejected]) -> tuple[list[int], list[int]]:
    """Append by halves until what PostgreSQL refuses stands alone; that becomes a refusal (counted as a conflict)."""
    if rejected:
        append(app, [], rejected)
    if not entries:
        return [], []
    # First, and not for its own sake: where no statement came before, what follows would commit by itself.
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    try:
        with app.db.transaction():
            return _fates(app, entries, [])
    except psycopg.OperationalError:
        raise
    except psycopg.Error as fault:
        if len(entries) == 1:
            append(app, [], [_unstorable(entries[0], fault)])
            return [], [0]
    middle = len(entries) // 2
    left = append_isolating(app, entries[:middle], [])
    right = append_isolating(app, entries[middle:], [])
    return tuple(one + [at + middle for at in two] for one, two in zip(left, right, strict=True))  # pyright: ignore[reportReturnType]


def _unstorable(entry: Entry, fault: psycopg.Error) -> Rejected:
    refused = refuse(
        entry.row.body,
        errors.NOT_STORABLE,
        f"PostgreSQL cannot store it: {type(fault).__name__}",
        "Report this: the door should have known",
    )
    return Rejected(entry.source, entry.received_at, refused._replace(message_id=entry.row.message_id))
