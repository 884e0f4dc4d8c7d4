"""Segments at a million customers: an edit until its count is on the page, an event until its customer is in or out.

Everybody's records and numbers are written straight into the store, a year of facts into the lake. The builder is the
real one, in a real Chromium before a server of its own. The people who act sign up through the door; their events come
over HTTP at a fixed rate and are carried by the worker's own steps.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from psycopg import sql

from regulars import analyze, collect, flow, resolve, web
from regulars.app import App, open_app
from regulars.bench import shoppers
from regulars.bench.ingest import new_source, scratch, serving
from regulars.bench.moment import serving_pages
from regulars.kit.clock import ManualClock, SystemClock, day_date
from regulars.kit.errors import InputRefused
from regulars.kit.settings import Settings
from regulars.store import queries
from regulars.worker.loop import BATCH_EVENTS

SQL = queries("regulars.bench")
CUSTOMERS = 1_000_000
EVENTS_A_CUSTOMER = 10
SEED = 7
# Positions of the journal begin behind all numbers of customers.
FIRST_SEQ = 100_000_000
EVENTS_A_SECOND, EVENTS_A_REQUEST, STREAM_SECONDS = 1_000, 50, 20
ACTING = EVENTS_A_SECOND * STREAM_SECONDS // 4
WARM_SECONDS, SHOWN_MS = 300, 30_000
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
NOON = datetime.combine(day_date(shoppers.LAST_DAY), datetime.min.time(), UTC) + timedelta(hours=12)
ONCE = {"kind": "trait", "trait": "orders", "is": "=", "value": 1}
LATELY = {"kind": "did", "event": "Order Completed", "is": ">=", "value": 1, "days": 1}


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Milliseconds of edits and moves, ticks until a window has ended, as `ratios` of what is allowed."""
    customers = size or CUSTOMERS
    with (
        scratch(settings) as dsn,
        tempfile.TemporaryDirectory(prefix="regulars-bench-") as home,
        open_app(Settings(database_url=dsn, home=home)) as opened,
    ):
        app = replace(opened, clock=ManualClock(NOON))
        fill(app, customers)
        edits = edited(app, dsn, home)
        moves = moved(app, dsn)
        ended = window(app)
    raw = {"edits": edits, "moves": moves, "window": ended, "customers": customers, "seed": SEED}
    ratios = {
        "edit_p95_of_300_ms": round(edits["all"]["p95_ms"] / 300, 2),
        "move_p95_of_1_s": round(moves["p95_ms"] / 1_000, 2),
        "ticks_until_a_window_ends": ended["ticks"],
    }
    return {"ratios": ratios, "raw": raw | {"load": [round(each, 1) for each in os.getloadavg()]}}


def fill(app: App, customers: int) -> None:
    """So many customers with their records, numbers and facts."""
    analyze.ensure_schema(app)
    shoppers.write(app.lake.root, customers * EVENTS_A_CUSTOMER, customers, SEED)
    with app.transaction() as inside:
        for statement in _everybody(customers):
            inside.db.execute(statement)
        inside.db.execute(_numbers(inside, customers))
        for place, path in enumerate(shoppers.files(app.lake.root)):
            below = Path(path).relative_to(app.lake.root)
            inside.db.execute(LAKE_FILE, [shoppers.FIRST_DAY + place, str(below), app.clock.now()])
    with app.store.pool.connection() as connection:
        connection.autocommit = True
        connection.execute(SQL.settle_numbers)
        connection.autocommit = False


# Tables of other rooms, written as these would: nobody waits an hour for a million to sign up.
LAKE_FILE = (
    "insert into lake_file (kind, day, path, rows, size_bytes, sha256, from_seq, to_seq, written_at)"
    " values ('facts', %s, %s, 1, 1, '', 1, 1, %s)"
)


def _everybody(customers: int) -> Iterator[sql.Composed]:
    given = {"customers": sql.Literal(customers), "seq": sql.Literal(FIRST_SEQ), "day": sql.Literal(shoppers.LAST_DAY)}
    given["records"] = sql.Literal(int(customers * shoppers.RECORDS_A_CUSTOMER))
    for text in (
        "select setval(pg_get_serial_sequence('journal', 'seq'), {seq})",
        "insert into customer (id, known, founder_signature) select i, i % 10 <> 0, i"
        " from generate_series(1, {customers}) i",
        "insert into signature (id, customer, reach, first_seq, first_day, last_day, known) select i, case when"
        " i <= {customers} then i else 1 + abs(hashint8(i)::bigint) % {customers} end, i, i, 0, 0, true"
        " from generate_series(1, {records}) i",
        "insert into as_of (day) values ({day}) on conflict (one) do update set day = excluded.day",
    ):
        yield sql.SQL(text).format(**given)


