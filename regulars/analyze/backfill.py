"""The past of new traits, folded in stretches of the journal while events keep flowing.

A new state is folded live from position X on. Everything up to X is folded here by merging, not by overwriting: each
stretch goes to whoever the events belong to now, and merges of customers carry what was folded so far along. Who is
recomputed meanwhile is folded whole at once, so the remaining stretches skip her. When the last stretch is done,
everybody's values and segments are finished once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from regulars.analyze import past
from regulars.analyze.fold import BY_RULE, Moved, rows_of, set_up, settle
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan
from regulars.analyze.restated import read_everybody
from regulars.analyze.schema import Ready, close_gaps, ready
from regulars.analyze.segments.members import Because, write_moves
from regulars.analyze.statements import Statements
from regulars.app import App
from regulars.model import SegmentMove

# Journal positions of one stretch: the flow waits this long at most.
STRETCH_EVENTS = 20_000


def backfill(app: App, stretch: int = STRETCH_EVENTS) -> list[SegmentMove]:
    """Fold one stretch of the past for states that miss it; gives the moves it caused. Call in a transaction."""
    app.db.execute(SQL.lock_flow)
    gaps = app.db.execute(SQL.state_gaps).fetchall()
    if not gaps:
        # Seen at the start of a transaction, so it is committed; at the end of one it could still be rolled back.
        close_gaps(app)
        return []
    after = min(done for _, _, done, _ in gaps)
    now = [(place, name, live) for place, name, done, live in gaps if done == after]
    to = min(after + stretch, *(live for _, _, live in now))
    part = _part(ready(app).plan, frozenset((place, name) for place, name, _ in now))
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    if part.plan.scalars or part.plan.families:
        _fold_stretch(app, part, after, to)
    else:
        to = max(live for _, _, live in now)
    app.db.execute(SQL.move_gaps, {"after": after, "to": to})
    moved: list[Moved] = []
    if not app.db.execute(SQL.state_gaps).fetchall():
        set_up(app, ready(app))
        app.db.execute(SQL.everybody_again)
        read_everybody(app, ready(app))
        _, moved = settle(app, ready(app), BY_RULE)
        app.db.execute(SQL.clear_complete)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    return write_moves(app, ready(app), moved, app.clock.now(), Because(reason="rule"))


def _fold_stretch(app: App, part: Ready, after: int, to: int) -> None:
    set_up(app, part)
    for chunk in past.between(app, after, to):
        owners = sorted({customer for customer, _ in chunk})
        whole = {row[0] for row in app.db.execute(SQL.completed, {"customers": owners}).fetchall()}
        owned = [(customer, event) for customer, event in chunk if customer not in whole]
        with app.db.cursor().copy(part.statements.copy_facts) as copy:
            copy.write(rows_of(owned, part, app))
    settle(app, part, BY_RULE)


@lru_cache(maxsize=4)
def _part(plan: Plan, states: frozenset[tuple[str, str]]) -> Ready:
    """The plan of these states alone: nothing is finished, nobody is judged."""
    families = [
        replace(f, outputs=(), measures=tuple(m for m in f.measures if (f.table, m.name) in states))
        for f in plan.families
    ]
    scalars = tuple(s for s in plan.scalars if ("trait_state", s.name) in states)
    part = Plan((), (), scalars, tuple(f for f in families if f.measures), plan.columns)
    return Ready(plan=part, bits={}, statements=Statements(part, {}), has_gaps=True)
