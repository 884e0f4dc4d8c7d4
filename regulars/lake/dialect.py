"""The seam between engines: SQLGlot expressions for what they spell differently.

Only shapes that were proved to give the same values in every engine are offered; see docs/reference/traits.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlglot import exp

Dialect = Literal["postgres", "duckdb", "spark"]
POSTGRES: Dialect = "postgres"
DUCKDB: Dialect = "duckdb"
SPARK: Dialect = "spark"
Node = exp.Expr


def column(name: str, table: str | None = None) -> Node:
    """A column, quoted."""
    return exp.column(name, table=table, quoted=True)


def literal(value: int | float | str) -> Node:
    """A constant as a literal of its own type."""
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, float):
        return cast(exp.Literal.string(repr(value)), "double")
    return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))


def cast(node: Node, type_: str) -> Node:
    """`node` as bigint, double or text."""
    return exp.Cast(this=node, to=exp.DataType.build(type_))


def whole_sum(node: Node) -> Node:
    """A sum as bigint: engines widen it to types of their own otherwise."""
    return cast(exp.Sum(this=node), "bigint")


def coalesce(*nodes: Node) -> Node:
    """The first that is known."""
    return exp.Coalesce(this=nodes[0], expressions=list(nodes[1:]))


def when(condition: Node, value: Node, otherwise: Node | None = None) -> Node:
    """`value` where the condition holds."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def known(node: Node) -> Node:
    """The claim that it is not NULL."""
    return exp.Not(this=exp.Is(this=node, expression=exp.Null()))


def both(nodes: Iterable[Node]) -> Node:
    """All of these claims."""
    return _joined(exp.And, nodes)


def either(nodes: Iterable[Node]) -> Node:
    """Any of these claims."""
    return exp.Paren(this=_joined(exp.Or, nodes))


def _joined(kind: type[exp.Binary], nodes: Iterable[Node]) -> Node:
    first, *rest = nodes
    for node in rest:
        first = kind(this=first, expression=node)
    return first


def binary(sign: str, left: Node, right: Node) -> Node:
    """`left sign right`, in parentheses. Division is of doubles and NULL by zero, in every engine."""
    if sign == "/":
        right = exp.Nullif(this=cast(right, "double"), expression=cast(literal(0), "double"))
        return exp.Paren(this=exp.Div(this=cast(left, "double"), expression=right, typed=True, safe=False))
    return exp.Paren(this=SIGNS[sign](this=left, expression=right))


SIGNS: dict[str, type[exp.Binary]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    ">": exp.GT,
    ">=": exp.GTE,
    "<": exp.LT,
    "<=": exp.LTE,
    "=": exp.EQ,
    "and": exp.And,
    "or": exp.Or,
}


# What engines that know the value of the row with the largest of something call several things as one.
ROWS: dict[Dialect, str] = {DUCKDB: "row", SPARK: "struct"}


def pick(dialect: Dialect, value: Node, by: list[Node], *, largest: bool, only: Node) -> Node:
    """`value` of the row whose `by` is the largest (smallest), among rows where `only` holds. `by` must be unique."""
    if dialect in ROWS:
        row = exp.Anonymous(this=ROWS[dialect], expressions=by)
        chosen: Node = exp.Anonymous(this="max_by" if largest else "min_by", expressions=[value, row])
        return exp.Filter(this=chosen, expression=exp.Where(this=only))
    order = exp.Order(
        this=value, expressions=[exp.Ordered(this=node, desc=largest, nulls_first=largest) for node in by]
    )
    rows = exp.Filter(this=exp.ArrayAgg(this=order), expression=exp.Where(this=only))
    return exp.Bracket(this=exp.Paren(this=rows), expressions=[literal(1)], offset=1)


def over(function: Node, partition: Node | list[Node], by: Node | None, *, descending: bool = False) -> Node:
    """A window function over the rows of `partition`, in order of `by` where one is given, which is never NULL."""
    keys = partition if isinstance(partition, list) else [partition]
    order = by and exp.Order(expressions=[exp.Ordered(this=by, desc=descending, nulls_first=descending)])
    return exp.Window(this=function, partition_by=keys, order=order, over="OVER")


def named(node: Node, name: str) -> Node:
    """`node as name`."""
    return exp.alias_(node, name, quoted=True)


def render(node: Node, dialect: Dialect) -> str:
    """The text of a statement."""
    return node.sql(dialect=dialect, identify=True, comments=False)
