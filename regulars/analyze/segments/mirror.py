"""Everybody's numbers in columns, in this process: what a rule is counted over while somebody edits it.

PostgreSQL keeps a row a customer, which is right for the flow and slow to count over: a million rows are a gigabyte to
read. The same numbers by column are a twentieth of that, and the same expression runs over them in DuckDB. The copy
follows the flow's checkpoint: whoever had an event since is read again; everybody is, when the day or the rules
changed, or when rows went up in others. Its age is told with every count.

Of a large brand it is read beside the requests, by a thread of this process: from its start on, and whenever somebody
counts over one that is old. Nobody waits for it but who asks before there is any, and that is said.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import LiteralString, cast
from weakref import WeakKeyDictionary

import msgspec
from sqlglot import exp

from regulars.analyze import compiled
from regulars.analyze.errors import NotCountedYet
from regulars.analyze.expressions import Expression, Held, ScoreIs
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan
from regulars.analyze.schema import Ready, ready
from regulars.analyze.segments.reading import Rows, read_rows
from regulars.analyze.segments.unkept import Unkept, asked_of
from regulars.app import App
from regulars.kit.errors import place_of
from regulars.kit.logging import logger
from regulars.lake import duckdb
from regulars.lake.dialect import DUCKDB, Node, binary, column, literal, render
from regulars.store import Store

# From so many customers on the copy is read beside the requests, and of those who had events alone.
SMALL_CUSTOMERS = 50_000
CHANGED_LIMIT = 100_000
# Nobody's eye needs it fresher, and a burst of edits reads once.
AGE_SECONDS = 2.0
# What a check of numbers of rows misses (one went, another came) is gone after so long.
WHOLE_EVERY_SECONDS = 900.0

log = logger("segments")


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """What the copy holds."""

    seq: int
    day: int
    stamp: int
    rows: int
    daily: int
    """Up to which position what is computed once a day was, last."""
    read_at: datetime
    """Of the flow's checkpoint that it holds."""


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's numbers, once read; rows of who had events are changed in place."""

    catalogue: Ready
    stand: Stand
    rows: Rows
    unkept: Unkept


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of everybody we know."""

    people: int
    known: int
    spend_cents: int
    """In the last 365 days, of these people."""
    base_cents: int
    """Of everybody known."""
    overlap: dict[str, int]
    """People who are in each segment, too."""
    parts: list[int]
    """People for whom each part alone holds."""
    sample: list[int]
    """Some of them, by a draw that stays while the rule does."""
    read_at: datetime
    """As of when the oldest of its numbers is."""
    took_ms: float


class Mirror:
    """The copy of one store. Safe in threads: one reads it anew, the others count over what is there."""

    def __init__(self) -> None:
        self._held = duckdb.engine()
        self._engine = self._held.__enter__()
        self._copy: Copy | None = None
        self._readers = Counter[str]()
        self._gone: dict[str, Copy] = {}
        self._whole_at = 0.0
        self._seen_at = 0.0
        self._turn = threading.Lock()
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None
        self._number = 0

    @contextmanager
    def reading(self, app: App) -> Generator[tuple[duckdb.Engine, Copy]]:
        """A cursor and the copy to count over, which stays until this is left, also where another takes its place.

        Raises NotCountedYet while there is none of a large brand yet.
        """
        self._see_to_it(app)
        with self._door:
            copy = self._copy
            assert copy is not None, "it was just read"
            self._readers[copy.rows.table] += 1
        try:
            yield self._engine.beside(), copy
        finally:
            self._leave(copy.rows.table)

    def _see_to_it(self, app: App) -> None:
        held = self._copy
        is_small = (held.stand.rows if held else _about(app)) <= SMALL_CUSTOMERS
        if held is None and not is_small:
            self.warm(app)
            raise NotCountedYet("Everybody's numbers are being read, once after a start", "Count again in some seconds")
        is_old = held is None or time.monotonic() - self._seen_at > AGE_SECONDS
        if is_small and (is_old or held is None or held.stand.stamp != ready(app).stamp):
            with self._turn:
                self._follow(app)
        elif is_old:
            self.warm(app)

    def warm(self, app: App) -> None:
        """See to it that the copy follows, in a thread of its own."""
        if self._turn.acquire(blocking=False):
            outside = replace(app, connection=None)
            self._thread = threading.Thread(target=self._aside, args=(outside,), name="mirror", daemon=True)
            self._thread.start()

    def _aside(self, app: App) -> None:
        """Rows in one short transaction, the lake in none: who changes the table of rows does not wait for it."""
        try:
            asked = self._copy.unkept.facets() if self._copy else []
            with app.transaction() as inside:
                is_whole = self._follow(inside)
            if is_whole and self._copy is not None:
                self._copy.unkept.prepare(app, asked)
        except Exception as fault:
            # Whoever counts next tries again, and is told how old the copy is meanwhile.
            log.error("mirror_broke", fault=place_of(fault))
        finally:
            self._turn.release()

    def _follow(self, app: App) -> bool:
        """Whether everybody was read anew."""
        now, held = _standing(app), self._copy
        self._seen_at = time.monotonic()
        if held is not None and now == msgspec.structs.replace(held.stand, read_at=now.read_at):
            self._copy = msgspec.structs.replace(held, stand=now)
            return False
        fresh = (0, 0, 0) if held is None else (held.stand.day, held.stand.stamp, held.stand.daily)
        is_whole = fresh != (now.day, now.stamp, now.daily) or now.rows <= SMALL_CUSTOMERS
        if held is None or is_whole or time.monotonic() - self._whole_at > WHOLE_EVERY_SECONDS:
            self._read_whole(app, now)
            return True
        found = app.db.execute(SQL.customers_since, {"after": held.stand.seq, "limit": CHANGED_LIMIT}).fetchall()
        changed = [row[0] for row in found]
        is_read = len(changed) < CHANGED_LIMIT and held.rows.read_again(app, self._engine, changed, now.rows)
        if is_read:
            self._copy = msgspec.structs.replace(held, stand=now)
        else:
            self._read_whole(app, now)
        return not is_read

    def _read_whole(self, app: App, now: Stand) -> None:
        began, catalogue = time.monotonic(), ready(app)
        self._number += 1
        rows = read_rows(app, self._engine, catalogue, f"state{self._number}")
        unkept = Unkept(self._engine, self._number)
        self._replace(Copy(catalogue=catalogue, stand=now, rows=rows, unkept=unkept))
        self._whole_at = time.monotonic()
        if now.rows > SMALL_CUSTOMERS:
            log.info("mirror_read", customers=now.rows, seconds=round(self._whole_at - began, 1))

    def _replace(self, copy: Copy) -> None:
        """From now on this one is counted over; the one before goes, or whoever counts over it last lets go of it."""
        with self._door:
            old, self._copy = self._copy, copy
            if old is not None and self._readers[old.rows.table]:
                self._gone[old.rows.table] = old
                return
        if old is not None:
            self._drop(old)

    def _leave(self, table: str) -> None:
        with self._door:
            self._readers[table] -= 1
            if self._readers[table]:
                return
            del self._readers[table]
            old = self._gone.pop(table, None)
        if old is not None:
            self._drop(old)

    def _drop(self, copy: Copy) -> None:
        copy.rows.drop(self._engine.beside())
        copy.unkept.drop()


_mirrors: WeakKeyDictionary[Store, Mirror] = WeakKeyDictionary()
_making = threading.Lock()


def mirror(app: App) -> Mirror:
    """The copy of this store in this process."""
    with _making:
        if app.store not in _mirrors:
            _mirrors[app.store] = Mirror()
        return _mirrors[app.store]


def warm(app: App) -> None:
    """Begin to read everybody's numbers of a large brand: at the start of a process that will be asked to count."""
    threading.Thread(target=_warm, args=(app,), name="mirror-start", daemon=True).start()


