"""How fast events go in over real HTTP, as a share of a raw multi-row INSERT of the same rows over one connection.

A machine that others share is now fast and now slow. So the raw limit is measured before and after each round of
sending, the rates of a round are taken as shares of the mean of both, and the median of the rounds is told.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, LiteralString, NamedTuple, cast
from urllib.parse import urlsplit

import psutil
import psycopg

from regulars import collect
from regulars.app import App, open_app
from regulars.bench import raw
from regulars.bench.load import events
from regulars.kit.errors import InputRefused
from regulars.kit.settings import Settings
from regulars.store import embedded

BATCH_EVENTS = 60_000
SINGLE_EVENTS = 24_000
EVENTS_PER_BATCH = 100
BATCH_CONNECTIONS = 8
# The fewest that keep the door busy: a commit is shared by those that wait for it, and a door that waits itself
# measures the disk. What fewer and more get through is told beside it.
SINGLE_CONNECTIONS = 256
OTHER_CONNECTIONS = (64, 128, 512)
SEED = 7
ROUNDS = 3
LOAD_SECONDS_MAX = 120
LOADS_MAX = 100_000
# RudderStack's own load test of its server, for orientation and not measured by us.
PEER = {"requests_per_second": 1_700, "cores": 2, "says": "their own published load test"}


class Load(NamedTuple):
    """One way of sending."""

    total: int
    per_request: int
    connections: int
    seed: int


def run(settings: Settings, *, size: int | None = None, minutes: float | None = None) -> dict[str, Any]:
    """Ratios `batch_of_raw_insert` and `single_of_raw_insert`, `processes_2_over_1` for single events, and what they
    were made of (events a second). `minutes` goes on at full load and tells the memory of the gateway over that time.
    """
    batches = Load(size or BATCH_EVENTS, EVENTS_PER_BATCH, BATCH_CONNECTIONS, SEED)
    singles = Load(max(1, size // 5) if size else SINGLE_EVENTS, 1, SINGLE_CONNECTIONS, SEED + ROUNDS)
    with scratch(settings) as dsn:
        with open_app(Settings(database_url=dsn)) as app:
            source, key = new_source(app)
            rows = _rows(app, source, batches)
            with serving(dsn) as port:
                loads = {"batch": batches, "single": singles}
                for each in OTHER_CONNECTIONS:
                    loads[f"single_over_{each}"] = singles._replace(connections=each, seed=singles.seed + each)
                inserted, sent = _rounds(app, rows, lambda load: send(port, key, load), loads)
        with serving(dsn, processes=2) as port:
            by_two = send(port, key, singles._replace(seed=SEED + 2 * ROUNDS))
        memory = {} if minutes is None else {"memory": _memory(dsn, key, batches, minutes)}
    limits = [(max(before.values()) + max(after.values())) / 2 for before, after in pairwise(inserted)]
    shares = {
        f"{name}_of_raw_insert": [
            round(each["events_per_second"] / limit, 3) for each, limit in zip(told, limits, strict=True)
        ]
        for name, told in sent.items()
    }
    by_one = statistics.median(each["events_per_second"] for each in sent["single"])
    medians = {name: statistics.median(each) for name, each in shares.items()}
    ratios = {name: medians.pop(name) for name in ("batch_of_raw_insert", "single_of_raw_insert")}
    ratios["processes_2_over_1"] = round(by_two["events_per_second"] / by_one, 2)
    orientation = {"requests_per_second": by_one, "cores": os.cpu_count(), "rudderstack": PEER}
    made_of: dict[str, Any] = {"raw_insert": inserted, **sent, "single_by_2_processes": by_two, "rounds": shares}
    made_of["other_connections"] = medians
    return {"ratios": ratios, "raw": made_of | memory | {"orientation": orientation, "seed": SEED}}


def _rounds(
    app: App, rows: list[tuple[Any, ...]], sending: Callable[[Load], dict[str, Any]], loads: dict[str, Load]
) -> tuple[list[dict[str, int]], dict[str, list[dict[str, Any]]]]:
    """The raw limit, then ROUNDS times each of the loads, and the raw limit again."""
    inserted = [_inserted(app, rows)]
    sent: dict[str, list[dict[str, Any]]] = {name: [] for name in loads}
    for turn in range(ROUNDS):
        for name, load in loads.items():
            sent[name].append(sending(load._replace(seed=load.seed + turn)))
        inserted.append(_inserted(app, rows))
    return inserted, sent


def _inserted(app: App, rows: list[tuple[Any, ...]]) -> dict[str, int]:
    return {way: round(rate) for way, rate in raw.insert_rates(app, rows).items()}


def _memory(dsn: str, key: str, load: Load, minutes: float) -> dict[str, Any]:
    """Resident memory of one gateway at full load, first and last of it, and how it grew between."""
    samples: list[tuple[float, float]] = []
    with serving(dsn) as port:
        (gateway,) = [one for one in psutil.Process().children() if "regulars.collect.http.alone" in one.cmdline()]
        for turn in range(LOADS_MAX):
            send(port, key, load._replace(seed=SEED + 100 + turn))
            now = time.monotonic()
            samples.append((now / 60, gateway.memory_info().rss / 2**20))
            if now / 60 - samples[0][0] >= minutes:
                break
    # The first load fills caches and pools: what it leaves is where the run begins.
    at, rss = zip(*samples, strict=True)
    slope = statistics.linear_regression(at, rss).slope if len(samples) > 1 else 0.0
    return {
        "minutes": round(at[-1] - at[0], 2),
        "events": len(samples) * load.total,
        "rss_start_mib": round(rss[0], 1),
        "rss_end_mib": round(rss[-1], 1),
        "mib_per_minute": round(slope, 3),
    }


@contextmanager
def scratch(settings: Settings) -> Generator[str, None, None]:
    """Connection string of a database of our own, dropped at the end."""
    if not settings.database_url:
        with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
            Path(folder).chmod(0o755)  # as root, the server runs as another user
            with embedded.serving(Path(folder) / "home") as dsn:
                yield dsn
        return
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(settings.database_url, autocommit=True) as admin:
        admin.execute(cast(LiteralString, f"create database {name}"))
        try:
            yield urlsplit(settings.database_url)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(cast(LiteralString, f"drop database {name} with (force)"))


def new_source(app: App) -> tuple[collect.Source, str]:
    """A source to write to, with its key."""
    with app.transaction() as inside:
        source, key = collect.register(inside, "bench", "other")
        # One key sends what a whole brand would not: its rate must not be what is measured.
        collect.set_limits(
            inside, source, collect.Limits(requests_per_second=collect.RATE_MAX, events_per_second=collect.RATE_MAX)
        )
    assert key is not None
    return source, key


def _rows(app: App, source: collect.Source, load: Load) -> list[tuple[Any, ...]]:
    now = app.clock.now()
    arrival = collect.Arrival(source, now, lambda: "none")
    admitted = [collect.admit(event, arrival) for event in events(load.total, load.seed)]
    return [(source.id, now, *row) for row in admitted if isinstance(row, collect.Row)]


@contextmanager
def serving(dsn: str, processes: int = 1) -> Generator[int, None, None]:
    """The port of a gateway in a process of its own, or in several that share it."""
    with ExitStack() as stack:
        port = 0
        for _ in range(processes):
            port = stack.enter_context(_process(dsn, port, processes))
        yield port


@contextmanager
def _process(dsn: str, port: int, processes: int) -> Generator[int, None, None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars.collect.http.alone", str(port), str(processes)],
        env=os.environ | {"REGULARS_DATABASE_URL": dsn, "REGULARS_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout as output:
        try:
            yield json.loads(output.readline())["port"]
        finally:
            process.terminate()


def send(port: int, key: str, load: Load) -> dict[str, Any]:
    """What one load process beside the server got through, and how many cores the whole machine was busy with."""
    arguments = [str(each) for each in (port, key, *load)]
    before, began_at = _busy_seconds(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "regulars.bench.load", *arguments],
        capture_output=True,
        text=True,
        timeout=LOAD_SECONDS_MAX,
        check=True,
    )
    busy = (_busy_seconds() - before) / (time.monotonic() - began_at)
    told = json.loads(done.stdout) | {"cores_busy": round(busy, 2)}
    if set(told["statuses"]) != {"200"}:
        raise InputRefused(f"The server answered {told['statuses']}", "Look at its log and measure again")
    rate = round(load.total / told["seconds"])
    return {"events_per_second": rate, "events": load.total, "connections": load.connections, **told}


def _busy_seconds() -> float:
    spent = psutil.cpu_times()
    return spent.user + spent.system
