"""Numbers that no row keeps yet, for drafts: counted from what the lake holds, by customer and day.

    lake -> facts of one event, with the columns that a rule asks for -> by customer and day, kept while they are edited

So a rule that is edited reads the lake once for an event and the columns its conditions name; other days, other values
and other thresholds are counted over what is there. What most rules begin with is made beforehand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import LiteralString, cast

import msgspec

from regulars import collect
from regulars.analyze.errors import RuleRefused
from regulars.analyze.expressions import LEAVES, TYPES, Expression, Held, Scalar, ScoreIs, Windowed
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan, kept_parts
from regulars.analyze.rebuild import membership_of, values_from_lake
from regulars.analyze.restated import values
from regulars.app import App
from regulars.lake import duckdb
from regulars.lake.dialect import DUCKDB, Node, binary, both, coalesce, column, literal, render

# Numbers that a draft asks for and nothing keeps: each is a join with everybody.
UNKEPT_LIMIT = 12
# Of all that is kept while rules are edited: what the rule at hand does not ask for goes, the one asked for longest ago
# first, and a rule that asks for more by itself is refused. A row is 12 to 30 bytes.
FACETS_LIMIT = 24
FACET_ROWS_LIMIT = 30_000_000
# Events that sources send most are made beforehand.
PREPARED_EVENTS = 6
LAKE_TYPES = {"whole": "bigint", "fraction": "double precision", "text": "text", "truth": "boolean"}


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of one event by customer, day and these columns; `measure` is added up (None: they are counted)."""

    event: str
    columns: tuple[str, ...] = ()
    measure: str | None = None


