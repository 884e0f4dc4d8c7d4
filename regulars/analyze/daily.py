"""Daily traits: folded from the lake once a day, between two batches; only the values are kept.

    lake -> DuckDB -> values of everybody -> temporary table -> rows that differ -> finished and judged like a batch

The worker carries no batch while it reads the lake; the flow's lock is held only while what differs is written, so
other workers go on. Values are as of what the lake held; who is merged keeps the survivor's until the next run, who is
folded again has none until then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString, cast

import msgspec

from regulars import collect
from regulars.analyze.fold import NULL, set_up, settle_day
from regulars.analyze.past import SQL
from regulars.analyze.plan import COLUMN_TYPES, Plan
from regulars.analyze.rebuild import folded_daily
from regulars.analyze.schema import ready
from regulars.analyze.segments.members import Because, write_moves
from regulars.app import App
from regulars.model import Changes

NOTHING = Changes(people=None, touched=[])


class DailyRun(msgspec.Struct, frozen=True):
    """The latest time that daily traits were computed."""

    day: int
    """They are as of, in days since 1970-01-01."""
    seq: int
    """Up to which position of the journal; 0 once somebody was merged or folded again since."""


def daily_run(app: App) -> DailyRun | None:
    """The latest run, None before the first."""
    row = app.db.execute(SQL.daily_run).fetchone()
    return DailyRun(*row) if row else None


def refresh_daily(app: App, now: datetime) -> Changes:
    """Daily traits of everybody, if they are not yet as of today and the lake holds something new. In a transaction."""
    catalogue, run = ready(app), daily_run(app)
    held = collect.checkpoint_of(app, collect.LAKE)
    row = app.db.execute(SQL.as_of_day).fetchone()
    if not catalogue.plan.daily or row is None or not held or (run and run.day >= row[0]):
        return NOTHING
    text = _texts(catalogue.plan)
    app.db.execute(text[0])
    with folded_daily(app, row[0]) as pieces, app.db.cursor().copy(text[1]) as copy:
        for piece in pieces:
            copy.write(_lines(piece))
    app.db.execute(SQL.lock_flow)
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    set_up(app, catalogue)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    changed = [customer for (customer,) in app.db.execute(text[2]).fetchall()]
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    app.db.execute(SQL.seen, {"customers": changed})
    _, moved = settle_day(app, catalogue)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    app.db.execute(SQL.daily_ran, {"day": row[0], "seq": held})
    return Changes(people=None, touched=changed, moves=write_moves(app, catalogue, moved, now, Because(reason="time")))


def _texts(plan: Plan) -> tuple[LiteralString, LiteralString, LiteralString]:
    """The table that values come in, the COPY into it, and the update that gives whose row differed."""
    name = f"daily_{plan.fingerprint}"
    typed = ", ".join(f'"{column}" {COLUMN_TYPES[leaf.kind]}' for column, leaf in plan.daily)
    names = [f'"{column}"' for column, _ in plan.daily]
    made = f'drop table if exists "{name}"; create temporary table "{name}" (customer bigint, {typed}) on commit drop'
    copied = f"copy \"{name}\" from stdin (format csv, delimiter E'\\t', quote E'\\x01', null E'\\x02')"
    sets = ", ".join(f"{column} = n.{column}" for column in names)
    old, new = ", ".join(f"s.{column}" for column in names), ", ".join(f"n.{column}" for column in names)
    stored = (
        f'update trait_state s set {sets} from "{name}" n '
        f"where s.customer = n.customer and ({old}) is distinct from ({new}) returning s.customer"
    )
    return _sql(made), _sql(copied), _sql(stored)


def _lines(rows: list[tuple[Any, ...]]) -> bytes:
    return "".join("\t".join(NULL if v is None else str(v) for v in row) + "\n" for row in rows).encode()


def _sql(text: str) -> LiteralString:
    # Built from the catalogue, whose names are identifiers.
    return cast(LiteralString, text)
