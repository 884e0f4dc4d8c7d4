"""Proof that folding batch by batch lost nothing and doubled nothing: the live state beside a rebuild from the lake."""

from __future__ import annotations

from typing import Any

import msgspec

from regulars import collect
from regulars.analyze.daily import daily_run
from regulars.analyze.past import SQL
from regulars.analyze.questions import everybodys_traits
from regulars.analyze.rebuild import DUCKDB, rebuild
from regulars.analyze.schema import ready
from regulars.app import App

# Whoever reads them needs examples, not all of them.
DIFFERENCES_SHOWN = 1_000


class Difference(msgspec.Struct, frozen=True):
    """One value of one customer that the two do not agree on."""

    customer: int
    name: str
    """A trait, a segment, or `row`: she stands in one of the two only."""
    live: Any
    lake: Any


def differences(app: App, engine: str = DUCKDB) -> list[Difference]:
    """All traits and segments of everybody, live against a rebuild from the lake; [] when they are equal.

    Daily traits are compared where nothing came since they were computed: they are as of then, and nothing is wrong.
    The lake must hold everything that the flow carried: call `collect.flush` before. At most DIFFERENCES_SHOWN.
    `engine`: see `rebuild`.
    """
    built = rebuild(app, engine=engine)
    passed_over = _not_of_today(app)
    names = built.columns[1:]
    live = _live(app)
    found: list[Difference] = []
    for customer, *lake in built.rows:
        mine = live.pop(customer, None)
        if mine is None:
            found.append(Difference(customer, "row", None, True))
        elif tuple(lake) != mine:
            pairs = [pair for pair in zip(names, mine, lake, strict=True) if pair[0] not in passed_over]
            found += [Difference(customer, name, state, said) for name, state, said in pairs if state != said]
        if len(found) >= DIFFERENCES_SHOWN:
            return found[:DIFFERENCES_SHOWN]
    found += [Difference(customer, "row", True, None) for customer in live]
    return found[:DIFFERENCES_SHOWN]


def _not_of_today(app: App) -> set[str]:
    """Daily traits, and segments that look at them, where events came or the day changed since they were computed."""
    plan, run = ready(app).plan, daily_run(app)
    day = app.db.execute(SQL.as_of_day).fetchone()
    if run and day == (run.day,) and run.seq == collect.checkpoint_of(app, collect.FLOW):
        return set()
    declared = [(trait.name, trait.expression) for trait in plan.traits]
    declared += [(segment.name, segment.rule) for segment in plan.segments]
    return {name for name, expression in declared if plan.freshness(expression) == "daily"}


def _live(app: App) -> dict[int, tuple[Any, ...]]:
    """Traits and then segments of everybody who has a row, in the order of the catalogue."""
    segments = [segment.name for segment in ready(app).plan.segments]
    members = set(app.db.execute(SQL.memberships).fetchall())
    return {
        customer: (*traits, *((name, customer) in members for name in segments))
        for customer, *traits in everybodys_traits(app)
    }
