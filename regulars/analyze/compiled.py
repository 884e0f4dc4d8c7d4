"""The plan as SQL: LIFT, MERGE and FINISH as SQLGlot expressions, one text per dialect. Pure.

    LIFT    a fact as state: case when <selected> then <value> end
    MERGE   states of one owner together: sum, min, max, first, last; group by owner [, key]
    FINISH  what people see: expressions over one customer's merged scalars and what is read out of her cells

`build = FINISH(MERGE(LIFT(lake)))` in DuckDB; `refresh = FINISH(state MERGE LIFT(batch))` in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from regulars.analyze import days, sequences, sketches
from regulars.analyze.expressions import (
    COPIED,
    LEAVES,
    SKETCH_HASHES,
    SUMMED,
    WINDOW_LIMIT_DAYS,
    Distinct,
    Expression,
    Facts,
    Held,
    Literally,
    OfDays,
    Op,
    Quantile,
    Root,
    Scalar,
    Sequence,
    Since,
    Today,
    Week,
    When,
    Windowed,
)
from regulars.analyze.plan import Family, Measure, Output, Plan, ScalarState
from regulars.lake.dialect import (
    DUCKDB,
    POSTGRES,
    Dialect,
    Node,
    binary,
    both,
    cast,
    coalesce,
    column,
    either,
    known,
    literal,
    named,
    pick,
    render,
    when,
    whole_sum,
)

ZERO = literal(0)
# Bits of one bigint that stay positive.
WORD_BITS = 62
CUSTOMER = "customer"
Columns = list[tuple[str, Node]]


def selected(facts: Facts) -> Node:
    """The claim that a fact is one of these."""
    claims = [binary("=", column("event"), literal(facts.event))]
    return both(claims + [binary(sign, column(name), literal(value)) for name, sign, value in facts.conditions])


def lift(plan: Plan, dialect: Dialect) -> Columns:
    """Aggregates that turn the facts of one owner into her scalars, by column name."""
    return [pair for state in plan.scalars for pair in lifted(state, dialect)]


def lifted(state: ScalarState, dialect: Dialect) -> Columns:
    """The same for one scalar."""
    leaf, name = state.leaf, state.name
    chosen = selected(leaf.facts)
    value = column(leaf.column) if leaf.column else literal(1)
    if leaf.fold == "squares":
        value = binary("*", value, value)
    if leaf.fold in SUMMED:
        return [(name, coalesce(whole_sum(when(chosen, value)), ZERO))]
    if leaf.fold in ("min", "max"):
        return [(name, _extreme(leaf)(this=when(chosen, value)))]
    t, ident = column("occurred_us"), column("fact_id")
    return _picked(state, dialect, value, t, ident, both([chosen, known(value)]))


def newest_pair(state: ScalarState) -> Node:
    """(t, id) of the first or latest fact that has the value, as an array: PostgreSQL compares those place by place."""
    assert state.leaf.column is not None, "first and latest carry a column"
    chosen = both([selected(state.leaf.facts), known(column(state.leaf.column))])
    pair = exp.Array(expressions=[column("occurred_us"), column("fact_id")])
    return (exp.Max if state.leaf.fold == "last" else exp.Min)(this=when(chosen, pair))


def merged(plan: Plan, dialect: Dialect) -> Columns:
    """Aggregates that join several states of one owner, by column name."""
    return [pair for state in plan.scalars for pair in _merged(state, dialect)]


def _merged(state: ScalarState, dialect: Dialect) -> Columns:
    value = column(state.name)
    if state.leaf.fold in SUMMED:
        return [(state.name, coalesce(whole_sum(value), ZERO))]
    if state.leaf.fold in ("min", "max"):
        return [(state.name, _extreme(state.leaf)(this=value))]
    t, ident = column(f"{state.name}__t"), column(f"{state.name}__id")
    return _picked(state, dialect, value, t, ident, known(value))


def _picked(state: ScalarState, dialect: Dialect, value: Node, t: Node, ident: Node, only: Node) -> Columns:
    # The identifier decides between facts of one microsecond, so every engine takes the same one.
    largest = state.leaf.fold == "last"
    sources = ((f"{state.name}__t", t), (f"{state.name}__id", ident), (state.name, value))
    return [(name, pick(dialect, source, [t, ident], largest=largest, only=only)) for name, source in sources]


def joined(state: ScalarState, old: str, new: str) -> Columns:
    """The state of row `old` merged with that of row `new`, either of which may be missing."""
    columns = [(name, column(name, old), column(name, new)) for name, _ in state.columns]
    fold = state.leaf.fold
    if fold in SUMMED:
        return [(n, binary("+", coalesce(o, ZERO), coalesce(d, ZERO))) for n, o, d in columns]
    if fold in ("min", "max"):
        function = exp.Least if fold == "min" else exp.Greatest
        # GREATEST of a NULL is NULL in some engines and the other value in others: never give it one.
        return [(n, function(this=coalesce(o, d), expressions=[coalesce(d, o)])) for n, o, d in columns]
    (_, old_t, new_t), (_, old_id, new_id), _ = columns
    sign = ">" if fold == "last" else "<"
    same_time = both([binary("=", new_t, old_t), binary(sign, new_id, old_id)])
    newer = either([exp.Is(this=old_t, expression=exp.Null()), binary(sign, new_t, old_t), same_time])
    return [(n, when(both([known(new_t), newer]), d, o)) for n, o, d in columns]


def cells(family: Family, source: str, owner: str, as_of: Node) -> exp.Select:
    """Cells of a batch of facts: owner, key, measures."""
    chosen = either(selected(m.facts) for m in family.measures)
    key = column(family.key) if family.kind != "histogram" else sketches.bucket(column(family.key))
    claims = [chosen, known(column(family.key))]
    if family.kind in ("window", "sequence"):
        claims.append(binary(">", column("day"), binary("-", as_of, literal(WINDOW_LIMIT_DAYS))))
    sums = [named(coalesce(whole_sum(when(selected(m.facts), _measured(m))), ZERO), m.name) for m in family.measures]
    query = exp.select(named(column(owner), owner), named(key, "key"), *sums).from_(source)
    return query.where(both(claims)).group_by(column(owner), key)


def merged_cells(family: Family, source: str, owner: str, new_owner: Node, join: str | None = None) -> exp.Select:
    """Cells of several owners as cells of one."""
    sums = [named(whole_sum(column(m.name)), m.name) for m in family.measures]
    query = exp.select(named(new_owner, CUSTOMER), named(column("key"), "key"), *sums).from_(source)
    if join:
        query = query.join(join, using=[owner])
    return query.group_by(new_owner, column("key"))


def read_cells(family: Family, dialect: Dialect, touched: str, as_of: Node) -> exp.Select:
    """The outputs of a family for every customer in `touched`, cells or not."""
    source: exp.Select | str = family.table
    if family.kind == "days":
        source = days.by_day(family, touched, as_of)
    elif family.kind == "sequence":
        source = sequences.in_order(family, touched, as_of)
    elif family.kind == "histogram":
        source = sketches.summed_up(family)
    query = exp.select(
        named(column(CUSTOMER, "t"), CUSTOMER),
        *[named(_output(output, family, dialect, as_of), output.name) for output in family.outputs],
    ).from_(exp.alias_(exp.to_table(touched), "t"))
    inner: Node = source.subquery("c") if isinstance(source, exp.Select) else exp.alias_(exp.to_table(source), "c")
    on = binary("=", column(CUSTOMER, "c"), column(CUSTOMER, "t"))
    return query.join(inner, on=on, join_type="left").group_by(column(CUSTOMER, "t"))


def read_each(family: Family, touched: str, as_of: Node) -> str:
    """The same for PostgreSQL, customer by customer: however few they are, nobody else's cells are read."""
    mine = binary("=", column(CUSTOMER), column(CUSTOMER, "t"))
    source: Node = exp.select("*").from_(family.table).where(mine).subquery("c")
    if family.kind == "days":
        source = days.by_day(family, None, as_of).subquery("c")
    elif family.kind == "sequence":
        source = sequences.in_order(family, None, as_of).subquery("c")
    outputs = [named(_output(output, family, POSTGRES, as_of), output.name) for output in family.outputs]
    # One row however many cells there are, also where no output adds any up: the top key is looked up by itself.
    inner = render(exp.select(*outputs).from_(source).having(exp.true()), POSTGRES)
    return f'select t.customer, f.* from "{touched}" t cross join lateral ({inner}) f'


