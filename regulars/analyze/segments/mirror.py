"""Everybody's numbers in columns, in this process: what a rule is counted over while somebody edits it.

PostgreSQL keeps a row a customer, which is right for the flow and slow to count over: a million rows are a gigabyte to
read. The same numbers by column are a twentieth of that, and the same expression runs over them in DuckDB. The copy is
taken when somebody first asks and follows the flow's checkpoint: whoever had an event since is read again; everybody
is, when the day or the traits changed, or when rows went up in others. Its age is told with every count.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from tempfile import NamedTemporaryFile
from typing import LiteralString, cast
from weakref import WeakKeyDictionary

import msgspec
from psycopg import sql
from sqlglot import exp

from regulars.analyze import compiled
from regulars.analyze.errors import RuleRefused
from regulars.analyze.expressions import LEAVES, Expression, Held, ScoreIs
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan, kept_parts
from regulars.analyze.rebuild import values_from_lake
from regulars.analyze.restated import values
from regulars.analyze.schema import Ready, ready
from regulars.app import App
from regulars.lake import duckdb
from regulars.lake.dialect import DUCKDB, Node, binary, column, literal, render
from regulars.store import Store

# From so many customers on, only those who had events are read again, and at most so many of them.
SMALL_CUSTOMERS = 50_000
CHANGED_LIMIT = 100_000
# Nobody's eye needs it fresher, and a burst of edits reads once.
AGE_SECONDS = 2.0
# What a check of numbers of rows misses (one went, another came) is gone after so long.
WHOLE_EVERY_SECONDS = 900.0
# Numbers that a draft asks for and nothing keeps, each 16 MB for a million customers.
UNKEPT_LIMIT = 12
LAKE_TYPES = {"whole": "bigint", "fraction": "double precision", "text": "text", "truth": "boolean"}
ROWS = "state"


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """What the copy holds."""

    seq: int
    day: int
    stamp: int
    rows: int
    read_at: datetime
    """Of the flow's checkpoint that it holds."""


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
    took_ms: float


