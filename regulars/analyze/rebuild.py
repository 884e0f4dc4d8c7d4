"""Everybody from the lake, in DuckDB or Spark: folded by record's signature, merged by membership, finished.

The same plan in another dialect and another order of work than the live fold, so the two check each other; it also
answers for any past day, and for panel households instead of customers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlglot import exp

from regulars import collect
from regulars.analyze import compiled, restated, sketches
from regulars.analyze.compiled import CUSTOMER
from regulars.analyze.expressions import SKETCH_HASHES, SUMMED, TYPES, Held, Leaf
from regulars.analyze.past import SQL
from regulars.analyze.plan import COLUMN_TYPES, Family, Plan, Trait, plan
from regulars.analyze.schema import ready
from regulars.app import App
from regulars.lake import binary, duckdb, spark
from regulars.lake.dialect import Dialect, Node, both, column, literal, named, render

FACTS, OWNED, EVERYBODY = "facts", "owned", "everybody"
DUCKDB, SPARK = ENGINES = ("duckdb", "spark")
Engine = duckdb.Engine | spark.Engine
PIECE_ROWS = 50_000
LAKE_COLUMNS = {"signature": "bigint"} | TYPES


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """Trait values of everybody as of a day, by column."""

    as_of_day: int
    columns: list[str]
    """customer (or household), then traits in the order of the catalogue, then segments."""
    rows: list[tuple[Any, ...]]


def rebuild(app: App, as_of_day: int | None = None, engine: str = DUCKDB) -> Rebuilt:
    """All traits and segments of all customers from the lake, as of today or of a past day (facts up to that day).

    `engine`: who computes them, of ENGINES; the values are the same. Raises SparkRefused.
    """
    catalogue = ready(app).plan.whole
    today = _today(app)
    past_day = as_of_day if as_of_day is not None and as_of_day < today else None
    with spark.engine() if engine == SPARK else duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(app, past_day), LAKE_COLUMNS)
        read_membership(app, lake)
        _read_fields(lake, catalogue, restated.rows(app, ready(app)))
        return _fold(lake, catalogue, as_of_day if as_of_day is not None else today)


@contextmanager
def folded_daily(app: App, day: int) -> Generator[Iterator[list[tuple[Any, ...]]], None, None]:
    """What the lake fills once a day, as of a day: customer and the columns of `plan.daily`, PIECE_ROWS at a time."""
    of_lake = ready(app).plan.of_lake
    with duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(app), LAKE_COLUMNS)
        read_membership(app, lake)
        yield lake.pieces(_folded(lake, of_lake, day), PIECE_ROWS)


def fold_lake(app: App, traits: list[str], owner: str = "household") -> Rebuilt:
    """These traits by a column of the facts (panel households) instead of by customer; for published numbers."""
    chosen = plan([trait for trait in ready(app).plan.traits if trait.name in traits]).whole
    with duckdb.engine() as duck:
        duck.read_facts("lake", collect.fact_files(app), LAKE_COLUMNS)
        keys = f'select distinct "{owner}" as k from lake where "{owner}" is not null'
        duck.make("keys", f"select k, row_number() over (order by k) as customer from ({keys})")
        rest = ", ".join(f'"{name}"' for name in TYPES if name != owner)
        joined = f'lake join keys on lake."{owner}" = keys.k'
        duck.view(FACTS, f"select keys.customer as signature, {rest} from {joined}")
        duck.make("membership", "select customer as signature, customer from keys")
        duck.make(EVERYBODY, "select customer, true as known from keys")
        _no_spans(duck)
        _read_fields(duck, chosen, [])
        built = _fold(duck, chosen, _today(app))
        names = dict(duck.rows("select customer, k from keys"))
    rows = [(names[row[0]], *row[1:]) for row in built.rows]
    return Rebuilt(as_of_day=built.as_of_day, columns=[owner, *built.columns[1:]], rows=rows)


def fold_past(app: App, traits: Sequence[str], day: int) -> Rebuilt:
    """These traits of everybody on a past day, and nothing else: `traits` come in the order of the catalogue.

    Identities are those of today; fields of profiles have no past, so traits made of them are not for this.
    """
    chosen = plan([trait for trait in ready(app).plan.traits if trait.name in traits]).whole
    assert not chosen.fields, "a field is as it is now"
    with duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(app, day), LAKE_COLUMNS)
        read_membership(app, lake)
        _read_fields(lake, chosen, [])
        return _fold(lake, chosen, day)


def fold_days(
    app: App, traits: Sequence[str], cells: Sequence[Leaf], customers: Sequence[int], days: tuple[int, int]
) -> tuple[Rebuilt, list[list[tuple[Any, ...]]]]:
    """These traits of these customers over the facts after the first of the days up to the second, as of the second.

    And the cells of traits by key: customer, key and count, for each of `cells` that was asked for. Identities are
    those of today. `traits` come in the order of the catalogue.
    """
    declared = [trait for trait in ready(app).plan.traits if trait.name in traits]
    chosen = plan([*declared, *(Trait(f"cells_{place}", "", cell) for place, cell in enumerate(cells))]).whole
    after, until = days
    with duckdb.engine() as lake:
        # Files are by the day of their own clock, facts by the brand's: one more, and the facts decide.
        lake.read_facts("lake", collect.fact_files(app, until + 1), LAKE_COLUMNS)
        lake.view(FACTS, f"select * from lake where day > {after:d} and day <= {until:d}")
        read_membership(app, lake)
        lake.run(f'drop table "{EVERYBODY}"')
        lake.table(EVERYBODY, {CUSTOMER: "bigint", "known": "boolean"}, [(customer, True) for customer in customers])
        _read_fields(lake, chosen, [])
        built = _fold(lake, chosen, until)
        return built, [lake.rows(_counts(chosen, cell)) for cell in cells]


def _counts(chosen: Plan, cell: Leaf) -> str:
    family, measure = next(
        (family, output.measure) for family in chosen.families for output in family.outputs if output.leaf == cell
    )
    return (
        f'select c.customer, c.key, c."{measure}" from "{family.table}" c join {EVERYBODY} e '
        f'on e.customer = c.customer where c."{measure}" > 0 order by c.customer, c.key'
    )


def values_from_lake(app: App, leaf: Leaf) -> list[tuple[int, Any]]:
    """One number of every customer from the lake, as of today: what a draft asks for and no row keeps yet."""
    small = plan([Trait("value", "value", leaf, freshness="daily")]).whole
    with duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(app, None), LAKE_COLUMNS)
        read_membership(app, lake)
        return [(row[0], row[1]) for row in _fold(lake, small, _today(app)).rows]


def segment_sizes_on(app: App, day: int) -> dict[str, int]:
    """How many would have been in each segment on a past day, under today's rules and identities."""
    built = rebuild(app, day)
    names = [segment.name for segment in ready(app).plan.segments]
    places = [built.columns.index(name) for name in names]
    return {name: sum(1 for row in built.rows if row[place]) for name, place in zip(names, places, strict=True)}