def _output(output: Output, family: Family, dialect: Dialect, as_of: Node) -> Node:
    leaf, key, measure = output.leaf, column("key", "c"), column(output.measure, "c")
    if isinstance(leaf, Windowed):
        inside = both([binary(">", key, binary("-", as_of, literal(leaf.days))), binary("<=", key, as_of)])
        return coalesce(whole_sum(when(inside, measure)), ZERO)
    if isinstance(leaf, OfDays):
        return days.output(leaf.what)
    if isinstance(leaf, Sequence):
        return sequences.output(leaf, as_of)
    if isinstance(leaf, Distinct):
        return sketches.different(key, SKETCH_HASHES)
    if isinstance(leaf, Quantile):
        return sketches.value_at(leaf.percent, output.measure)
    some = binary(">", measure, ZERO)
    if leaf.what == "keys":
        return coalesce(whole_sum(when(some, literal(1))), ZERO)
    if leaf.what == "top_value":
        return coalesce(exp.Max(this=when(some, measure)), ZERO)
    if leaf.what == "of_key":
        assert leaf.wanted is not None, "the total of one key says of which"
        return coalesce(whole_sum(when(binary("=", key, literal(leaf.wanted)), measure)), ZERO)
    if dialect == POSTGRES:
        return _top_row(family, output)
    return pick(dialect, key, [exp.Neg(this=measure), key], largest=False, only=some)