class Mirror:
    """The copy of one store. Safe in threads: one reads it anew, the others count over what is there."""

    def __init__(self) -> None:
        self._engine: duckdb.Engine | None = None
        self._held = duckdb.engine()
        self._stand: Stand | None = None
        self._whole_at = 0.0
        self._seen_at = 0.0
        self._turn = threading.Lock()
        self._unkept: dict[Held, str] = {}
        self._number = 0

    @contextmanager
    def rows(self, app: App) -> Generator[tuple[duckdb.Engine, Stand]]:
        """A cursor over the copy, followed up to now where it is older than AGE_SECONDS."""
        if self._stand is None or self._is_changed(app):
            with self._turn:
                self._follow(app)
        elif time.monotonic() - self._seen_at > AGE_SECONDS and self._turn.acquire(blocking=False):
            try:
                self._follow(app)
            finally:
                self._turn.release()
        engine, stand = self._engine, self._stand
        assert engine is not None, "it was just read"
        assert stand is not None, "it was just read"
        yield engine.beside(), stand

    @contextmanager
    def unkept(self, app: App, engine: duckdb.Engine, claims: Sequence[Expression]) -> Generator[dict[Held, str]]:
        """Tables of numbers that no row keeps yet, each folded from the lake or copied once while it is edited.

        They stay until this is left: one at a time counts over such tables. Raises RuleRefused for too many.
        """
        columns = ready(app).plan.columns
        parts = (part for claim in claims for part in kept_parts(claim) if part not in columns)
        asked = dict.fromkeys(_asked(part) for part in parts)
        if len(asked) > UNKEPT_LIMIT:
            raise RuleRefused(
                f"The rule looks at {len(asked)} numbers that nothing keeps yet",
                f"Count at most {UNKEPT_LIMIT} of them at once, or save the rule: then they are kept",
            )
        if not asked:
            yield {}
            return
        with self._turn:
            # Whatever was asked for last stands last: the first to go is never asked for now.
            self._unkept |= {leaf: self._unkept.pop(leaf) for leaf in asked if leaf in self._unkept}
            for leaf in asked:
                if leaf not in self._unkept:
                    self._fold(app, engine, leaf)
            yield {leaf: self._unkept[leaf] for leaf in asked}

    def _fold(self, app: App, engine: duckdb.Engine, leaf: Held) -> None:
        while len(self._unkept) >= UNKEPT_LIMIT:
            oldest = next(iter(self._unkept))
            engine.run(f"drop table {self._unkept.pop(oldest)}")
        self._number += 1
        name = f"unkept{self._number}"
        rows = values_from_lake(app, leaf) if isinstance(leaf, LEAVES) else values(app, leaf)
        engine.table(name, {"customer": "bigint", "value": LAKE_TYPES[leaf.kind]}, rows)
        self._unkept[leaf] = name

    def _is_changed(self, app: App) -> bool:
        return self._stand is not None and self._stand.stamp != ready(app).stamp

    def _follow(self, app: App) -> None:
        now, held = _standing(app), self._stand
        self._seen_at = time.monotonic()
        if held is not None and now == msgspec.structs.replace(held, read_at=now.read_at):
            self._stand = now
            return
        is_whole = held is None or held.day != now.day or held.stamp != now.stamp or now.rows <= SMALL_CUSTOMERS
        if is_whole or time.monotonic() - self._whole_at > WHOLE_EVERY_SECONDS:
            self._read_whole(app, now)
            return
        assert held is not None, "there is a copy to follow"
        found = app.db.execute(SQL.customers_since, {"after": held.seq, "limit": CHANGED_LIMIT}).fetchall()
        changed = [row[0] for row in found]
        if len(changed) >= CHANGED_LIMIT:
            self._read_whole(app, now)
            return
        self._read(app, changed)
        self._stand = now
        assert self._engine is not None, "there is a copy to follow"
        if self._engine.rows(f"select count(*) from {ROWS}")[0][0] != now.rows:
            self._read_whole(app, now)

    def _read_whole(self, app: App, now: Stand) -> None:
        if self._engine is None:
            self._engine = self._held.__enter__()
        self._whole_at = time.monotonic()
        with _as_file(app, ready(app), None) as (path, columns):
            self._engine.run(f"create or replace table {ROWS}_new as select * from {_csv(path, columns)}")
        self._engine.run(f"begin; drop table if exists {ROWS}; alter table {ROWS}_new rename to {ROWS}; commit")
        self._stand = now
        for name in self._unkept.values():
            self._engine.run(f"drop table if exists {name}")
        self._unkept = {}

    def _read(self, app: App, customers: Sequence[int]) -> None:
        assert self._engine is not None, "there is a copy to follow"
        with _as_file(app, ready(app), customers) as (path, columns):
            self._engine.run(f"create or replace temporary table fresh as select * from {_csv(path, columns)}")
        listed = ", ".join(map(str, customers)) or "0"
        self._engine.run(
            f"begin; delete from {ROWS} where customer in ({listed}); insert into {ROWS} select * from fresh; commit"
        )


_mirrors: WeakKeyDictionary[Store, Mirror] = WeakKeyDictionary()
_making = threading.Lock()


def mirror(app: App) -> Mirror:
    """The copy of this store in this process."""
    with _making:
        return _mirrors.setdefault(app.store, Mirror())


