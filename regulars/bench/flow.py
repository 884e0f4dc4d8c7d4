"""How fast events flow from the journal to the outbox through all rooms, against a raw insert of the same rows.

Before the clock starts everybody has signed up and bought in the past, and the day has ticked once, so models and
segments stand: what is measured is a known brand's ordinary stream. Each batch is carried as the worker carries it
(claim, the spine, checkpoint, commit, then publish) and time passes once a week of the stream, so that those who
stopped coming are written to; what the rooms announce is carried too, at our cost.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from types import ModuleType
from typing import Any

import psutil

from regulars import analyze, collect, design, engage, flow, profile, resolve
from regulars.app import App, open_app
from regulars.bench import mix, raw
from regulars.bench.ingest import scratch
from regulars.kit.clock import ManualClock
from regulars.kit.settings import Settings
from regulars.store import queries
from regulars.worker.loop import BATCH_EVENTS

SQL = queries("regulars.bench")
EVENTS = 40_000
# Accepted at once; the worker's own number is what is carried at once.
CHUNK_EVENTS = 5_000
TICK_DAYS = 7
# One event in twenty comes from somebody whom this stream has not shown yet.
EVENTS_PER_CUSTOMER = 20
PAST_SHARE = 0.25
DAYS = 28
SEED = 11
KINDS = {"crm": "crm", "tills": "tills", "web": "web", "mail": "email"}
STEPS: tuple[tuple[ModuleType | type, str], ...] = (
    (collect.ReadAhead, "claim"),
    (resolve, "identify"),
    (profile, "apply"),
    (analyze, "update"),
    (analyze, "tick"),
    (design, "react"),
    (design, "tick"),
    (engage, "decide"),
    (collect, "publish"),
)


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratio `of_raw_insert`: events a second through all rooms, over rows a second of a raw insert of the same rows."""
    count = size or EVENTS
    customers = max(1, count // EVENTS_PER_CUSTOMER)
    with scratch(settings) as dsn, open_app(Settings(database_url=dsn, brand_name="Bench")) as opened:
        app = replace(opened, clock=ManualClock(mix.START + timedelta(days=DAYS + 1)))
        sources = _sources(app)
        _fill(app, sources, (("crm", person) for person in mix.people(customers, SEED)))
        past, stream = _split(list(mix.events(count + int(count * PAST_SHARE), customers, SEED + 1, DAYS)), count)
        _fill(app, sources, [*mix.lapsed(customers, SEED + 2), *past])
        _carry_all(app)
        _tick(app, mix.START + timedelta(days=1 + DAYS * PAST_SHARE))
        _carry_all(app)
        first = _fill(app, sources, stream)
        rows = _journal_rows(app, first, count)
        inserted = raw.insert_rates(app, rows)
        spent = dict.fromkeys((_label(*step) for step in STEPS), 0.0)
        busy = cpu_seconds(app)
        with timed(spent):
            start = time.perf_counter()
            carried = _carry_all(app, ticking=True)
            seconds = time.perf_counter() - start
        cpu = {place: each - busy[place] for place, each in cpu_seconds(app).items()}
        outbox = dict(_states(app))
    rate, best = len(rows) / seconds, max(inserted.values())
    spent["commit and rest"] = seconds - sum(spent.values())
    return {
        "ratios": {"of_raw_insert": round(rate / best, 3)},
        "raw": {
            "events": len(rows),
            "own_events": carried - len(rows),
            "seconds": round(seconds, 3),
            "events_per_second": round(rate),
            "raw_insert": {way: round(each) for way, each in inserted.items()},
            "microseconds_per_event": {step: round(each / len(rows) * 1e6, 1) for step, each in spent.items()},
            # On a busy machine this tells more than the wall clock.
            "cpu_microseconds_per_event": {place: round(each / len(rows) * 1e6, 1) for place, each in cpu.items()},
            "customers": customers,
            "outbox": outbox,
            "batch": BATCH_EVENTS,
            "seed": SEED,
        },
    }


@contextmanager
def timed(spent: dict[str, float]) -> Generator[None, None, None]:
    """Seconds inside each room's face, while it lasts; the spine itself is the real one."""
    kept = [(room, name, getattr(room, name)) for room, name in STEPS]

    def watch(label: str, function: Any) -> Any:
        def watched(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                spent[label] += time.perf_counter() - start

        return watched

    try:
        for room, name, function in kept:
            setattr(room, name, watch(_label(room, name), function))
        yield
    finally:
        for room, name, function in kept:
            setattr(room, name, function)


def cpu_seconds(app: App) -> dict[str, float]:
    """Processor time so far: of this process, and of the database's connections where the server runs here."""
    with app.transaction() as inside:
        pids = [pid for (pid,) in inside.db.execute(SQL.connections).fetchall()]
    server = 0.0
    for pid in pids:
        try:
            used = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue  # another machine, or another user's process
        server += used.user + used.system
    return {"python": time.process_time(), "postgresql": server}


def _label(room: ModuleType | type, name: str) -> str:
    return f"{room.__name__.rpartition('.')[2]}.{name}"


def _sources(app: App) -> dict[str, collect.Source]:
    with app.transaction() as inside:
        return {name: collect.register(inside, name, kind, "shop")[0] for name, kind in KINDS.items()}


def _split(all_events: list[tuple[str, mix.Message]], count: int) -> tuple[list[Any], list[Any]]:
    return all_events[:-count], all_events[-count:]


def _fill(app: App, sources: dict[str, collect.Source], events: Iterable[tuple[str, mix.Message]]) -> int:
    """Accept everything; gives the journal position before it."""
    with app.transaction() as inside:
        before = inside.db.execute(SQL.last_position).fetchone()
    waiting = list(events)
    for start in range(0, len(waiting), CHUNK_EVENTS):
        by_source = sorted(waiting[start : start + CHUNK_EVENTS], key=lambda pair: pair[0])
        with app.transaction() as inside:
            for name, pairs in groupby(by_source, key=lambda pair: pair[0]):
                messages = [message for _, message in pairs]
                receipt = collect.accept(inside, sources[name], messages, received_at=app.clock.now())
                assert receipt.accepted == len(messages), receipt.refusals[:1]
    return before[0] if before else 0


def _carry_all(app: App, *, ticking: bool = False) -> int:
    """Carry until nothing is left, as the worker does; how many events that were."""
    carried, ticked_at = 0, mix.START + timedelta(days=1 + DAYS * PAST_SHARE)
    ahead = collect.ReadAhead(app, BATCH_EVENTS, resolve.read_ahead)
    while True:
        with app.transaction() as inside:
            batch = ahead.claim(inside)
            if batch is not None:
                now = max(event.occurred_at for event in batch.events)
                flow.on_events(replace(inside, clock=ManualClock(now)), batch)
                collect.advance(inside, batch)
                carried += len(batch.events)
                if ticking and now >= ticked_at + timedelta(days=TICK_DAYS):
                    ticked_at = now
                    flow.on_tick(replace(inside, clock=ManualClock(now)), now)
        published = collect.publish(app)
        if batch is None and not published:
            ahead.close()
            return carried


def _tick(app: App, now: datetime) -> None:
    with app.transaction() as inside:
        flow.on_tick(replace(inside, clock=ManualClock(now)), now)


def _journal_rows(app: App, after: int, count: int) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return inside.db.execute(SQL.journal_rows, {"after": after, "limit": count}).fetchall()


def _states(app: App) -> list[tuple[str, int]]:
    with app.transaction() as inside:
        return inside.db.execute(SQL.outbox_states).fetchall()
