"""How the flow takes over the segments that people saved, a step at a time, between two batches.

    saved -> its state is made -> the past of that state is folded, stretch by stretch -> everybody is judged by it

Each step is one transaction under the lock of the flow's checkpoint, so no batch is folded meanwhile and every process
reads the same rules. Until the last step the version before stays in force; a rule that cannot be taken over says why.
Whoever comes in or goes by it did nothing: that is history, and not news.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from regulars.analyze.backfill import backfill
from regulars.analyze.errors import RuleRefused, TooManySegments
from regulars.analyze.expressions import Held
from regulars.analyze.fold import changed
from regulars.analyze.past import SQL
from regulars.analyze.plan import Segment, kept_parts
from regulars.analyze.schema import (
    COLUMNS_LIMIT,
    SEGMENTS_LIMIT,
    Ready,
    add_bits,
    compile_ahead,
    narrow,
    read,
    ready,
    widen_by_made,
)
from regulars.analyze.segments import made
from regulars.analyze.segments.members import Because, write_moves
from regulars.app import App
from regulars.kit.errors import RegularsError

# What PostgreSQL says of a statement, and not of itself: trying again would end the same.
REFUSALS = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.TooManyColumns,
)
REFUSED = "The database refused it"


def adopt(app: App) -> int:
    """One step towards what people saved; how many steps were done, 0 when there is nothing to do."""
    with app.transaction() as inside:
        if inside.db.execute(SQL.unsettled).fetchone() is None:
            return 0
        _, held, found = _found(inside)
        compile_ahead(inside.db, held, [one for one in found.values() if isinstance(one, Segment)])
    try:
        return _step(app)
    except REFUSALS as refusal:
        return _refused(app, refusal)


def _step(app: App) -> int:
    with app.transaction() as inside:
        inside.db.execute(SQL.lock_flow)
        rows, held, found = _found(inside)
        _tell_faults(inside, rows, found)
        segments = [one for one in found.values() if isinstance(one, Segment)]
        _prepare(inside, held, segments)
        if ready(inside).has_gaps:
            backfill(inside)
            return 1
        _judge(inside, held, rows, segments)
    return 1


def _refused(app: App, refusal: psycopg.Error) -> int:
    """What was saved since the last step has this fault; what was in force before stays. How many segments."""
    said = str(refusal).partition("\n")[0]
    with app.transaction() as inside:
        inside.db.execute(SQL.lock_flow)
        fresh = [row for row in made.stored(inside.db) if not row.settled]
        for row in fresh:
            fault = f"{REFUSED}: {said}. Change it and save it again"
            inside.db.execute(SQL.fault_made, {"name": row.name, "fault": fault, "read": row.version})
    return len(fresh)


def _found(app: App) -> tuple[list[made.Row], Ready, dict[str, Segment | RegularsError]]:
    rows, held = made.stored(app.db), ready(app)
    rows = [row for row in rows if not (row.settled and (row.fault or "").startswith(REFUSED))]
    return rows, held, _with_room(app, made.wanted(rows, held.plan.traits, held.declared))


def _with_room(app: App, found: Mapping[str, Segment | RuleRefused]) -> dict[str, Segment | RegularsError]:
    """The same, but refused where no customer's row holds so many numbers, or one segment more."""
    known: set[Held] = set(ready(app).plan.columns)
    bits = {name for name, _ in app.db.execute(SQL.segment_bits).fetchall()}
    row = app.db.execute(SQL.columns_ever).fetchone()
    columns = row[0] if row else 0
    fitting: dict[str, Segment | RegularsError] = {}
    for name, one in found.items():
        fresh = set(kept_parts(one.rule)) - known if isinstance(one, Segment) else set[Held]()
        if fresh and columns + len(fresh) > COLUMNS_LIMIT:
            fitting[name] = TooManySegments(
                f"{columns:,} numbers were kept for segments over time",
                "Rebuild the tables of traits, then save it again",
            )
        elif isinstance(one, Segment) and len(bits | {name}) > max(len(bits), SEGMENTS_LIMIT):
            fitting[name] = TooManySegments(f"There were {len(bits):,} segments", f"Keep at most {SEGMENTS_LIMIT:,}")
        else:
            fitting[name] = one
            known, columns = known | fresh, columns + len(fresh)
            bits |= {name} if isinstance(one, Segment) else set[str]()
    return fitting


def _tell_faults(app: App, rows: list[made.Row], found: Mapping[str, Segment | RegularsError]) -> None:
    versions = {row.name: row.version for row in rows}
    for name, one in found.items():
        if isinstance(one, RegularsError):
            app.db.execute(SQL.fault_made, {"name": name, "fault": f"{one.what}. {one.fix}", "read": versions[name]})


def _prepare(app: App, held: Ready, segments: list[Segment]) -> None:
    """State for these rules, folded live from here on."""
    if all(part in held.plan.columns for one in segments for part in kept_parts(one.rule)):
        return
    wider = read(app.db, held.traits, held.segments, also=segments)
    widen_by_made(app.db, wider.plan, held.plan)
    app.db.execute(SQL.stamp_segments)


def _judge(app: App, held: Ready, rows: list[made.Row], segments: list[Segment]) -> None:
    """These rules are in force, and everybody is where they say."""
    there = {segment.name for segment in segments}
    for row in rows:
        if row.archived or row.name in there:
            adopted = 0 if row.archived else row.version
            app.db.execute(SQL.adopt_made, {"name": row.name, "version": adopted, "read": row.version})
    add_bits(app.db, read(app.db, held.traits, held.segments).plan)
    app.db.execute(SQL.stamp_segments)
    catalogue = ready(app)
    moved = changed(app.db.execute(catalogue.statements.reword).fetchall())
    write_moves(app, catalogue, moved, app.clock.now(), Because(reason="rule"))
    narrow(app.db, catalogue.plan)