def counted(app: App, rule: Expression, parts: Sequence[Expression], sample: int = 0) -> Counted:
    """What this rule says of everybody we know, exactly, as of the copy; each of `parts` counted alone, too."""
    began = time.perf_counter()
    catalogue = ready(app)
    held = mirror(app)
    with held.rows(app) as (engine, stand), held.unkept(app, engine, (rule, *parts)) as unkept:
        leaf = _reader(catalogue.plan, unkept)
        source = ROWS + "".join(f" left join {name} using (customer)" for name in unkept.values())
        claims = [_text(compiled.finish(one, leaf, literal(stand.day))) for one in (rule, *parts)]
        bits = {segment.name: catalogue.bits[segment.name] for segment in catalogue.plan.segments}
        inside = [f"count(*) filter (where fits and {_bit(bit)})" for bit in bits.values()]
        alone = [f"count(*) filter (where part{place})" for place in range(len(parts))]
        told = ", ".join(f"coalesce({claim}, false) as part{place}" for place, claim in enumerate(claims[1:]))
        query = (
            f"select count(*) filter (where fits), count(*), {_spend('where fits')}, {_spend()}"
            f"{''.join(', ' + text for text in (*inside, *alone))} from (select *, coalesce({claims[0]}, false) as fits"
            f"{', ' + told if told else ''} from {source} where known)"
        )
        row = engine.rows(query)[0]
        drawn = f"select customer from {source} where known and {claims[0]} order by hash(customer) limit {sample}"
        people = [found[0] for found in engine.rows(drawn)] if sample else []
    return Counted(
        people=row[0],
        known=row[1],
        spend_cents=int(row[2]),
        base_cents=int(row[3]),
        overlap=dict(zip(bits, row[4 : 4 + len(bits)], strict=True)),
        parts=list(row[4 + len(bits) :]),
        sample=people,
        read_at=stand.read_at,
        took_ms=round((time.perf_counter() - began) * 1_000, 1),
    )


def _standing(app: App) -> Stand:
    row = app.db.execute(SQL.standing).fetchone()
    assert row is not None, "it always has a row"
    seq, day, stamp, rows = row
    return Stand(seq=seq, day=day, stamp=stamp, rows=rows, read_at=app.clock.now())


def _columns(catalogue: Ready) -> list[tuple[str, str, sql.Composable]]:
    """Name, type in DuckDB, and what PostgreSQL reads, of each column of the copy."""
    found: list[tuple[str, str, sql.Composable]] = [
        ("customer", "bigint", sql.SQL("customer")),
        ("known", "boolean", sql.SQL("known")),
    ]
    for place in range(_words(catalogue)):
        read = sql.SQL("coalesce(word[{}], 0)").format(sql.Literal(place + 1))
        found.append((f"word{place}", "bigint", read))
    types = {"whole": "bigint", "fraction": "double", "text": "varchar", "truth": "boolean"}
    for leaf, name in catalogue.plan.columns.items():
        found.append((name, types[leaf.kind], sql.Identifier(name)))
    return found


def _words(catalogue: Ready) -> int:
    return 1 + max(catalogue.bits.values(), default=0) // compiled.WORD_BITS


@contextmanager
def _as_file(
    app: App, catalogue: Ready, customers: Sequence[int] | None
) -> Generator[tuple[str, list[tuple[str, str, sql.Composable]]]]:
    """Rows of these customers (None: of everybody) as a file that is gone afterwards."""
    columns = _columns(catalogue)
    read = sql.SQL(", ").join([text for _, _, text in columns])
    only = sql.SQL("") if customers is None else sql.SQL(" where customer = any({}::bigint[])").format(list(customers))
    statement = sql.SQL("copy (select {} from trait_state{}) to stdout (format csv)").format(read, only)
    with NamedTemporaryFile(prefix="regulars-mirror-", suffix=".csv") as file:
        with app.db.cursor().copy(statement) as stream:
            for piece in stream:
                file.write(piece)
        file.flush()
        yield os.fspath(file.name), columns


def _csv(path: str, columns: list[tuple[str, str, sql.Composable]]) -> str:
    types = ", ".join(f"'{name}': '{type_}'" for name, type_, _ in columns)
    quoted = path.replace("'", "''")
    return f"read_csv('{quoted}', header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {{{types}}})"  # noqa: E501


def _asked(part: Held) -> Held:
    """What is read of everybody for a part: of a claim about a score its value, so that another bound costs nothing."""
    return part.of if isinstance(part, ScoreIs) else part


def _reader(plan: Plan, unkept: Mapping[Held, str]) -> Callable[[Held], Node]:
    def read(part: Held) -> Node:
        if part in plan.columns:
            return column(plan.columns[part])
        value = column("value", unkept[_asked(part)])
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
