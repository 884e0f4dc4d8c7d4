"""The tables of the catalogue in PostgreSQL: made when first used, widened when a trait is new.

A new state is empty and is folded live from journal position X on; what lies before is folded by `backfill`, in
chunks, while events keep flowing. On an empty journal there is nothing before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from psycopg import sql

from regulars.analyze import catalogue, declarations, spelled
from regulars.analyze.errors import TooManySegments, TraitRefused
from regulars.analyze.plan import COLUMN_TYPES, Plan, Segment, Trait, kept_parts, plan
from regulars.analyze.segments import made
from regulars.analyze.statements import Statements
from regulars.app import App
from regulars.store import Store, queries

SQL = queries(__package__)
# Segments that may ever have been: each costs every customer a bit for ever.
SEGMENTS_LIMIT = 1_000
# Columns that trait_state may ever have had; PostgreSQL counts dropped ones too, up to 1,600.
COLUMNS_LIMIT = 1_500
# Of a name in PostgreSQL, with room for the endings of first and latest.
NAME_BYTES = 58
# What is folded no further, until the tables are made anew.
GONE = "gone_"
# Statements of plans that a process keeps: of what is in force, what comes, and what was before.
COMPILED_LIMIT = 4
# One process at a time changes tables; the number is ours alone ("TRAI").
SCHEMA_LOCK = 0x54524149
# Waiting for the table must not stop everybody who queues behind us.
LOCK_TIMEOUT_MS = 5_000


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue whose tables exist, with its statements."""

    plan: Plan
    bits: dict[str, int]
    """Bit of every segment that ever was, by name."""
    statements: Statements
    has_gaps: bool
    """The past of some state is not folded yet: see backfill."""
    traits: tuple[Trait, ...] = ()
    """As this process declares them; the plan holds the versions in force."""
    coming: tuple[Trait, ...] = ()
    """Of these, those that are being prepared."""
    segments: tuple[Segment, ...] = ()
    """As this process declares them."""
    declared: tuple[Segment, ...] = ()
    """Segments of the catalogue over the versions in force; the plan holds those that people made, too."""
    stamp: int = 0
    """Of the segments that people made, when this was read."""
    left: tuple[str, ...] = ()
    """Traits that this process does not declare and the worker has not retired."""


_ready: WeakKeyDictionary[Store, Ready] = WeakKeyDictionary()
_compiled: dict[str, Statements] = {}
_compiling = threading.Lock()


def ensure_schema(
    app: App, traits: Iterable[Trait] = catalogue.TRAITS, segments: Iterable[Segment] = catalogue.SEGMENTS
) -> Ready:
    """Tables for this catalogue, made or widened in a transaction of its own; it is this store's from now on."""
    traits, segments = tuple(traits), tuple(segments)
    with app.store.transaction() as db:
        db.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
        rows = declarations.stored(db)
        found = read(db, traits, segments)
        widen(db, found.plan)
        fresh = [trait for trait in traits if trait.name not in rows or rows[trait.name][0].retired_at]
        keep_versions(app, db, fresh, adopted_at=app.clock.now())
        found = msgspec.structs.replace(found, bits=add_bits(db, found.plan), has_gaps=_has_gaps(db))
        found = msgspec.structs.replace(found, statements=compiled_once(found.plan, found.bits))
    _ready[app.store] = found
    return found


def ready(app: App) -> Ready:
    """The catalogue of this store and what people made of it, as the flow judges by it now."""
    held = _ready.get(app.store)
    if held is None:
        return ensure_schema(app)
    row = app.db.execute(SQL.segment_stamp).fetchone()
    assert row is not None, "the stamp is there from the beginning"
    if row[0] != held.stamp:
        held = _ready[app.store] = read(app.db, held.traits, held.segments)
    return held


