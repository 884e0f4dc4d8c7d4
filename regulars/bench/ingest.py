"""How fast events go in over real HTTP, as a share of a raw multi-row INSERT of the same rows over one connection."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, NamedTuple, cast
from urllib.parse import urlsplit

import psycopg

from regulars import collect
from regulars.app import App, open_app
from regulars.bench import raw
from regulars.bench.load import events
from regulars.kit.errors import InputRefused
from regulars.kit.settings import Settings
from regulars.store import embedded

BATCH_EVENTS = 60_000
SINGLE_EVENTS = 12_000
EVENTS_PER_BATCH = 100
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 128
SEED = 7
LOAD_SECONDS_MAX = 120


class Load(NamedTuple):
    """One way of sending."""

    total: int
    per_request: int
    connections: int
    seed: int


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `batch_of_raw_insert` and `single_of_raw_insert`, and the rates they were made of (events a second)."""
    batches = Load(size or BATCH_EVENTS, EVENTS_PER_BATCH, BATCH_CONNECTIONS, SEED)
    singles = Load(max(1, size // 5) if size else SINGLE_EVENTS, 1, SINGLE_CONNECTIONS, SEED + 1)
    with scratch(settings) as dsn:
        with open_app(Settings(database_url=dsn)) as app:
            source, key = new_source(app)
            inserted = raw.insert_rates(app, _rows(app, source, batches))
        with serving(dsn) as port:
            sent = {"batch": send(port, key, batches), "single": send(port, key, singles)}
    rates = {name: each["events_per_second"] for name, each in sent.items()}
    best = max(inserted.values())
    return {
        "ratios": {f"{name}_of_raw_insert": round(rate / best, 3) for name, rate in rates.items()},
        "raw": {"raw_insert": {name: round(rate) for name, rate in inserted.items()}, **sent, "seed": SEED},
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
    assert key is not None
    return source, key


def _rows(app: App, source: collect.Source, load: Load) -> list[tuple[Any, ...]]:
    now = app.clock.now()
    arrival = collect.Arrival(source, now, lambda: "none")
    admitted = [collect.admit(event, arrival) for event in events(load.total, load.seed)]
    return [(source.id, now, *row) for row in admitted if isinstance(row, collect.Row)]


@contextmanager
def serving(dsn: str) -> Generator[int, None, None]:
    """The port of a gateway in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars.collect.alone"],
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
    """What one load process beside the server got through."""
    arguments = [str(each) for each in (port, key, *load)]
    done = subprocess.run(
        [sys.executable, "-m", "regulars.bench.load", *arguments],
        capture_output=True,
        text=True,
        timeout=LOAD_SECONDS_MAX,
        check=True,
    )
    told = json.loads(done.stdout)
    if set(told["statuses"]) != {"200"}:
        raise InputRefused(f"The server answered {told['statuses']}", "Look at its log and measure again")
    rate = round(load.total / told["seconds"])
    return {"events_per_second": rate, "events": load.total, "connections": load.connections, **told}
