"""Who stands where now: judged from the trait row by one statement, written together with history and news.

A batch judges only whom it touched; a new day judges everybody once, for "days since" ages without events. Whoever has
no row of traits any more, or is known no more, stands nowhere: that is history, and nobody is left to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString, cast

from sqlglot import exp

from regulars import collect
from regulars.analyze import compiled
from regulars.analyze.plan import Plan, leaves
from regulars.analyze.schema import Ready
from regulars.analyze.stages import STAGES
from regulars.analyze.statements import AS_OF
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.lake.dialect import POSTGRES, Node, coalesce, column, literal, render
from regulars.model import StageMove
from regulars.store import queries
from regulars.store.rows import array

SQL = queries("regulars.analyze.lifecycle")
MOVED = "Lifecycle Stage Entered"
# Moves written by one statement when a day begins.
MOVES_AT_ONCE = 20_000
TITLES = {stage.name: stage.title for stage in STAGES}


def settle_stages(app: App, catalogue: Ready, customers: Sequence[int], now: datetime) -> list[StageMove]:
    """Judge these again, whether or not they still exist; gives who left a stage.

    Two statements, whatever their number.
    """
    if not customers or catalogue.has_gaps or not _applies(catalogue.plan):
        return []
    return _write(app, app.db.execute(_judged(catalogue.plan, some=True), {"some": array(customers)}).fetchall(), now)


def settle_everybody(app: App, catalogue: Ready, now: datetime) -> list[StageMove]:
    """The same for all customers: one pass over the traits, whose past is folded."""
    if not _applies(catalogue.plan):
        return []
    moves: list[StageMove] = []
    # Read where it stands, piece by piece: the first day of a large brand moves everybody.
    with app.db.cursor(name="stages") as rows:
        rows.execute(_judged(catalogue.plan, some=False), {})
        while found := rows.fetchmany(MOVES_AT_ONCE):
            moves += _write(app, found, now)
    return moves


def forget_stages(app: App, given: dict[str, Any]) -> None:
    """Take `customers` out of the history of stages; their places go to `nobody`, and so do counts of any day."""
    app.db.execute(SQL.entomb_stages, given)


def _write(app: App, rows: list[tuple[int, str | None, str | None]], now: datetime) -> list[StageMove]:
    if not rows:
        return []
    customers, before, after = map(list, zip(*sorted(rows), strict=True))
    given: dict[str, Any] = {"customers": customers, "before": before, "after": after, "at": now}
    # Before the first event nothing has said yet which day it is.
    given["today"] = day_number(now, app.settings.zone)
    written = app.db.execute(SQL.move_stages, given).fetchall()
    collect.announce(app, [_announcement(row, now) for row in written if _is_news(row[2], row[3])])
    return [StageMove(customer=row[1], before=row[2], after=row[3], at=now) for row in written if row[2] is not None]


def _is_news(before: str | None, after: str | None) -> bool:
    """Whoever ended cannot be told anything, and coming from no stage is none.

    Coming to be known is told elsewhere; and the first day of an existing brand would tell of everybody.
    """
    return before is not None and after is not None


def _announcement(row: tuple[Any, ...], now: datetime) -> collect.Announcement:
    ident, customer, before, after = row
    told = {"stage": after, "title": TITLES[after], "from_stage": before}
    return collect.Announcement(
        message_id=f"stage-move:{ident}", name=MOVED, customer=customer, occurred_at=now, properties=told
    )


def _applies(plan: Plan) -> bool:
    """Whether this catalogue holds what the stages look at: another brand's may not, and then it has no lifecycle."""
    return all(leaf in plan.columns for stage in STAGES if stage.claim is not None for leaf in leaves(stage.claim))


def _judged(plan: Plan, *, some: bool) -> LiteralString:
    return _statement(plan, " and t.customer = any(%(some)s::bigint[])" if some else "", some)


@lru_cache(maxsize=8)
def _statement(plan: Plan, which: str, some: bool) -> LiteralString:
    here = " where customer = any(%(some)s::bigint[])" if some else ""
    text = (
        f"with judged as (select t.customer, {_case(plan)} as stage from trait_state t where t.known{which}),"
        f" stood as (select customer, stage from lifecycle_stage{here})"
        " select coalesce(j.customer, s.customer), s.stage, j.stage"
        " from judged j full join stood s on s.customer = j.customer where j.stage is distinct from s.stage"
    )
    # Built from the catalogue by SQLGlot, which quotes every name and value.
    return cast(LiteralString, text)


def _case(plan: Plan) -> str:
    """The name of the highest stage whose claim holds."""
    claims = [
        exp.If(this=_claim(plan, stage.claim), true=literal(stage.name))
        for stage in reversed(STAGES)
        if stage.claim is not None
    ]
    # psycopg reads a percent sign as a parameter's.
    return render(exp.Case(ifs=claims, default=literal(STAGES[0].name)), POSTGRES).replace("%", "%%")


def _claim(plan: Plan, claim: Any) -> Node:
    return coalesce(compiled.finish(claim, lambda leaf: column(plan.columns[leaf], "t"), AS_OF), exp.false())