def _warm(app: App) -> None:
    try:
        with app.transaction() as inside:
            if _about(inside) > SMALL_CUSTOMERS:
                mirror(inside).warm(inside)
    except Exception as fault:
        # The first who counts begins it then.
        log.warning("mirror_not_begun", fault=place_of(fault))


def counted(app: App, rule: Expression, parts: Sequence[Expression], sample: int = 0) -> Counted:
    """What this rule says of everybody we know, exactly, as of `read_at`; each of `parts` counted alone, too."""
    began, claimed = time.perf_counter(), (rule, *parts)
    with (
        mirror(app).reading(app) as (engine, copy),
        copy.unkept.joined(app, copy.catalogue.plan, copy.stand.day, claimed, AGE_SECONDS) as unkept,
    ):
        plan, day = copy.catalogue.plan, copy.stand.day
        leaf = _reader(plan, unkept.read)
        claims = [_text(compiled.finish(one, leaf, literal(day))) for one in claimed]
        bits = {segment.name: copy.catalogue.bits[segment.name] for segment in plan.segments}
        inside = [f"count(*) filter (where fits and {_bit(bit)})" for bit in bits.values()]
        alone = [f"count(*) filter (where part{place})" for place in range(len(parts))]
        told = "".join(f", coalesce({claim}, false) as part{place}" for place, claim in enumerate(claims[1:]))
        drawn = f", min_by(customer, hash(customer), {sample:d}) filter (where fits)" if sample else ", []"
        query = (
            f"select count(*) filter (where fits), count(*), {_spend('where fits')}, {_spend()}"
            f"{''.join(', ' + text for text in (*inside, *alone))}{drawn} from (select *, coalesce({claims[0]}, false)"
            f" as fits{told} from {copy.rows.wide}{unkept.joins} where known)"
        )
        row = engine.rows(query)[0]
    return Counted(
        people=row[0],
        known=row[1],
        spend_cents=int(row[2]),
        base_cents=int(row[3]),
        overlap=dict(zip(bits, row[4 : 4 + len(bits)], strict=True)),
        parts=list(row[4 + len(bits) : -1]),
        sample=row[-1] or [],
        read_at=min(copy.stand.read_at, unkept.read_at or copy.stand.read_at),
        took_ms=round((time.perf_counter() - began) * 1_000, 1),
    )


