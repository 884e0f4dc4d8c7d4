"""How the flow takes over the segments that people saved, a step at a time, between two batches.

    saved -> its state is made -> the past of that state is folded, stretch by stretch -> everybody is judged by it

Each step is one transaction under the lock of the flow's checkpoint, so no batch is folded meanwhile and every process
reads the same rules. Until the last step the version before stays in force; a rule that cannot be taken over says why.
Whoever comes in or goes by it did nothing: that is history, and not news.
"""

from __future__ import annotations

from regulars.analyze import made
from regulars.analyze.backfill import backfill
from regulars.analyze.errors import RuleRefused, TooManySegments
from regulars.analyze.fold import changed
from regulars.analyze.past import SQL
from regulars.analyze.plan import Segment, leaves
from regulars.analyze.schema import COLUMNS_LIMIT, Ready, add_bits, narrow, read, ready, widen
from regulars.analyze.segments import Because, write_moves
from regulars.app import App


def adopt(app: App) -> int:
    """One step towards what people saved; how many steps were done, 0 when there is nothing to do."""
    with app.transaction() as inside:
        if inside.db.execute(SQL.unsettled).fetchone() is None:
            return 0
        inside.db.execute(SQL.lock_flow)
        rows = made.stored(inside.db)
        held = ready(inside)
        found = made.wanted(rows, held.plan.traits, held.declared)
        found = _without_faults(inside, found)
        segments = [one for one in found.values() if isinstance(one, Segment)]
        _prepare(inside, held, segments)
        if ready(inside).has_gaps:
            backfill(inside)
            return 1
        _judge(inside, held, rows, segments)
    return 1


def _without_faults(app: App, found: dict[str, Segment | RuleRefused]) -> dict[str, Segment | RuleRefused]:
    for name, one in found.items():
        if isinstance(one, RuleRefused):
            app.db.execute(SQL.fault_made, {"name": name, "fault": f"{one.what}. {one.fix}"})
    return found


def _prepare(app: App, held: Ready, segments: list[Segment]) -> None:
    """State for these rules, folded live from here on."""
    known = {state for state, _ in app.db.execute(SQL.state_names).fetchall()}
    if all(repr(leaf) in known for one in segments for leaf in leaves(one.rule)):
        return
    row = app.db.execute(SQL.columns_ever).fetchone()
    if row is not None and row[0] + len(segments) > COLUMNS_LIMIT:
        raise TooManySegments(
            f"{row[0]:,} numbers were kept for segments over time", "Rebuild the tables of traits, then save it again"
        )
    wider = read(app.db, held.plan.traits, held.declared, also=segments)
    widen(app.db, wider.plan, is_made=True)
    app.db.execute(SQL.stamp_segments)


def _judge(app: App, held: Ready, rows: list[made.Row], segments: list[Segment]) -> None:
    """These rules are in force, and everybody is where they say."""
    there = {segment.name for segment in segments}
    for row in rows:
        if row.archived or row.name in there:
            app.db.execute(SQL.adopt_made, {"name": row.name, "version": 0 if row.archived else row.version})
    add_bits(app.db, read(app.db, held.plan.traits, held.declared).plan)
    app.db.execute(SQL.stamp_segments)
    catalogue = ready(app)
    moved = changed(app.db.execute(catalogue.statements.reword).fetchall())
    write_moves(app, catalogue, moved, app.clock.now(), Because(reason="rule"))
    narrow(app.db, catalogue.plan)