def keep_versions(app: App, db: psycopg.Connection, traits: Iterable[Trait], adopted_at: datetime | None) -> None:
    """The next version of each of these; None: its past has to be folded first."""
    rows = [(t.name, t.title, t.unit, t.freshness, spelled.written(t.expression)) for t in traits]
    names, titles, units, kinds, expressions = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [], [])
    given = {"traits": names, "titles": titles, "units": units, "kinds": kinds, "expressions": expressions}
    given |= {"author": declarations.AUTHOR, "at": app.clock.now(), "adopted_at": adopted_at}
    db.execute(SQL.add_trait_versions, given)


def read(
    db: psycopg.Connection, traits: tuple[Trait, ...], declared: tuple[Segment, ...], also: Iterable[Segment] = ()
) -> Ready:
    """What the flow judges by, from what is stored; `also`: rules whose state is needed, and nobody judged by them."""
    row = db.execute(SQL.segment_stamp).fetchone()
    rows, told = made.stored(db), declarations.stored(db)
    stored = dict(db.execute(SQL.state_names).fetchall())
    remembered = {column for table, column in db.execute(SQL.columns_in_place).fetchall() if table == "trait_change"}
    left = declarations.gone(traits, told)
    # Most often nothing is gone: then no rule is read for it.
    used = made.looked_at(rows) if left else {}
    in_force = declarations.in_force(traits, told, {name: name in remembered for name in left if name in used})
    preparing = declarations.coming(traits, told)
    rules = [replace(one, rule=declarations.as_before(one.rule, in_force, preparing)) for one in declared]
    judged = [*rules, *made.in_force(rows, in_force, rules)]
    coming = [one for one in made.wanted(rows, in_force, rules).values() if isinstance(one, Segment)]
    # What is being prepared is folded already. A state that the catalogue had once and has no more is not.
    folded = {repr(leaf) for leaf in plan(in_force, judged, stored, coming=preparing).columns}
    folded |= {state for state, _, _, is_made in db.execute(SQL.all_states).fetchall() if is_made}
    coming = [one for one in coming if all(repr(part) in folded for part in kept_parts(one.rule))]
    new = plan(in_force, judged, stored, also=[one.rule for one in (*coming, *also)], coming=preparing)
    bits = dict(db.execute(SQL.segment_bits).fetchall())
    known = {name: bits.get(name, 0) for name in {*bits, *(one.name for one in judged)}}
    return Ready(
        plan=new,
        bits=bits,
        statements=compiled_once(new, known),
        has_gaps=_has_gaps(db),
        traits=traits,
        coming=preparing,
        segments=declared,
        declared=tuple(rules),
        stamp=row[0] if row else 0,
        left=tuple(left),
    )


def compile_ahead(db: psycopg.Connection, held: Ready, segments: list[Segment]) -> None:
    """The statements that taking over these will ask for, compiled now: before the flow's lock, not under it."""
    read(db, held.traits, held.segments, also=segments)
    stored = dict(db.execute(SQL.state_names).fetchall())
    judged = plan(held.plan.traits, [*held.declared, *segments], stored, coming=held.coming)
    compiled_once(judged, _with_bits(dict(db.execute(SQL.segment_bits).fetchall()), judged))


def compiled_once(new: Plan, bits: dict[str, int]) -> Statements:
    """The statements of a plan, a pure function of it that takes up to a second: the last ones are kept."""
    key = repr((new, sorted(bits.items())))
    with _compiling:
        made = _compiled.pop(key, None) or Statements(new, bits)
        _compiled[key] = made
        while len(_compiled) > COMPILED_LIMIT:
            _compiled.pop(next(iter(_compiled)), None)
    return made


def widen(db: psycopg.Connection, new: Plan) -> None:
    """Tables and columns for this plan of a catalogue."""
    _widen(db, new, is_made=False)


def widen_by_made(db: psycopg.Connection, new: Plan, held: Plan) -> None:
    """The same where segments of people need more than what is folded now.

    A state of theirs that the catalogue had once stands where it stood when it went: it is folded anew.
    """
    fresh = {state for state, _, _ in _states(new)} - {state for state, _, _ in _states(held)}
    every = db.execute(SQL.all_states).fetchall()
    _let_go(db, [row for row in every if row[0] in fresh and row[1] != "value"])
    _widen(db, new, is_made=True)