def _today(app: App) -> int:
    row = app.db.execute(SQL.as_of_day).fetchone()
    return row[0] if row else 0


def read_membership(app: App, lake: Engine) -> None:
    """Tables membership (signature, customer), everybody (customer, known) and span (sessions of shared carriers)."""
    members = app.db.execute(SQL.membership).fetchall()
    lake.table("membership", {"signature": "bigint", CUSTOMER: "bigint"}, members)
    everybody = app.db.execute(SQL.everybody).fetchall()
    lake.table(EVERYBODY, {CUSTOMER: "bigint", "known": "boolean"}, everybody)
    _no_spans(lake, app.db.execute(SQL.spans).fetchall())


def membership_of(app: App, lake: duckdb.Engine, members: str, spans: str) -> None:
    """The first and the last of these in tables of these names, read in binary: a million records take a second."""
    with app.db.cursor().copy(SQL.copy_membership) as stream:
        binary.fill(lake, members, {"signature": "whole", CUSTOMER: "whole"}, stream)
    columns = {"signature": "bigint", "from_us": "bigint", "to_us": "bigint", "holder": "bigint"}
    lake.table(spans, columns, app.db.execute(SQL.spans).fetchall())


def _read_fields(lake: Engine, catalogue: Plan, rows: list[tuple[Any, ...]]) -> None:
    types = {name: COLUMN_TYPES[field.kind].split(" collate")[0] for name, field in catalogue.fields}
    lake.table("held", {CUSTOMER: "bigint"} | types, rows)


def _no_spans(lake: Engine, spans: list[tuple[Any, ...]] | None = None) -> None:
    columns = {"signature": "bigint", "from_us": "bigint", "to_us": "bigint", "holder": "bigint"}
    lake.table("span", columns, spans or [])


def _fold(lake: Engine, catalogue: Plan, day: int) -> Rebuilt:
    columns = [CUSTOMER, *[t.name for t in catalogue.traits], *[s.name for s in catalogue.segments]]
    return Rebuilt(as_of_day=day, columns=columns, rows=lake.rows(_folded(lake, catalogue, day)))


