"""Two sketches out of cells that are the same in every engine: different things, and a distribution. Expressions, pure.

Different things: of 64-bit hashes the SKETCH_HASHES smallest are kept. Fewer are all there are; else the largest of
them says how dense hashes lie (k minimum values, Bar-Yossef et al. 2002).

A distribution: a value is a bucket of its number of digits and its two leading ones, at most 90 a power of ten. What
stands for a bucket is its middle, at most 5 % from any value in it; up to two digits it is the value itself.
"""

from __future__ import annotations

from sqlglot import exp

from regulars.analyze.plan import Family
from regulars.lake.dialect import Node, binary, cast, coalesce, column, literal, named, over, when

CUSTOMER = "customer"
# Amounts have at most 14.
DIGITS_LIMIT = 15
# Up to two digits a bucket is one value.
EXACT_BELOW = 100
HALF_RANGE, RANGE = 2.0**63, 2.0**64


def smallest(cells: exp.Select, owner: list[str], kept: int) -> exp.Select:
    """Of these cells the smallest keys of each owner: a function of the set, so it may be applied before merging."""
    rank = over(exp.RowNumber(), [column(name) for name in owner], column("key"), descending=False)
    ranked = exp.select("*", named(rank, "rank")).from_(cells.subquery("cells"))
    return exp.select("*").from_(ranked.subquery("ranked")).where(binary("<=", column("rank"), literal(kept)))


def different(key: Node, kept: int) -> Node:
    """How many different keys a customer has, out of the `kept` smallest."""
    return estimated(cast(exp.Count(this=key), "bigint"), exp.Max(this=key), kept)


def estimated(number: Node, largest: Node, kept: int) -> Node:
    """The same out of how many there are and the largest of the `kept` smallest."""
    dense = binary("+", cast(largest, "double"), literal(HALF_RANGE))
    estimate = binary("/", literal(float(kept - 1)), binary("/", dense, literal(RANGE)))
    whole = coalesce(cast(exp.Floor(this=estimate), "bigint"), literal(kept))
    # Never below what was seen, so that the value alone says whether it is an estimate.
    at_least = exp.Greatest(this=whole, expressions=[literal(kept)])
    return when(binary("<", number, literal(kept)), number, at_least)


def bucket(value: Node) -> Node:
    """The bucket of a whole number: 100 times its digits, plus the two leading ones; below zero mirrored."""
    digits = cast(exp.Abs(this=value), "text")
    number = cast(exp.Length(this=digits), "bigint")
    leading = cast(exp.Substring(this=digits, start=literal(1), length=literal(2)), "bigint")
    found = binary("+", binary("*", number, literal(100)), leading)
    return exp.Paren(this=when(binary("<", value, literal(0)), exp.Neg(this=found), found))


def middle(key: Node) -> Node:
    """What stands for a bucket."""
    size = exp.Abs(this=key)
    ends = [(200, binary("-", size, literal(100))), (300, binary("-", size, literal(200)))]
    for digits in range(3, DIGITS_LIMIT + 1):
        twice = binary("*", literal(2), binary("-", size, literal(100 * digits)))
        ends.append((100 * digits + 100, binary("*", binary("+", twice, literal(1)), literal(5 * 10 ** (digits - 3)))))
    found = exp.Case(ifs=[exp.If(this=binary("<", size, literal(end)), true=node) for end, node in ends])
    sign = exp.Paren(this=when(binary("<", key, literal(0)), literal(-1), literal(1)))
    return binary("*", sign, exp.Paren(this=found))


def summed_up(family: Family) -> exp.Select:
    """The cells of a histogram, each with how many facts lie up to it, and how many there are."""
    customer, key = column(CUSTOMER), column("key")
    sums = [(m.name, cast(over(exp.Sum(this=column(m.name)), customer, key), "bigint")) for m in family.measures]
    alls = [(m.name, cast(over(exp.Sum(this=column(m.name)), customer, None), "bigint")) for m in family.measures]
    columns = [named(node, f"{name}__upto") for name, node in sums] + [
        named(node, f"{name}__all") for name, node in alls
    ]
    return exp.select("*", named(middle(key), "middle"), *columns).from_(family.table)


def value_at(percent: int, measure: str) -> Node:
    """What stands for the bucket that this part of the facts does not exceed, over the rows of `summed_up`."""
    upto, every = column(f"{measure}__upto", "c"), column(f"{measure}__all", "c")
    is_there = binary(">", column(measure, "c"), literal(0))
    reached = binary(">=", binary("*", upto, literal(100)), binary("*", every, literal(percent)))
    return exp.Min(this=when(binary("and", is_there, reached), column("middle", "c")))