def narrow(db: psycopg.Connection, new: Plan, *, of_catalogue: bool = False) -> None:
    """Let go of states that only segments of people needed and that none needs any more.

    `of_catalogue`: also of those that a trait needed. What is folded no further must not stand there as if it were.
    """
    needed = {state for state, _, _ in _states(new)}
    gone = [row for row in db.execute(SQL.all_states).fetchall() if row[0] not in needed and (row[3] or of_catalogue)]
    _let_go(db, gone)


def _let_go(db: psycopg.Connection, gone: list[tuple[str, str, str, bool]]) -> None:
    _wait_briefly(db)
    for _, place, name, _ in gone:
        if place in ("trait_state", "", "value"):
            for column in [name] if place == "value" else parts_of_column(db, name):
                drop_column(db, "trait_state", column)
        else:
            drop_column(db, place, name)
    db.execute(SQL.drop_state, {"states": [state for state, _, _, _ in gone]})


def rename(db: psycopg.Connection, old: str, new: str) -> None:
    """A state keeps its past under another column of trait_state; of first and latest all three."""
    for column in parts_of_column(db, old):
        db.execute(
            sql.SQL("alter table trait_state rename column {} to {}").format(
                sql.Identifier(column), sql.Identifier(f"{new}{column.removeprefix(old)}")
            )
        )
    db.execute(SQL.rename_state, {"old": old, "new": new})


def parts_of_column(db: psycopg.Connection, name: str) -> list[str]:
    """The columns of trait_state that a state of this name has: one, or three."""
    there = _columns_of(db, "trait_state", name)
    return [f"{name}{end}" for end in ("", "__t", "__id") if f"{name}{end}" in there]


def drop_column(db: psycopg.Connection, table: str, column: str) -> None:
    """Gone, if it is there; where somebody's view stands on it, aside: the flow does not wait for its owner."""
    place, name = sql.Identifier(table), sql.Identifier(column)
    try:
        with db.transaction():
            db.execute(sql.SQL("alter table {} drop column if exists {}").format(place, name))
    except psycopg.errors.DependentObjectsStillExist:
        aside = sql.Identifier(f"{GONE}{len(_columns_of(db, table, GONE))}_{column}"[:NAME_BYTES])
        db.execute(sql.SQL("alter table {} rename column {} to {}").format(place, name, aside))


def _columns_of(db: psycopg.Connection, table: str, beginning: str) -> list[str]:
    rows = db.execute(SQL.columns_in_place).fetchall()
    return [column for where, column in rows if where == table and column.startswith(beginning)]


def _wait_briefly(db: psycopg.Connection) -> None:
    db.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_MS}ms")))


def _has_gaps(db: psycopg.Connection) -> bool:
    return bool(db.execute(SQL.state_gaps).fetchall())


def close_gaps(app: App) -> None:
    """A past that was folded is committed: nobody has to be watched any more."""
    _ready[app.store] = msgspec.structs.replace(ready(app), has_gaps=False)


def _refuse_redefined(new: Plan, stored: dict[str, str]) -> None:
    """A column holds one fold for ever: under another declaration its past would be somebody else's."""
    owner = {name: state for state, name in stored.items()}
    columns = [(repr(leaf), name) for leaf, name in new.columns.items()]
    for state, name in [*columns, *((trait.name, trait.name) for trait in new.values)]:
        if owner.get(name, state) != state:
            raise TraitRefused(f"The trait '{name}' was declared differently before", "Give the new one another name")