def _about(app: App) -> int:
    """How many customers there are, as the database guesses: counting a million rows takes longer than an edit may."""
    row = app.db.execute(SQL.rows_about, {"enough": SMALL_CUSTOMERS + 1}).fetchone()
    return row[0] if row else 0


def _standing(app: App) -> Stand:
    row = app.db.execute(SQL.standing).fetchone()
    assert row is not None, "it always has a row"
    seq, day, stamp, rows, daily = row
    return Stand(seq=seq, day=day, stamp=stamp, rows=rows, daily=daily, read_at=app.clock.now())


def _reader(plan: Plan, unkept: Mapping[Held, Node]) -> Callable[[Held], Node]:
    def read(part: Held) -> Node:
        if part in plan.columns:
            return column(plan.columns[part])
        value = unkept[asked_of(part)]
        return binary(part.sign, value, literal(part.bound)) if isinstance(part, ScoreIs) else value

    return read


def _text(claim: Node) -> LiteralString:
    _check(claim)
    return cast(LiteralString, render(claim, DUCKDB))


def _check(claim: Node) -> None:
    """A claim reads columns of a row, and nothing else: no table, no query, no function that acts."""
    for node in claim.find_all(exp.Table, exp.Subquery, exp.Select, exp.Anonymous):
        raise AssertionError(f"a rule reaches beyond a customer's row: {node.sql()}")


def _bit(bit: int) -> str:
    place, number = divmod(bit, compiled.WORD_BITS)
    return f"(word{place} >> {number}) & 1 = 1"


def _spend(only: str = "") -> str:
    return f"coalesce(sum(spend_365_cents){f' filter ({only})' if only else ''}, 0)"