# What rules about purchases begin with.
PREPARED = (
    Facet(event="Order Completed", measure="revenue_cents"),
    Facet(event="Order Line"),
    Facet(event="Order Line", columns=("category",)),
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is kept, and as of when."""

    name: str
    rows: int
    read_at: datetime
    made_s: float
    """By the clock that only goes on."""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What brings numbers that nothing keeps to everybody."""

    joins: str = ""
    read: Mapping[Held, Node] = {}
    """How each is read."""
    read_at: datetime | None = None
    """As of when the oldest of them is."""


class Unkept:
    """What belongs to one copy of everybody's numbers.

    Whoever holds a connection may wait for `_turn`; whoever has the turn never waits for a connection.
    """

    def __init__(self, engine: duckdb.Engine, number: int) -> None:
        self._engine = engine.beside()
        self._prefix = f"unkept{number}_"
        self._turn = threading.Lock()
        self._made: dict[Facet | Held, Made] = {}
        self._number = 0
        self._members_at: datetime | None = None

    def drop(self) -> None:
        """Let go of everything."""
        with self._turn:
            for what in list(self._made):
                self._forget(what)
            for name in (*self._members(), self._facts()):
                self._engine.drop(name)

    def facets(self) -> list[Facet]:
        """What was asked for, the latest last."""
        return [one for one in list(self._made) if isinstance(one, Facet)]

    def prepare(self, app: App, before: Sequence[Facet]) -> None:
        """What the copy before was asked for, or what most rules begin with; what is too large is left out.

        `app` is in no transaction: membership and files are read in one of its own, and the lake outside of any.
        """
        with app.transaction() as inside:
            events = [row[0] for row in inside.db.execute(SQL.event_names, {"limit": PREPARED_EVENTS}).fetchall()]
            files = collect.fact_files(inside)
            with self._turn:
                read_at = self._read_members(inside)
        wanted = list(dict.fromkeys([*(Facet(event=event) for event in events), *PREPARED, *before]))[-FACETS_LIMIT:]
        for one in wanted:
            with self._turn, suppress(RuleRefused):
                # Whoever edits meanwhile may have asked for it.
                if one not in self._made:
                    self._facet(one, files, read_at, wanted)

    @contextmanager
    def joined(
        self, app: App, plan: Plan, day: int, claims: Sequence[Expression], fresh_seconds: float
    ) -> Generator[Joined]:
        """Joins that bring these numbers to everybody, and how each is read. Raises RuleRefused for too many.

        They stay until this is left: one at a time counts over them. What is copied is no older than `fresh_seconds`.
        """
        parts = (part for claim in claims for part in kept_parts(claim) if part not in plan.columns)
        asked = dict.fromkeys(asked_of(part) for part in parts)
        if len(asked) > UNKEPT_LIMIT:
            raise RuleRefused(
                f"The rule looks at {len(asked)} numbers that nothing keeps yet",
                f"Count at most {UNKEPT_LIMIT} of them at once, or save the rule: then they are kept",
            )
        if not asked:
            yield Joined()
            return
        needed = {leaf: _source_of(leaf) for leaf in asked}
        with self._turn:
            self._let_go(fresh_seconds)
            joins, read = list[str](), dict[Held, Node]()
            for place, leaf in enumerate(asked):
                table = self._table(app, needed[leaf], list(needed.values()))
                joins.append(f" left join {_by_customer(table, leaf, day)} as u{place} on u{place}.owner = customer")
                read[leaf] = column("value", f"u{place}")
                if _is_summed(leaf):
                    read[leaf] = coalesce(read[leaf], literal(0))
            read_at = min(self._made[what].read_at for what in needed.values())
            yield Joined(joins="".join(joins), read=read, read_at=read_at)

    def _table(self, app: App, what: Facet | Held, needed: Collection[Facet | Held]) -> str:
        if what in self._made:
            self._made[what] = self._made.pop(what)
            return self._made[what].name
        if isinstance(what, Facet):
            return self._facet(what, collect.fact_files(app), self._read_members(app), needed)
        return self._folded(app, what, needed)

    def _folded(self, app: App, leaf: Held, needed: Collection[Facet | Held]) -> str:
        name, read_at = self._name(), app.clock.now()
        rows = values_from_lake(app, leaf) if isinstance(leaf, LEAVES) else values(app, leaf)
        if len(rows) > self._room(needed):
            raise _too_many()
        self._engine.table(name, {"owner": "bigint", "value": LAKE_TYPES[leaf.kind]}, rows)
        self._keep(leaf, name, len(rows), read_at, needed)
        return name

    def _facet(self, facet: Facet, files: list[str], read_at: datetime, needed: Collection[Facet | Held]) -> str:
        name, facts, room = self._name(), self._facts(), self._room(needed)
        self._engine.drop(facts)
        self._engine.read_facts(facts, files, {"signature": "bigint"} | TYPES)
        members, spans = self._members()
        columns = "".join(f', f."{name}"' for name in facet.columns)
        amount = f'sum(f."{facet.measure}")::bigint' if facet.measure else "count(*)::integer"
        event = render(binary("=", column("event", "f"), literal(facet.event)), DUCKDB)
        known = f' and f."{facet.measure}" is not null' if facet.measure else ""
        query = (
            f"select coalesce(s.holder, m.customer) as owner, f.day::integer as on_day{columns}, {amount} as amount "
            f"from {facts} f left join {spans} s on s.signature = f.signature and f.occurred_us between s.from_us "
            f"and s.to_us left join {members} m on m.signature = f.signature where {event}{known} group by all"
        )
        self._engine.make(name, f"{query} limit {room + 1}")
        rows = self._engine.rows(_sql(f"select count(*) from {name}"))[0][0]
        if rows > room:
            self._engine.drop(name)
            raise _too_many()
        self._keep(facet, name, rows, read_at, needed)
        return name

    def _room(self, needed: Collection[Facet | Held]) -> int:
        """So many rows may be made beside what is there of these: all others may go."""
        return FACET_ROWS_LIMIT - sum(made.rows for what, made in self._made.items() if what in needed)

    def _keep(
        self, what: Facet | Held, name: str, rows: int, read_at: datetime, needed: Collection[Facet | Held]
    ) -> None:
        self._made[what] = Made(name=name, rows=rows, read_at=read_at, made_s=time.monotonic())
        for other in [one for one in self._made if one not in needed]:
            if len(self._made) <= FACETS_LIMIT and sum(m.rows for m in self._made.values()) <= FACET_ROWS_LIMIT:
                return
            self._forget(other)

    def _let_go(self, fresh_seconds: float) -> None:
        """What is copied from other tables moves with them, and nothing tells us whose: it is as old as rows may be."""
        old = time.monotonic() - fresh_seconds
        for what in [one for one in self._made if not isinstance(one, (Facet, *LEAVES))]:
            if self._made[what].made_s < old:
                self._forget(what)

    def _forget(self, what: Facet | Held) -> None:
        self._engine.drop(self._made.pop(what).name)

    def _read_members(self, app: App) -> datetime:
        """Whose record is whose, once for a copy; as of when."""
        if self._members_at is None:
            read_at = app.clock.now()
            membership_of(app, self._engine, *self._members())
            self._members_at = read_at
        return self._members_at

    def _members(self) -> tuple[str, str]:
        return f"{self._prefix}members", f"{self._prefix}spans"

    def _facts(self) -> str:
        return f"{self._prefix}facts"

    def _name(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"


def asked_of(part: Held) -> Held:
    """What is read of everybody for a part: of a claim about a score its value, so that another bound costs nothing."""
    return part.of if isinstance(part, ScoreIs) else part


def _source_of(leaf: Held) -> Facet | Held:
    """What it is counted from: days of facts where it is a sum, a count or a day, else itself."""
    if not isinstance(leaf, Scalar | Windowed) or not (_is_summed(leaf) or _is_day(leaf)):
        return leaf
    names = tuple(sorted({name for name, _, _ in leaf.facts.conditions}))
    return Facet(event=leaf.facts.event, columns=names, measure=leaf.column if leaf.fold == "sum" else None)


def _by_customer(table: str, leaf: Held, day: int) -> str:
    """Owner and value, from the table of its source."""
    if not isinstance(leaf, Scalar | Windowed) or not (_is_summed(leaf) or _is_day(leaf)):
        return table
    claims = [binary(sign, column(name), literal(value)) for name, sign, value in leaf.facts.conditions]
    if isinstance(leaf, Windowed):
        claims += [binary(">", column("on_day"), literal(day - leaf.days))]
        claims += [binary("<=", column("on_day"), literal(day))]
    where = f" where {render(both(claims), DUCKDB)}" if claims else ""
    value = f"{leaf.fold}(on_day)" if _is_day(leaf) else "sum(amount)"
    return f"(select owner, ({value})::bigint as value from {table}{where} group by owner)"


def _too_many() -> RuleRefused:
    return RuleRefused(
        f"The rule looks at more than {FACET_ROWS_LIMIT:,} numbers of customers and days that nothing keeps yet",
        "Name fewer columns in its conditions, or save the rule: then they are kept",
    )


def _is_summed(leaf: Held) -> bool:
    return isinstance(leaf, Scalar | Windowed) and leaf.fold in ("sum", "count")


def _is_day(leaf: Held) -> bool:
    return isinstance(leaf, Scalar) and leaf.fold in ("min", "max") and leaf.column == "day"


def _sql(text: str) -> LiteralString:
    # Names are our own; values went through SQLGlot.
    return cast(LiteralString, text)