def _widen(db: psycopg.Connection, new: Plan, *, is_made: bool) -> None:
    _wait_briefly(db)
    _refuse_redefined(new, dict(db.execute(SQL.state_names).fetchall()))
    if not _has_gaps(db):
        db.execute(SQL.clear_complete)
    have: dict[str, set[str]] = {}
    for table, name in db.execute(SQL.columns_in_place).fetchall():
        have.setdefault(table, set()).add(name)
    row = [column for state in new.scalars for column in state.columns]
    row += [(o.name, COLUMN_TYPES[o.leaf.kind]) for family in new.families for o in family.outputs]
    row += [(trait.name, COLUMN_TYPES[trait.expression.kind]) for trait in new.values]
    row += [(name, COLUMN_TYPES[one.kind]) for name, one in [*new.daily, *new.fields]]
    _add_columns(db, "trait_state", [c for c in row if c[0] not in have["trait_state"]])
    history = [(trait.name, COLUMN_TYPES[trait.expression.kind]) for trait in new.remembered]
    _add_columns(db, "trait_change", [c for c in history if c[0] not in have["trait_change"]])
    for family in new.families:
        if family.table not in have:
            _create_cells(db, family.table, family.key_type)
        present = have.get(family.table, set())
        columns = [(m.name, "bigint not null default 0") for m in family.measures if m.name not in present]
        _add_columns(db, family.table, columns)
    _register(db, new, is_made)


def _add_columns(db: psycopg.Connection, table: str, columns: list[tuple[str, str]]) -> None:
    # The names come from the catalogue and are quoted; the types are the four constants of the plan.
    parts = [sql.SQL("add column {} ").format(sql.Identifier(n)) + sql.SQL(t) for n, t in columns]  # pyright: ignore[reportArgumentType]
    if parts:
        db.execute(sql.SQL("alter table {} ").format(sql.Identifier(table)) + sql.SQL(", ").join(parts))


def _create_cells(db: psycopg.Connection, table: str, key_type: str) -> None:
    create = sql.SQL("create table {} (customer bigint not null, key {} not null, primary key (customer, key))")
    db.execute(create.format(sql.Identifier(table), sql.SQL(key_type)) + sql.SQL(" with (fillfactor = 85)"))  # pyright: ignore[reportArgumentType]
    if key_type == "bigint":
        # The day tick asks who owns a cell of one day. The key never changes, so updates stay on their page.
        index = sql.SQL("create index {} on {} (key)")
        db.execute(index.format(sql.Identifier(f"{table}_key"), sql.Identifier(table)))


def _register(db: psycopg.Connection, new: Plan, is_made: bool) -> None:
    names = [list(column) for column in zip(*_states(new), strict=True)] or [[], [], []]
    given = {"states": names[0], "places": names[1], "columns": names[2], "made": is_made}
    db.execute(SQL.register_states, given)


def _states(new: Plan) -> list[tuple[str, str, str]]:
    """Every state of a plan, with the table that holds it and its column."""
    states = [(repr(s.leaf), "trait_state", s.name) for s in new.scalars]
    states += [(f"{f.name}: {m!r}", f.table, m.name) for f in new.families for m in f.measures]
    states += [(repr(o.leaf), "", o.name) for f in new.families for o in f.outputs]
    states += [(repr(one), "", name) for name, one in [*new.daily, *new.fields]]
    # Finished values hold no past of their own, but a new one has to be finished for everybody.
    return states + [(f"{t.name} = {t.expression!r}", "value", t.name) for t in new.values]


def add_bits(db: psycopg.Connection, new: Plan) -> dict[str, int]:
    """The bit of every segment there ever was; those of this plan that are new take the next ones."""
    known = dict(db.execute(SQL.segment_bits).fetchall())
    wanted = _with_bits(known, new)
    if len(wanted) > SEGMENTS_LIMIT and wanted != known:
        raise TooManySegments(f"{len(wanted)} segments", f"Keep at most {SEGMENTS_LIMIT}")
    for name in wanted.keys() - known.keys():
        db.execute(SQL.add_segment, {"name": name, "bit": wanted[name]})
    return wanted


def _with_bits(known: dict[str, int], new: Plan) -> dict[str, int]:
    fresh = [segment.name for segment in new.segments if segment.name not in known]
    return known | {name: number for number, name in enumerate(fresh, len(known))}