def _folded(lake: Engine, catalogue: Plan, day: int) -> str:
    """Everybody's values as a statement over the states, which are made here."""
    as_of = literal(day)
    # A shared carrier's session decides fact by fact; everything else follows its signature, whoever that is now.
    lake.view(
        OWNED,
        f"select f.*, s.holder from {FACTS} f left join span s "
        "on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us",
    )
    lake.make("part", _by_record(compiled.lift(catalogue, lake.dialect), OWNED, lake.dialect))
    lake.make("whole", _by_customer(catalogue, lake.dialect))
    for family in catalogue.families:
        lake.make(family.table, _cells(family, as_of, lake.dialect))
    return render(_finish(catalogue, as_of, lake.dialect), lake.dialect)


def _by_record(columns: list[tuple[str, Node]], source: str, dialect: Dialect) -> str:
    chosen = [named(node, name) for name, node in columns]
    keys = [column("signature"), column("holder")]
    return render(exp.select(*keys, *chosen).from_(source).group_by(*keys), dialect)


OWNER = exp.Coalesce(this=column("holder"), expressions=[column(CUSTOMER, "m")])


def _by_customer(catalogue: Plan, dialect: Dialect) -> str:
    chosen = [named(node, name) for name, node in compiled.merged(catalogue, dialect)]
    source = exp.select(named(OWNER, "owner"), *[column(n, "p") for s in catalogue.scalars for n, _ in s.columns])
    source = source.from_(exp.alias_(exp.to_table("part"), "p")).join(
        exp.alias_(exp.to_table("membership"), "m"),
        on=exp.EQ(this=column("signature", "m"), expression=column("signature", "p")),
        join_type="left",
    )
    query = exp.select(named(column("owner"), CUSTOMER), *chosen).from_(source.subquery("owned"))
    return render(query.group_by(column("owner")), dialect)


def _cells(family: Family, as_of: Node, dialect: Dialect) -> str:
    """The family's cells, by record first and then by customer."""
    by_record = compiled.cells(family, OWNED, "signature", as_of)
    by_record = by_record.select(column("holder")).group_by(column("holder"))
    if family.kind == "distinct":
        by_record = sketches.smallest(by_record, ["signature", "holder"], SKETCH_HASHES)
    source = exp.select(named(OWNER, "owner"), column("key", "p"), *[column(m.name, "p") for m in family.measures])
    source = source.from_(by_record.subquery("p")).join(
        exp.alias_(exp.to_table("membership"), "m"),
        on=exp.EQ(this=column("signature", "m"), expression=column("signature", "p")),
        join_type="left",
    )
    sums = [named(compiled.whole_sum(column(m.name)), m.name) for m in family.measures]
    query = exp.select(named(column("owner"), CUSTOMER), column("key"), *sums).from_(source.subquery("owned"))
    query = query.group_by(column("owner"), column("key"))
    if family.kind == "distinct":
        query = sketches.smallest(query, [CUSTOMER], SKETCH_HASHES)
    return render(query, dialect)


def _finish(catalogue: Plan, as_of: Node, dialect: Dialect) -> exp.Select:
    def leaf(of: Held) -> Node:
        return column(catalogue.columns[of], "base")

    scalars = [column(name, "w") for s in catalogue.scalars for name, _ in s.columns]
    zero = {s.name for s in catalogue.scalars if s.leaf.fold in SUMMED}
    scalars = [named(compiled.coalesce(c, literal(0)), c.name) if c.name in zero else c for c in scalars]
    base = exp.select(named(column(CUSTOMER, "e"), CUSTOMER), column("known", "e"), *scalars)
    base = base.from_(exp.alias_(exp.to_table(EVERYBODY), "e"))
    base = _left(base, exp.alias_(exp.to_table("whole"), "w"), "w")
    if catalogue.fields:
        base = _left(base, exp.alias_(exp.to_table("held"), "h"), "h")
        base = base.select(*[column(name, "h") for name, _ in catalogue.fields])
    for number, family in enumerate(catalogue.families):
        read = compiled.read_cells(family, dialect, EVERYBODY, as_of)
        base = _left(base, read.subquery(f"f{number}"), f"f{number}")
        base = base.select(*[column(output.name, f"f{number}") for output in family.outputs])
    columns = [named(compiled.finish(t.expression, leaf, as_of), t.name) for t in catalogue.traits]
    for segment in catalogue.segments:
        claim = compiled.coalesce(compiled.finish(segment.rule, leaf, as_of), exp.false())
        # Segments hold people we know.
        columns.append(named(both([column("known", "base"), claim]), segment.name))
    return exp.select(column(CUSTOMER, "base"), *columns).from_(base.subquery("base", copy=False), copy=False)


def _left(query: exp.Select, source: Node, alias: str) -> exp.Select:
    on = exp.EQ(this=column(CUSTOMER, alias), expression=column(CUSTOMER, "e"))
    return query.join(source, on=on, join_type="left", copy=False)