def _numbers(app: App, customers: int) -> sql.Composed:
    """A row of numbers each, of every column there is: small ones mostly, money and days where the name says so."""
    columns: dict[str, Any] = dict(app.db.execute(SQL.state_columns).fetchall())
    drawn = [_drawn(name, type_, place) for place, (name, type_) in enumerate(columns.items(), start=1)]
    return sql.SQL(
        "insert into trait_state (customer, known, word, {}) select i, i % 10 <> 0, '{{0}}', {}"
        " from generate_series(1, {}) i"
    ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(drawn), sql.Literal(customers))


def _drawn(name: str, type_: str, place: int) -> sql.Composed:
    dice = sql.SQL("(hashint8extended(i, {}) & 65535)").format(sql.Literal(place))
    if type_ == "text":
        return sql.SQL("'CATEGORY ' || ({} >> 8)").format(dice)
    if name.endswith("day"):
        return sql.SQL("{} - {} * {} / 65536").format(sql.Literal(shoppers.LAST_DAY), dice, sql.Literal(shoppers.DAYS))
    # Squared: many have little, few have much.
    most = 100_000 if "cents" in name else 40
    return sql.SQL("({} * {} / 65536 * {} / 65536)").format(dice, dice, sql.Literal(most))


def edited(app: App, dsn: str, home: str) -> dict[str, Any]:
    """Every edit of EDITS in the builder: from the edit until the count is on the page, the builder's own wait too."""
    from playwright.sync_api import sync_playwright

    browser = next((path for path in CHROMIUM if os.path.exists(path)), None)
    if browser is None:
        raise InputRefused("There is no Chromium on this machine", "Install it as `make test` does")
    # By the clock of the server, which is not that of the brand here.
    token = web.first_run_token(replace(app, clock=SystemClock()))
    began, taken = time.monotonic(), dict[str, list[float]]()
    with serving_pages(dsn, home) as port, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page(bypass_csp=True)
        page.goto(f"http://127.0.0.1:{port}/signin?token={token}")
        first = 0.0
        for name, rule, label, values in EDITS:
            text = msgspec.json.encode({"kind": "all", "of": rule}).decode()
            page.goto(f"http://127.0.0.1:{port}/segments/new?" + _query(text))
            page.wait_for_function("document.querySelector('[data-builder]').dataset.shown", timeout=WARM_SECONDS * 1e3)
            first = first or time.monotonic() - began
            for value in values:
                before = page.evaluate("document.querySelector('[data-builder]').dataset.shown")
                page.get_by_label(label, exact=True).fill(value)
                page.wait_for_function(
                    "before => document.querySelector('[data-builder]').dataset.shown !== before",
                    arg=before,
                    timeout=SHOWN_MS,
                )
                shown = page.evaluate("document.querySelector('[data-builder]').dataset.shownMs")
                taken.setdefault(name, []).append(float(shown))
    told: dict[str, Any] = {name: _percentiles(each) for name, each in taken.items()}
    everything = [one for each in taken.values() for one in each]
    return told | {"all": _percentiles(everything), "edits": len(everything), "first_count_seconds": round(first, 1)}


def _query(rule: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"rule": rule, "title": "Bench"})


def _did(event: str, **given: Any) -> dict[str, Any]:
    return {"kind": "did", "event": event, "is": ">=", "value": 2, "days": 77} | given


ORDERS = {"kind": "trait", "trait": "orders", "is": ">=", "value": 2}
GROUP = {"kind": "none", "of": [{"kind": "segment", "segment": "best_customers"}, _did("Email Opened", days=30)]}
BREAD = [{"column": "category", "is": "=", "value": "CATEGORY 1"}]
EDITS: tuple[tuple[str, list[dict[str, Any]], str, tuple[str, ...]], ...] = (
    ("kept", [ORDERS], "Value of rule 1", tuple(str(n) for n in range(3, 13))),
    ("kept, several", [ORDERS, ORDERS | {"trait": "spend_90_cents"}, GROUP], "Value of rule 2", tuple("3456789")),
    (
        "window nobody keeps",
        [_did("Order Completed")],
        "Days of rule 1, empty for ever",
        tuple("4567893"),
    ),
    ("views nobody keeps", [_did("Page Viewed")], "Number of rule 1", tuple("3456789")),
    ("category", [_did("Order Line", where=BREAD)], "Value 1 of rule 1", tuple(f"CATEGORY {n}" for n in range(2, 10))),
    ("last", [{"kind": "last", "event": "Email Opened", "is": ">", "days": 5}], "Days of rule 1", tuple("678923")),
)


