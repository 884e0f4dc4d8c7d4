"""Numbers that no row keeps yet, for drafts: counted from what the lake holds, by customer and day.

    lake -> facts of one event, with the columns that a rule asks for -> by customer and day, kept while they are edited

So a rule that is edited reads the lake once for an event and the columns its conditions name; other days, other values
and other thresholds are counted over what is there. What most rules begin with is made beforehand.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
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
# Of what is kept while rules are edited: the ones asked for longest ago go. A row is 12 to 30 bytes.
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


class Unkept:
    """What belongs to one copy of everybody's numbers."""

    def __init__(self, engine: duckdb.Engine, number: int) -> None:
        self._engine = engine.beside()
        self._prefix = f"unkept{number}_"
        self._turn = threading.Lock()
        self._made: dict[Facet | Held, tuple[str, int]] = {}
        self._number = 0
        self._has_members = False

    def drop(self) -> None:
        """Let go of everything."""
        with self._turn:
            for name in [*(name for name, _ in self._made.values()), *self._members()]:
                self._engine.drop(name)
            self._made = {}

    def prepare(self, app: App, before: Unkept | None) -> None:
        """What the copy before was asked for, or what most rules begin with."""
        events = [row[0] for row in app.db.execute(SQL.event_names, {"limit": PREPARED_EVENTS}).fetchall()]
        wanted = [*(Facet(event=event) for event in events), *PREPARED]
        if before is not None:
            wanted = list(dict.fromkeys([*wanted, *(one for one in list(before._made) if isinstance(one, Facet))]))
        for one in wanted[-FACETS_LIMIT:]:
            with self._turn:
                self._facet(app, one)

    @contextmanager
    def joined(
        self, app: App, plan: Plan, day: int, claims: Sequence[Expression]
    ) -> Generator[tuple[str, dict[Held, Node]]]:
        """Joins that bring these numbers to everybody, and how each is read. Raises RuleRefused for too many.

        They stay until this is left: one at a time counts over them.
        """
        parts = (part for claim in claims for part in kept_parts(claim) if part not in plan.columns)
        asked = dict.fromkeys(asked_of(part) for part in parts)
        if len(asked) > UNKEPT_LIMIT:
            raise RuleRefused(
                f"The rule looks at {len(asked)} numbers that nothing keeps yet",
                f"Count at most {UNKEPT_LIMIT} of them at once, or save the rule: then they are kept",
            )
        if not asked:
            yield "", {}
            return
        with self._turn:
            joins, read = list[str](), dict[Held, Node]()
            for place, leaf in enumerate(asked):
                source = self._source(app, leaf, day)
                joins.append(f" left join {source} as u{place} on u{place}.owner = customer")
                read[leaf] = column("value", f"u{place}")
                if _is_summed(leaf):
                    read[leaf] = coalesce(read[leaf], literal(0))
            yield "".join(joins), read

    def _source(self, app: App, leaf: Held, day: int) -> str:
        if not isinstance(leaf, Scalar | Windowed) or not (_is_summed(leaf) or _is_day(leaf)):
            return self._folded(app, leaf)
        names = tuple(sorted({name for name, _, _ in leaf.facts.conditions}))
        facet = Facet(event=leaf.facts.event, columns=names, measure=leaf.column if leaf.fold == "sum" else None)
        table = self._facet(app, facet)
        claims = [binary(sign, column(name), literal(value)) for name, sign, value in leaf.facts.conditions]
        if isinstance(leaf, Windowed):
            claims += [binary(">", column("on_day"), literal(day - leaf.days))]
            claims += [binary("<=", column("on_day"), literal(day))]
        where = f" where {render(both(claims), DUCKDB)}" if claims else ""
        value = f"{leaf.fold}(on_day)" if _is_day(leaf) else "sum(amount)"
        return f"(select owner, ({value})::bigint as value from {table}{where} group by owner)"

    def _folded(self, app: App, leaf: Held) -> str:
        if leaf in self._made:
            self._made[leaf] = self._made.pop(leaf)
            return self._made[leaf][0]
        name = self._name()
        rows = values_from_lake(app, leaf) if isinstance(leaf, LEAVES) else values(app, leaf)
        self._engine.table(name, {"owner": "bigint", "value": LAKE_TYPES[leaf.kind]}, rows)
        self._keep(leaf, name, len(rows))
        return name

    def _facet(self, app: App, facet: Facet) -> str:
        if facet in self._made:
            self._made[facet] = self._made.pop(facet)
            return self._made[facet][0]
        self._read_members(app)
        name, facts = self._name(), f"{self._prefix}facts"
        self._engine.drop(facts)
        self._engine.read_facts(facts, collect.fact_files(app), {"signature": "bigint"} | TYPES)
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
        self._engine.make(name, query)
        rows = self._engine.rows(_sql(f"select count(*) from {name}"))[0][0]
        self._keep(facet, name, rows)
        return name

    def _keep(self, what: Facet | Held, name: str, rows: int) -> None:
        self._made[what] = (name, rows)
        while len(self._made) > FACETS_LIMIT or sum(held for _, held in self._made.values()) > FACET_ROWS_LIMIT:
            oldest = next(iter(self._made))
            if len(self._made) <= UNKEPT_LIMIT:
                return
            self._engine.drop(self._made.pop(oldest)[0])

    def _read_members(self, app: App) -> None:
        if not self._has_members:
            membership_of(app, self._engine, *self._members())
            self._has_members = True

    def _members(self) -> tuple[str, str]:
        return f"{self._prefix}members", f"{self._prefix}spans"

    def _name(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"


def asked_of(part: Held) -> Held:
    """What is read of everybody for a part: of a claim about a score its value, so that another bound costs nothing."""
    return part.of if isinstance(part, ScoreIs) else part


def _is_summed(leaf: Held) -> bool:
    return isinstance(leaf, Scalar | Windowed) and leaf.fold in ("sum", "count")


def _is_day(leaf: Held) -> bool:
    return isinstance(leaf, Scalar) and leaf.fold in ("min", "max") and leaf.column == "day"


def _sql(text: str) -> LiteralString:
    # Names are our own; values went through SQLGlot.
    return cast(LiteralString, text)
