"""How fast who is who is told, resolve alone: the ordinary mix of a brand that knows its people, and one broken feed.

Of a hundred events 80 are of evidence that was seen before, 15 bring a new device or browser of somebody known, and 5
are new people; three identifiers each. Known evidence is drawn from everybody's, so nearly every event is the first of
its kind that day, which costs a row more than the next ones would. The raw limit is COPY of the rows that the same
events left, into copies of the tables with their indexes and all that stood before, in as many transactions.

The broken feed puts one and the same card on every row, in turns with rows that have cards of their own.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from psycopg import sql

from regulars import resolve
from regulars.app import App, open_app
from regulars.bench.flow import cpu_seconds
from regulars.bench.ingest import scratch
from regulars.bench.mix import below
from regulars.cli.worker import SWITCH_SECONDS, rest_collector
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.model import Batch, Body, Event
from regulars.worker.loop import BATCH_EVENTS

# Events of a round of the mix, and how many people are known before the first.
EVENTS = 40_000
PEOPLE = 50_000
PIECE_PEOPLE = 10_000
FEED_ROWS = 10_000
ROUNDS = 3
KNOWN_PERCENT, NEW_DEVICE_PERCENT = 80, 15
TABLES = ("value", "signature", "link", "record", "customer")
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SEED = 17


class Said(NamedTuple):
    """The identifiers of one event; none of them is anything but text."""

    user: str = ""
    cookie: str = ""
    device: str = ""
    email: str = ""
    card: str = ""


class Stream(NamedTuple):
    """Carried batches: wall seconds, and processor seconds by where they went."""

    events: int
    seconds: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios, medians of ROUNDS, and what they were made of.

    `mix_of_copy`: events a second, over what COPY of the rows they left would allow. `broken_feed`: rows a second of
    the broken feed, over the same rows with cards of their own.
    """
    events = size or EVENTS
    people, rows = (PEOPLE, FEED_ROWS) if size is None else (max(10, size // 2), max(30, size // 4))
    with scratch(settings) as dsn, open_app(Settings(database_url=dsn)) as app:
        crowd = Crowd(app, people)
        filled = [
            crowd.carry(said for person in range(first, min(first + PIECE_PEOPLE, people)) for said in known_as(person))
            for first in range(0, people, PIECE_PEOPLE)
        ]
        mixes, copies = zip(*(crowd.against_copy(mixed(people, events, turn)) for turn in range(ROUNDS)), strict=True)
        feeds = [(crowd.carry(feed(rows, turn, False)), crowd.carry(feed(rows, turn, True))) for turn in range(ROUNDS)]
        customers = crowd.customers()
    of_copy = [mix.rate / copied for mix, copied in zip(mixes, copies, strict=True)]
    broken = [one.rate / own.rate for own, one in feeds]
    return {
        "ratios": {
            "mix_of_copy": round(statistics.median(of_copy), 3),
            "broken_feed": round(statistics.median(broken), 3),
        },
        "raw": {
            "events_per_second": [round(mix.rate) for mix in mixes],
            "copy_allows": [round(copied) for copied in copies],
            "cpu_microseconds_per_event": [_each(mix) for mix in mixes],
            "filling_events_per_second": [round(piece.rate) for piece in filled],
            "feed_rows_per_second": [{"own": round(own.rate), "one": round(one.rate)} for own, one in feeds],
            "customers": customers,
            "people": people,
            "events": events,
            "batch": BATCH_EVENTS,
            "seed": SEED,
        },
    }


def _each(stream: Stream) -> dict[str, float]:
    return {place: round(spent / stream.events * 1e6, 1) for place, spent in stream.cpu.items()}


def known_as(person: int) -> Iterator[Said]:
    """The evidence by which somebody is known: she signs up, looks at the site and the app, and buys at a till."""
    login, card = f"c{person}", f"{4_000_000_000 + person}"
    yield Said(user=login, email=f"customer{person}@example.com", card=card)
    yield Said(user=login, cookie=f"cookie-{person}", email=f"customer{person}@example.com")
    yield Said(user=login, cookie=f"app-{person}", device=f"phone-{person}")
    yield Said(card=card)


def mixed(people: int, count: int, turn: int) -> Iterator[Said]:
    """The ordinary mix, alike for a turn."""
    dice = SeededDice(SEED + turn)
    for number in range(count):
        her, kind, mark = below(dice, people), below(dice, 100), f"{turn}-{number}"
        known = list(known_as(her))
        if kind < KNOWN_PERCENT:
            yield known[below(dice, len(known))]
        elif kind < KNOWN_PERCENT + NEW_DEVICE_PERCENT:
            yield Said(user=f"c{her}", cookie=f"cookie-{mark}", device=f"phone-{mark}")
        else:
            yield Said(user=f"n{mark}", cookie=f"cookie-{mark}", email=f"new{mark}@example.com")


def feed(count: int, turn: int, is_broken: bool) -> Iterator[Said]:
    """Rows of a till's export: a card and an e-mail each; a broken one has the same card in all of them."""
    side = "broken" if is_broken else "own"
    for number in range(count):
        card = f"9999{turn}" if is_broken else f"{7_000_000_000 + turn * count + number}"
        yield Said(card=card, email=f"{side}{turn}-{number}@example.com")


def batched(stream: Iterable[tuple[int, Said]]) -> Iterator[list[tuple[int, Said]]]:
    """As many at once as the worker takes."""
    waiting = iter(stream)
    while some := list(islice(waiting, BATCH_EVENTS)):
        yield some


@contextmanager
def as_the_worker() -> Generator[None, None, None]:
    """Threads switch as often, and the collector of cycles rests as long, as in the process of a worker."""
    switch, garbage = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    rest_collector()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*garbage)
        sys.setswitchinterval(switch)


class Crowd:
    """Everybody so far, in a database of their own."""

    def __init__(self, app: App, people: int) -> None:
        self._app = app
        # Those of before take a day, and each stream that follows another.
        self._seq, self._day, self._step = 0, START, timedelta(days=1) / (4 * people)

    def carry(self, stream: Iterable[Said]) -> Stream:
        """Resolve it as the worker does: batch by batch, one transaction each, the next one being read meanwhile.

        Events are made before the clock starts.
        """
        batches = [[self._event(*each) for each in some] for some in batched(enumerate(stream))]
        with ThreadPoolExecutor(1) as thread, as_the_worker():
            before, start = cpu_seconds(self._app), time.perf_counter()
            coming = [thread.submit(resolve.read_ahead, self._app, events) for events in batches[:1]]
            for place in range(len(batches)):
                events = coming.pop().result()
                coming += [thread.submit(resolve.read_ahead, self._app, later) for later in batches[place + 1 :][:1]]
                with self._app.transaction() as inside:
                    resolve.identify(inside, Batch(events=events, last_seq=events[-1].seq))
            seconds = time.perf_counter() - start
            cpu = {place: each - before[place] for place, each in cpu_seconds(self._app).items()}
        self._day += timedelta(days=1)
        return Stream(sum(map(len, batches)), seconds, cpu)

    def against_copy(self, stream: Iterable[Said]) -> tuple[Stream, float]:
        """The stream, and the events a second that COPY of the rows it left would allow."""
        self._remember()
        carried = self.carry(stream)
        return carried, carried.events / self._copied(-(-carried.events // BATCH_EVENTS))

    def customers(self) -> int:
        """How many there are."""
        with self._app.transaction() as inside:
            [(count,)] = inside.db.execute("select count(*) from customer").fetchall()
        return count

    def _event(self, place: int, said: Said) -> Event:
        self._seq += 1
        at = self._day + place * self._step
        properties = {name: text for name, text in (("email", said.email), ("loyalty_card", said.card)) if text}
        body = Body(
            user_id=said.user or None,
            anonymous_id=said.cookie or None,
            properties=properties,
            context={"device": {"id": said.device}} if said.device else {},
        )
        return Event(
            seq=self._seq, source="bench", source_kind="tills", login_space="shop", message_id=str(self._seq),
            kind="track", name="Page Viewed", occurred_at=at, received_at=at, body=body,
        )  # fmt: skip

    def _remember(self) -> None:
        """Copies of the tables as they stand."""
        with self._app.transaction() as inside:
            for table in TABLES:
                for statement in ("drop table if exists {copy}", "create table {copy} (like {table} including all)"):
                    inside.db.execute(_of(table, statement))
                inside.db.execute(_of(table, "insert into {copy} select * from {table}"))

    def _copied(self, transactions: int) -> float:
        """Seconds that COPY takes for the rows that came since."""
        with self._app.transaction() as inside:
            lines = {table: self._new_lines(inside, table) for table in TABLES}
        pieces = [
            {table: b"".join(_piece(some, place, transactions)) for table, some in lines.items()}
            for place in range(transactions)
        ]
        start = time.perf_counter()
        for piece in pieces:
            with self._app.transaction() as inside:
                for table, text in piece.items():
                    with inside.db.cursor().copy(_of(table, "copy {copy} from stdin")) as into:
                        into.write(text)
        seconds = time.perf_counter() - start
        with self._app.transaction() as inside:
            for table in TABLES:
                inside.db.execute(_of(table, "drop table {copy}"))
        return seconds

    def _new_lines(self, inside: App, table: str) -> list[bytes]:
        keys = "signature, value, class" if table == "link" else "seq" if table == "record" else "id"
        new = "copy (select t.* from {table} t left join {copy} c using ({keys}) where c is null) to stdout"
        with inside.db.cursor().copy(_of(table, new, keys)) as out:
            return list(b"".join(out).splitlines(keepends=True))


def _piece(lines: Sequence[bytes], place: int, of: int) -> Sequence[bytes]:
    size = -(-len(lines) // of)
    return lines[place * size : (place + 1) * size]


def _of(table: str, statement: Any, keys: str = "") -> sql.Composed:
    named = sql.Identifier(f"raw_{table}")
    listed = sql.SQL(", ").join(sql.Identifier(key) for key in keys.split(", ")) if keys else sql.SQL("")
    return sql.SQL(statement).format(table=sql.Identifier(table), copy=named, keys=listed)
