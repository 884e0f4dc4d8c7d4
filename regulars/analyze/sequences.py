"""One thing after another: which facts of one kind were followed by one of another within days. Expressions, pure.

A cell an instant, with how many of either happened then and on which day of the brand's: sums, so the state merges as
any other. What follows is read out of the cells in order, as gaps are read out of days.
"""

from __future__ import annotations

from sqlglot import exp

from regulars.analyze.expressions import Facts, Sequence
from regulars.analyze.plan import Family, measure_of
from regulars.lake.dialect import (
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
    when,
    whole_sum,
)

CUSTOMER = "customer"
DAY_US = 86_400 * 10**6


def output(leaf: Sequence, as_of: Node) -> Node:
    """How many first ones of the window were followed in time, or how many were not though the time is over."""
    day, after = column("day", "c"), column("next_day", "c")
    number = column("number", "c")
    inside = [binary(">", number, literal(0)), binary(">", day, binary("-", as_of, literal(leaf.last)))]
    in_time = both([known(after), binary("<=", binary("-", after, day), literal(leaf.within))])
    if leaf.followed:
        claim = both([*inside, in_time])
    else:
        late = either(
            [exp.Is(this=after, expression=exp.Null()), binary(">", binary("-", after, day), literal(leaf.within))]
        )
        claim = both([*inside, binary(">", binary("-", as_of, day), literal(leaf.within)), late])
    return coalesce(whole_sum(when(claim, number)), literal(0))


def in_order(family: Family, touched: str | None, as_of: Node) -> exp.Select:
    """Cells up to today with the day of the next second fact after each.

    Of everybody in `touched`; None: of the customer `t` of a lateral join.
    """
    leaf = family.outputs[0].leaf
    assert isinstance(leaf, Sequence), "a family of sequences holds sequences"
    customer, key = column(CUSTOMER), column("key")
    first, then = column(measure_of(leaf.first).name), column(measure_of(leaf.then).name)
    days = [coalesce(_day(leaf.first), _day(leaf.then)), named(first, "number"), named(then, "thens")]
    cells = exp.select(customer, key, named(days[0], "day"), *days[1:]).from_(family.table)
    if touched is None:
        cells = cells.where(binary("=", customer, column(CUSTOMER, "t")))
    else:
        cells = cells.join(exp.to_table(touched), using=[CUSTOMER])
    seen = exp.select("*").from_(cells.subquery("cells")).where(binary("<=", column("day"), as_of))
    after = exp.Window(
        this=exp.Min(this=when(binary(">", column("thens"), literal(0)), column("day"))),
        partition_by=[customer],
        order=exp.Order(expressions=[exp.Ordered(this=key, desc=True, nulls_first=True)]),
        # Strictly after: what happened at the same instant did not follow.
        spec=exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=literal(1), end_side="PRECEDING"
        ),
        over="OVER",
    )
    columns = [customer, column("day"), column("number")]
    return exp.select(*columns, named(after, "next_day")).from_(seen.subquery("seen"))


def _day(of: Facts) -> Node:
    """The day of an instant: the sum of equal days by their number, which a double divides exactly."""
    days, number = column(measure_of(of, "day").name), column(measure_of(of).name)
    return cast(exp.Floor(this=binary("/", days, number)), "bigint")


def days_moved(leaf: Sequence, before: int, day: int) -> set[int]:
    """Days whose first facts count otherwise than before: come into sight, out of time, or too old."""
    return {now - back for now in range(before + 1, day + 1) for back in (0, leaf.within + 1, leaf.last)}
