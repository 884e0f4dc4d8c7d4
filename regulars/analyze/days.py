"""Numbers of a set of days: how many, gaps between neighbors, runs of days and weeks in a row. Expressions, pure.

    days by customer, newest first -> each with the gap to the one before -> which run it is in -> how long that run is

A run of weeks goes on while no week is left out; a week begins on Monday.
"""

from __future__ import annotations

from sqlglot import exp

from regulars.analyze.plan import DAYS_KEPT, Family
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
    over,
    when,
    whole_sum,
)

CUSTOMER = "customer"
# 1970-01-01 was a Thursday.
MONDAY_OFFSET_DAYS = 3
STEP = {"days": "gap", "weeks": "week_gap"}


def week(day: Node) -> Node:
    """The number of its week. A quotient of doubles is exact where it is whole, so its floor is in every engine."""
    shifted = binary("+", day, literal(MONDAY_OFFSET_DAYS))
    return cast(
        exp.Floor(this=exp.Paren(this=exp.Div(this=cast(shifted, "double"), expression=literal(7.0)))), "bigint"
    )


def output(what: str) -> Node:
    """One number out of a customer's days, over the rows of `by_day`."""
    key, gap = column("key", "c"), column("gap", "c")
    if what == "days":
        return cast(exp.Count(this=key), "bigint")
    if what == "newest":
        return exp.Max(this=key)
    if what in ("gap_sum", "gap_squares"):
        return coalesce(whole_sum(gap if what == "gap_sum" else binary("*", gap, gap)), literal(0))
    if what == "weeks":
        return coalesce(whole_sum(when(both([known(key), is_new("weeks", "c")]), literal(1))), literal(0))
    which, unit = what.split("_")
    length = column(f"{unit}_in_run", "c")
    latest = when(binary("=", column("rank", "c"), literal(1)), length)
    return coalesce(cast(exp.Max(this=length if which == "longest" else latest), "bigint"), literal(0))


def by_day(family: Family, touched: str | None, as_of: Node) -> exp.Select:
    """The newest days up to today, each with the gap to the one before it, which the oldest does not have.

    Of everybody in `touched`; None: of the customer `t` of a lateral join. What the family's outputs do not ask for is
    not computed.
    """
    customer, key = column(CUSTOMER), column("key")
    rank = over(exp.RowNumber(), customer, key, descending=True)
    # Days run backwards here, so the neighbor that LEAD sees is the day before.
    before = over(exp.Lead(this=key), customer, key, descending=True)
    ranked = exp.select(customer, key, named(rank, "rank"), named(before, "before")).from_(family.table)
    ranked = ranked.where(binary("<=", key, as_of))
    if touched is None:
        ranked = ranked.where(binary("=", customer, column(CUSTOMER, "t")))
    else:
        ranked = ranked.join(exp.to_table(touched), using=[CUSTOMER])
    inside = binary("<", column("rank"), literal(DAYS_KEPT))
    columns = [customer, key, named(when(inside, binary("-", key, column("before"))), "gap")]
    whats = family.whats()
    units = [unit for unit in STEP if whats & {f"longest_{unit}", f"latest_{unit}"}]
    if units:
        columns.append(column("rank"))
    if "weeks" in units or "weeks" in whats:
        columns.append(named(when(inside, binary("-", week(key), week(column("before")))), "week_gap"))
    kept = exp.select(*columns).from_(ranked.subquery("ranked"))
    kept = kept.where(binary("<=", column("rank"), literal(DAYS_KEPT)))
    return _with_runs(kept, units) if units else kept


def _with_runs(kept: exp.Select, units: list[str]) -> exp.Select:
    """Each day with the length of the run it is in."""
    customer, key = column(CUSTOMER), column("key")
    begun = [
        named(
            over(exp.Sum(this=when(begins(unit), literal(1), literal(0))), customer, key, descending=False),
            f"{unit}_run",
        )
        for unit in units
    ]
    runs = exp.select("*", *begun).from_(kept.subquery("kept"))
    lengths = [
        named(
            over(exp.Sum(this=when(is_new(unit), literal(1), literal(0))), [customer, column(f"{unit}_run")], None),
            f"{unit}_in_run",
        )
        for unit in units
    ]
    return exp.select("*", *lengths).from_(runs.subquery("runs"))


def begins(unit: str) -> Node:
    """The claim that a run begins with this day: nothing before it, or something left out."""
    step = column(STEP[unit])
    return either([exp.Is(this=step, expression=exp.Null()), binary(">", step, literal(1))])


def is_new(unit: str, table: str | None = None) -> Node:
    """The claim that this day is the first of its day (week)."""
    step = column(STEP[unit], table)
    return either([exp.Is(this=step, expression=exp.Null()), binary(">", step, literal(0))])
