"""How the flow takes over traits that are declared anew, a step at a time, between two batches.

    saved as a version -> its state is made and folded live from here -> the past is folded, stretch by stretch
        -> it takes the place of the version before: everybody is finished and judged by it, once

Only the worker does this, since only what it declares is folded: another process with other code changes nothing. Each
step is one transaction under the lock of the flow's checkpoint. Whoever comes into a segment or leaves it by a new
version did nothing: that is history, and not news.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec

from regulars.analyze import declarations
from regulars.analyze.backfill import backfill
from regulars.analyze.daily import daily_run
from regulars.analyze.expressions import COPIED, LEAVES
from regulars.analyze.fold import BY_RULE, set_up, settle
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan, Trait, leaves, state_name
from regulars.analyze.restated import read_everybody
from regulars.analyze.schema import (
    COLUMNS_LIMIT,
    Ready,
    drop_column,
    keep_versions,
    narrow,
    read,
    ready,
    rename,
    widen,
)
from regulars.analyze.segments import made
from regulars.analyze.segments.members import Because, write_moves
from regulars.app import App
from regulars.store import Store


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A trait that changes hands: the version in force, and the one that takes its place."""

    before: Trait
    after: Trait


# Stores of this process whose catalogue was compared with the versions that are stored, and at which stamp.
_compared: WeakKeyDictionary[Store, int] = WeakKeyDictionary()


def renew(app: App) -> int:
    """One step towards what is declared; how many steps were done, 0 when there is nothing to do."""
    with app.transaction() as inside:
        held = ready(inside)
        is_compared = app.store in _compared and (not held.left or _compared[app.store] == held.stamp)
        if is_compared and not held.coming and not held.has_gaps:
            return 0
        inside.db.execute(SQL.lock_flow)
        done = 0 if is_compared else _declare(inside, held)
        held = ready(inside)
        if held.has_gaps:
            backfill(inside)
            done = 1
        elif held.coming:
            done += _take_over(inside, held)
    _compared[app.store] = held.stamp
    return done


def _declare(app: App, held: Ready) -> int:
    """What is declared otherwise than before becomes a version; 1 where anything was.

    What is gone is retired once no segment looks at it: till then it is in force as it was declared last.
    """
    rows, used = declarations.stored(app.db), made.looked_at(made.stored(app.db))
    # What was refused may be possible now: a restart tries it again.
    again = declarations.refused(held.traits, rows)
    app.db.execute(SQL.try_trait_versions, {"traits": [trait.name for trait in again]})
    fresh = [*declarations.changed(held.traits, rows), *again]
    gone = [name for name in declarations.gone(held.traits, rows) if name not in used]
    if not fresh and not gone:
        return 0
    keep_versions(app, app.db, [trait for trait in fresh if trait not in again], adopted_at=None)
    _refuse_unfit(app, held, fresh)
    app.db.execute(SQL.retire_traits, {"traits": gone, "at": app.clock.now()})
    _refuse_too_many(app, held, fresh)
    app.db.execute(SQL.stamp_segments)
    wider = read(app.db, held.traits, held.segments)
    widen(app.db, wider.plan)
    for name in gone:
        _leave(app, name)
        # It may come back as another kind, and what it was is nobody's to read.
        drop_column(app.db, "trait_change", name)
    narrow(app.db, wider.plan, of_catalogue=True)
    return 1


def _refuse_too_many(app: App, held: Ready, fresh: Sequence[Trait]) -> None:
    """PostgreSQL counts columns for ever: what does not fit says so, and the versions before stay in force."""
    row = app.db.execute(SQL.columns_ever).fetchone()
    needed = {leaf for trait in fresh for leaf in leaves(trait.expression) if leaf not in held.plan.columns}
    if row is not None and row[0] + len(needed) > COLUMNS_LIMIT:
        fault = f"{row[0]:,} numbers were kept for traits over time. Rebuild the tables of traits, then restart"
        app.db.execute(SQL.fault_trait_versions, {"traits": [trait.name for trait in fresh], "fault": fault})


def _refuse_unfit(app: App, held: Ready, fresh: Sequence[Trait]) -> int:
    """Versions by which a segment of people could not be run any more stay out of force, and say why; how many."""
    rows = made.stored(app.db)
    now = {trait.name: trait for trait in held.plan.traits}
    titles, refused = {row.name: row.title for row in rows}, 0
    for trait in fresh:
        broken = made.broken_by(rows, now.values(), held.declared, trait)
        if broken:
            told = ", ".join(f"'{titles[name]}'" for name in broken)
            fault = f"By it {told} could not be run. Change or archive it, then restart, or give the trait another name"
            app.db.execute(SQL.fault_trait_versions, {"traits": [trait.name], "fault": fault})
            refused += 1
    return refused


def _take_over(app: App, held: Ready) -> int:
    """The versions whose past is folded, in force from here on; 0 where none is."""
    ripe = [trait for trait in held.coming if _is_folded(app, held.plan, trait)]
    if not ripe:
        return 0
    if _refuse_unfit(app, held, ripe):
        app.db.execute(SQL.stamp_segments)
        return 1
    before = {trait.name: trait for trait in held.plan.traits}
    for trait in ripe:
        _change_hands(app, held.plan, Held(before=before[trait.name], after=trait))
    now = app.clock.now()
    app.db.execute(SQL.adopt_trait_versions, {"traits": [trait.name for trait in ripe], "at": now})
    app.db.execute(SQL.stamp_segments)
    wider = read(app.db, held.traits, held.segments)
    widen(app.db, wider.plan)
    narrow(app.db, wider.plan, of_catalogue=True)
    app.db.execute(SQL.close_states)
    _everybody(app)
    return 1


def _is_folded(app: App, plan: Plan, trait: Trait) -> bool:
    """Live state was backfilled before; what the lake fills once a day was filled since the version was declared."""
    if not {leaf for _, leaf in plan.daily}.intersection(leaves(trait.expression)):
        return True
    declared = declarations.stored(app.db)[trait.name][0].day
    run = daily_run(app)
    return run is not None and (declared is None or run.day > declared)


def _change_hands(app: App, plan: Plan, held: Held) -> None:
    """The column with the trait's name is free, or holds the state that the new version is."""
    name, names = held.after.name, {trait.name for trait in plan.traits}
    old = held.before.expression
    if isinstance(old, (*LEAVES, *COPIED)) and plan.columns[old] == name:
        rename(app.db, name, state_name(old))
    elif name in {trait.name for trait in plan.values}:
        _leave(app, name)
    new = held.after.expression
    if old.kind != new.kind:
        drop_column(app.db, "trait_change", name)
    if isinstance(new, (*LEAVES, *COPIED)) and plan.columns[new] not in names:
        rename(app.db, plan.columns[new], name)


def _leave(app: App, name: str) -> None:
    """A value that is finished no more has no column."""
    if app.db.execute(SQL.drop_value, {"name": name}).fetchone():
        drop_column(app.db, "trait_state", name)


def _everybody(app: App) -> None:
    """Finished and judged by the versions in force now."""
    catalogue = ready(app)
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    set_up(app, catalogue)
    app.db.execute(SQL.everybody_again)
    read_everybody(app, catalogue)
    _, moved = settle(app, catalogue, BY_RULE)
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    write_moves(app, catalogue, moved, app.clock.now(), Because(reason="rule"))
