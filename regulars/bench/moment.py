"""How fast a till gets its card over real HTTP, as a multiple of a bare single-row SELECT by key.

Both sides ask one after the other over one connection, for customers in a seeded random order, and are compared at the
99th of a hundred answers. The server is `regulars serve` itself, asked with a till's key as a till asks. Customers are
made by real events through all rooms, by default as many, with as many orders, as the full demo brand has.
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg

from regulars import collect, flow, web
from regulars.app import App, open_app
from regulars.bench.ingest import scratch
from regulars.kit.settings import Settings
from regulars.store import queries

SQL = queries("regulars.bench")
CUSTOMERS = 13_000
ORDERS_EACH = 12
QUESTIONS = 3_000
WARM_UP = 300
CHUNK_EVENTS = 5_000
SEED = 7
ANSWER_BYTES = 65_536


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratio `p99_of_bare_select`, and both sides' 50th and 99th in milliseconds. `size`: customers."""
    customers = size or CUSTOMERS
    questions = min(QUESTIONS, customers * 10)
    with scratch(settings) as dsn:
        with open_app(Settings(database_url=dsn)) as app:
            _people(app, customers)
            with app.transaction() as inside:
                key = web.add_server_key(inside, "bench", ["moment:read"], collect.RATE_MAX).key
        select = _select(dsn, customers, questions)
        with _serving(dsn) as port:
            asked = _ask(port, key, customers, questions)
    raw = {"select": _percentiles(select), "http": _percentiles(asked)}
    ratio = round(raw["http"]["p99_ms"] / raw["select"]["p99_ms"], 2)
    return {
        "ratios": {"p99_of_bare_select": ratio},
        "raw": {**raw, "customers": customers, "questions": questions, "seed": SEED},
    }


def _people(app: App, customers: int) -> None:
    events = _events(app, customers)
    with app.transaction() as inside:
        source, _ = collect.register(inside, "bench", "tills")
    chunk: list[dict[str, Any]] = []
    for event in events:
        chunk.append(event)
        if len(chunk) == CHUNK_EVENTS:
            _carry(app, source, chunk)
            chunk = []
    _carry(app, source, chunk)


def _carry(app: App, source: collect.Source, chunk: list[dict[str, Any]]) -> None:
    with app.transaction() as inside:
        collect.accept(inside, source, chunk, received_at=app.clock.now())
    while True:
        with app.transaction() as inside:
            batch = collect.claim(inside, CHUNK_EVENTS)
            if batch is None:
                return
            flow.on_events(inside, batch)
            collect.advance(inside, batch)


def _events(app: App, customers: int) -> Iterator[dict[str, Any]]:
    start = app.clock.now() - timedelta(days=ORDERS_EACH * 7)
    for n in range(customers):
        traits = {"first_name": f"Ada {n}", "email": f"ada{n}@example.com", "loyalty_card": _card(n)}
        known: dict[str, Any] = {"type": "identify", "messageId": f"i{n}", "userId": f"u{n}", "traits": traits}
        yield known | {"timestamp": start.isoformat()}
    for week in range(ORDERS_EACH):
        at = (start + timedelta(days=7 * week)).isoformat()
        for n in range(customers):
            properties = {"order_id": f"o{n}-{week}", "revenue": f"{10 + n % 90}.50", "loyalty_card": _card(n)}
            order: dict[str, Any] = {"type": "track", "event": "Order Completed", "messageId": f"o{n}-{week}"}
            yield order | {"userId": f"u{n}", "timestamp": at, "properties": properties}


def _card(n: int) -> str:
    return f"{990_000_000_000 + n * 7}"


def _select(dsn: str, customers: int, questions: int) -> list[float]:
    """Seconds of each bare look by key."""
    dice, taken = random.Random(SEED), list[float]()
    with psycopg.connect(dsn, autocommit=True) as connection:
        keys = [key for (key,) in connection.execute(SQL.profile_keys)]
        for _ in range(WARM_UP + questions):
            key = dice.choice(keys)
            start = time.perf_counter()
            connection.execute(SQL.bare_select, {"customer": key}, prepare=True).fetchone()
            taken.append(time.perf_counter() - start)
    return taken[WARM_UP:]


@contextmanager
def _serving(dsn: str) -> Generator[int, None, None]:
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as home, serving_pages(dsn, home) as port:
        yield port


@contextmanager
def serving_pages(dsn: str, home: str) -> Generator[int, None, None]:
    """The port of a web server on this database and data folder, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars", "serve", "--no-worker", "--port", str(port)],
        env=os.environ | {"REGULARS_DATABASE_URL": dsn, "REGULARS_HOME": home, "REGULARS_LOG_LEVEL": "warning"},
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def _ask(port: int, key: str, customers: int, questions: int) -> list[float]:
    """Seconds of each question by loyalty card over one kept-alive connection."""
    dice, taken = random.Random(SEED), list[float]()
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_UP + questions):
            asked = f"GET /api/moment?card={_card(dice.randrange(customers))} HTTP/1.1"
            question = f"{asked}\r\nHost: till\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
            start = time.perf_counter()
            line.sendall(question)
            body = _answer(line)
            taken.append(time.perf_counter() - start)
            assert "points" in json.loads(body), body
    return taken[WARM_UP:]


def _answer(line: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(ANSWER_BYTES)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(next(x for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")).split(b":")[1])
    while len(body) < length:
        body += line.recv(ANSWER_BYTES)
    return body


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    return {f"p{share}_ms": round(ranked[len(ranked) * share // 100] * 1e3, 3) for share in (50, 99)}