def _top_row(family: Family, output: Output) -> Node:
    """One bounded sort a customer instead of an ordered array of all her keys."""
    measure, key = column(output.measure, "k"), column("key", "k")
    mine = both([binary("=", column(CUSTOMER, "k"), column(CUSTOMER, "t")), binary(">", measure, ZERO)])
    order = [exp.Ordered(this=measure, desc=True, nulls_first=True), exp.Ordered(this=key, desc=False)]
    rows = exp.select(key).from_(exp.alias_(exp.to_table(family.table), "k")).where(mine).order_by(*order).limit(1)
    return exp.Subquery(this=rows)


def finish(expression: Expression, leaf: Callable[[Held], Node], as_of: Node) -> Node:
    """The value of an expression over one row, leaves read by `leaf`."""
    if isinstance(expression, (*LEAVES, *COPIED)):
        return leaf(expression)
    if isinstance(expression, Literally):
        return literal(expression.constant)
    if isinstance(expression, Since):
        return binary("-", as_of, finish(expression.day, leaf, as_of))
    if isinstance(expression, Root):
        return exp.Sqrt(this=finish(expression.of, leaf, as_of))
    if isinstance(expression, Today):
        return as_of
    if isinstance(expression, Week):
        return days.week(finish(expression.day, leaf, as_of))
    if isinstance(expression, When):
        value, otherwise = (finish(each, leaf, as_of) for each in (expression.value, expression.otherwise))
        return exp.Paren(this=when(finish(expression.claim, leaf, as_of), value, otherwise))
    assert isinstance(expression, Op), "the vocabulary has no other expression"
    left = finish(expression.left, leaf, as_of)
    if expression.sign == "not":
        return exp.Not(this=exp.Paren(this=coalesce(left, exp.false())))
    return binary(expression.sign, left, finish(expression.right, leaf, as_of))


def words(plan: Plan, bits: dict[str, int], leaf: Callable[[Held], Node], as_of: Node) -> Node:
    """Membership of one row in every segment as an array of words of WORD_BITS: a segment has its bit for ever."""
    totals: list[Node] = [ZERO] * (1 + max(bits.values(), default=0) // WORD_BITS)
    for segment in plan.segments:
        place, bit = divmod(bits[segment.name], WORD_BITS)
        claim = coalesce(finish(segment.rule, leaf, as_of), exp.false())
        totals[place] = exp.Add(this=totals[place], expression=when(claim, literal(1 << bit), ZERO))
    return cast(exp.Array(expressions=totals), "bigint[]")


def values(plan: Plan, leaf: Callable[[Held], Node], as_of: Node) -> Columns:
    """Stored values that are not states themselves, by trait name."""
    return [(trait.name, finish(trait.expression, leaf, as_of)) for trait in plan.values]


def _measured(measure: Measure) -> Node:
    return column(measure.column) if measure.column else literal(1)


def _extreme(leaf: Scalar) -> type[exp.AggFunc]:
    return exp.Min if leaf.fold == "min" else exp.Max


__all__ = [
    "CUSTOMER",
    "DUCKDB",
    "WORD_BITS",
    "cells",
    "finish",
    "joined",
    "lift",
    "merged",
    "merged_cells",
    "read_cells",
    "read_each",
    "selected",
    "values",
    "words",
]