def moved(app: App, dsn: str) -> dict[str, Any]:
    """Events at a fixed rate over HTTP: from the answer to their sender until her membership is written."""
    source, key = new_source(app)
    with app.transaction() as inside:
        collect.accept(inside, source, [_signs_up(n) for n in range(ACTING)], received_at=app.clock.now())
    ahead = collect.ReadAhead(app, BATCH_EVENTS, resolve.read_ahead)
    while _carried(app, ahead):
        pass
    taking = [_adopted(app, title, rule) for title, rule in (("Once", ONCE), ("Lately", LATELY))]
    answered, committed, stop = list[tuple[int, float]](), list[tuple[int, float]](), threading.Event()
    with serving(dsn) as port:
        sender = threading.Thread(target=_send, args=(port, key, answered, stop))
        sender.start()
        while sender.is_alive() or _carried(app, ahead, committed):
            _carried(app, ahead, committed)
        sender.join()
    ahead.close()
    waits = [when - _at(answered, number) for number, when in _written(app, committed)]
    return _percentiles([1_000 * wait for wait in waits]) | {
        "moves": len(waits),
        "events_per_second": round(len(answered) * EVENTS_A_REQUEST / STREAM_SECONDS),
        "batches": len(committed),
        "taking_over_seconds": taking,
    }


def _adopted(app: App, title: str, rule: dict[str, Any]) -> list[float]:
    """Seconds of each step in which the flow took this segment over."""
    with app.transaction() as inside:
        analyze.create(inside, analyze.Draft(title=title, rule=analyze.read(rule)), "bench")
    steps: list[float] = []
    while True:
        began = time.perf_counter()
        if not analyze.adopt(app):
            return steps
        steps.append(round(time.perf_counter() - began, 2))


def _carried(app: App, ahead: collect.ReadAhead, committed: list[tuple[int, float]] | None = None) -> int:
    """One batch as the worker carries it; 0: there was none."""
    with app.transaction() as inside:
        batch = ahead.claim(inside)
        if batch is not None:
            flow.on_events(inside, batch)
            collect.advance(inside, batch)
    if batch is None:
        return 0 if collect.publish(app) else _rest()
    if committed is not None:
        committed.append((batch.last_seq, time.monotonic()))
    collect.publish(app)
    return len(batch.events)


def _rest() -> int:
    time.sleep(0.01)
    return 0


def _send(port: int, key: str, answered: list[tuple[int, float]], stop: threading.Event) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port)
    token = b64encode(f"{key}:".encode()).decode()
    headers = {"authorization": f"Basic {token}", "content-type": "application/json"}
    began, total = time.monotonic(), EVENTS_A_SECOND * STREAM_SECONDS
    for first in range(0, total, EVENTS_A_REQUEST):
        body = msgspec.json.encode({"batch": [_buys(n) for n in range(first, first + EVENTS_A_REQUEST)]})
        time.sleep(max(0.0, began + first / EVENTS_A_SECOND - time.monotonic()))
        line.request("POST", "/v1/batch", body, headers)
        answer = line.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        answered.append((first + EVENTS_A_REQUEST, time.monotonic()))
    stop.set()


def _signs_up(number: int) -> dict[str, Any]:
    traits = {"first_name": "Ada", "email": f"ada{number}@example.com"}
    at = (NOON - timedelta(days=40)).isoformat()
    return {"type": "identify", "messageId": f"i{number}", "userId": f"u{number}", "traits": traits, "timestamp": at}


def _buys(number: int) -> dict[str, Any]:
    """Everybody in turns: her first order lets her in, the second one out."""
    order = {"order_id": f"o{number}", "revenue": 12.5}
    who, at = f"u{number % ACTING}", (NOON + timedelta(milliseconds=number)).isoformat()
    base = {"type": "track", "event": "Order Completed", "messageId": f"o{number}", "userId": who}
    return base | {"timestamp": at, "properties": order}


def _written(app: App, committed: list[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    """Number of the order behind every move in or out, and when that was committed."""
    with app.transaction() as inside:
        found = inside.db.execute(SQL.moves_by_order, {"segment": "once"}).fetchall()
    for seq, message in found:
        yield int(message[1:]), next(when for last, when in committed if seq <= last)


def _at(answered: list[tuple[int, float]], number: int) -> float:
    return answered[number // EVENTS_A_REQUEST][1]


def window(app: App) -> dict[str, Any]:
    """The next day begins: ticks until nobody is in who bought only before, and what one takes."""
    tomorrow, ticks, seconds = NOON + timedelta(days=1), 0, list[float]()
    left = _members(app, "lately")
    before = left
    while left and ticks < 3:
        began = time.perf_counter()
        with app.transaction() as inside:
            flow.on_tick(replace(inside, clock=ManualClock(tomorrow)), tomorrow)
        seconds.append(round(time.perf_counter() - began, 1))
        left, ticks = _members(app, "lately"), ticks + 1
    return {"ticks": ticks, "people": before, "tick_seconds": seconds}


def _members(app: App, segment: str) -> int:
    with app.transaction() as inside:
        return next(one.size for one in analyze.segments(inside) if one.name == segment)


def _percentiles(each: list[float]) -> dict[str, float]:
    ranked = sorted(each)
    return {f"p{share}_ms": round(ranked[min(len(ranked) - 1, len(ranked) * share // 100)], 1) for share in (50, 95)}
