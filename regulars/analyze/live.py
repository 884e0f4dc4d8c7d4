"""The room's two verbs in the flow: a batch arrives, or time passes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.analyze import affinity
from regulars.analyze.backfill import backfill
from regulars.analyze.fold import Moved, changed, fold, set_up, settle_day, work_of
from regulars.analyze.lifecycle import settle_everybody, settle_stages
from regulars.analyze.past import SQL
from regulars.analyze.personas import label_all
from regulars.analyze.restated import ended, read_again, read_everybody, restated, scored_anew
from regulars.analyze.schema import Ready, ready
from regulars.analyze.scoring.applying import score_all
from regulars.analyze.segments.history import keep_days
from regulars.analyze.segments.members import Because, write_moves
from regulars.analyze.shifts import find_breaks
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.model import Changes, SegmentMove


def update(app: App, changes: Changes) -> Changes:
    """The batch folded into everybody's traits and segments; adds who was touched and who moved."""
    assert changes.people is not None, "time passes through tick"
    catalogue = ready(app)
    people = changes.people
    if people.batch.events:
        # A decision before the first event is no day of the brand's: history may follow, in its own time.
        app.db.execute(SQL.start_day, {"day": day_number(app.clock.now(), app.settings.zone)})
    work = msgspec.structs.replace(work_of(people), restated=restated(catalogue, changes))
    touched, moved = fold(app, catalogue, work, people.batch.last_seq)
    latest = {
        who: event.seq for who, event in zip(people.customers, people.batch.events, strict=True) if who is not None
    }
    moves = write_moves(app, catalogue, moved, app.clock.now(), Because(reason="event", seqs=latest))
    ended = (*people.recompute, *(merge.loser for merge in people.merged))
    stages = settle_stages(app, catalogue, [*touched, *ended], app.clock.now())
    affinity.hear(app, people)
    return Changes(
        people=people,
        touched=sorted({*changes.touched, *touched}),
        fields=changes.fields,
        consents=changes.consents,
        moves=[*changes.moves, *moves],
        stages=stages,
    )


def tick(app: App, now: datetime, until: datetime | None = None) -> Changes:
    """Time passes: windows expire, claims about "days since" are judged again, models are fitted and applied.

    The same day twice changes nothing; several days at once end where day by day would have. `until`: where history
    that is replayed ends; on its way there scores are fitted and applied less often.
    """
    catalogue = ready(app)
    day = day_number(now, app.settings.zone)
    app.db.execute(SQL.start_day, {"day": day})
    row = app.db.execute(SQL.lock_day).fetchone()
    assert row is not None, "the day was just put there"
    before = row[0]
    late: list[SegmentMove] = []
    if catalogue.has_gaps:
        # Whoever added a trait may have called backfill; whatever it left is done here.
        late = backfill(app)
        while app.db.execute(SQL.state_gaps).fetchone():
            late += backfill(app)
    touched: set[int] = set()
    if day > before:
        app.db.execute(SQL.set_day, {"day": day})
        touched, moves = _expire(app, catalogue, before, now)
    else:
        moves = _stated_anew(app, catalogue, ended(app, catalogue), now)
    graded = score_all(app, now, until or now)
    moves += _stated_anew(app, catalogue, scored_anew(app, catalogue) if graded or day > before else [], now)
    label_all(app, now)
    find_breaks(app, now)
    # A day makes everybody older, and so does a trait whose past was folded just now.
    stages = settle_everybody(app, catalogue, now) if day > before or catalogue.has_gaps else []
    affinity.lapse(app, now)
    if day > before:
        keep_days(app, catalogue, day)
    touched |= {*graded, *(move.customer for move in (*late, *moves, *stages))}
    return Changes(people=None, touched=sorted(touched), moves=[*late, *moves], stages=stages)


def _expire(app: App, catalogue: Ready, before: int, now: datetime) -> tuple[set[int], list[SegmentMove]]:
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    set_up(app, catalogue)
    app.db.execute(SQL.known_again_anywhere)
    read_everybody(app, catalogue)
    for statement, given in catalogue.statements.expiring(before, day_number(now, app.settings.zone)):
        app.db.execute(statement, given)
    _, moved = settle_day(app, catalogue)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    moved += changed(app.db.execute(catalogue.statements.reword).fetchall())
    for statement in catalogue.statements.prune:
        app.db.execute(statement)
    moves = write_moves(app, catalogue, _net(moved), now, Because(reason="time"))
    return {move.customer for move in moves}, moves


def _stated_anew(app: App, catalogue: Ready, customers: list[int], now: datetime) -> list[SegmentMove]:
    """What is copied into the rows of these by time alone, and the segments that follow."""
    if not customers:
        return []
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    set_up(app, catalogue)
    read_again(app, catalogue, customers)
    _, moved = settle_day(app, catalogue)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    return write_moves(app, catalogue, moved, now, Because(reason="time"))


def _net(moved: list[Moved]) -> list[Moved]:
    """One change a customer: from what the first said before to what the last says after."""
    net: dict[int, Moved] = {}
    for customer, old, new in moved:
        net[customer] = (customer, net[customer][1] if customer in net else old, new)
    return list(net.values())
