"""What is copied into a row: whoever may have something else there is read again, in the batch that caused it.

Level-triggered: what holds is read, never what moved, so late and corrected values end where they should. The day tick
looks at everybody: what was bought, has lapsed or was declared anew outside of a batch follows then. A yes that ends at
an instant is followed by the next tick, and so are scores, once everybody is scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from regulars.analyze import held
from regulars.analyze.expressions import Consented, Copied, Identified
from regulars.analyze.past import SQL
from regulars.analyze.schema import Ready
from regulars.app import App
from regulars.model import Changes
from regulars.profile import overlays

# The day tick looks at every yes that has ended; ticks in between need not look further back than it did.
ENDED_WITHIN = timedelta(days=2)
# Where sending reads whose consent it is: another address, other words about it.
ADDRESSES = ("email", "phone")


def restated(ready: Ready, changes: Changes) -> list[int]:
    """Who may have other values than before: by what changed, and what any event or evidence may change."""
    plan, people = ready.plan, changes.people
    if not plan.fields or people is None:
        return []
    golden = held.golden_names(plan)
    if held.looks_at(plan, Consented):
        golden |= {*ADDRESSES}
    whom = {change.customer for change in changes.fields if change.field in golden}
    whom |= {*people.created, *people.recompute, *(merge.survivor for merge in people.merged)}
    if held.looks_at(plan, Consented):
        whom |= {*changes.consents}
    if held.overlays(plan) or held.looks_at(plan, Identified):
        whom |= {customer for customer in people.customers if customer is not None} | set(people.touched)
    return sorted(whom)


def read_again(app: App, ready: Ready, customers: list[int]) -> None:
    """What holds of those of these who exist, for the finish of this fold."""
    living = [row[0] for row in app.db.execute(SQL.living, {"customers": customers}).fetchall()]
    _bought(app, ready, living)
    app.db.execute(ready.statements.fill_fields, {"customers": living, "now": app.clock.now()})
    app.db.execute(SQL.seen, {"customers": living})


def read_everybody(app: App, ready: Ready) -> None:
    """The same of everybody whose row says otherwise; their segments follow."""
    if ready.plan.fields:
        _bought(app, ready, None)
        read_again(app, ready, _found(app, ready.statements.changed_fields, app.clock.now()))


def scored_anew(app: App, ready: Ready) -> list[int]:
    """Whoever's row says otherwise than the scores of today."""
    return _found(app, ready.statements.changed_scores, app.clock.now())


def ended(app: App, ready: Ready) -> list[int]:
    """Whoever's row says yes to what has ended by itself."""
    now = app.clock.now()
    return _found(app, ready.statements.ended_consents, now, since=now - ENDED_WITHIN)


def rows(app: App, ready: Ready) -> list[tuple[object, ...]]:
    """Customer and fields of everybody, in the order of the plan: for whoever rebuilds from the lake."""
    _bought(app, ready, None)
    given = {"now": app.clock.now()}
    return app.db.execute(ready.statements.all_fields, given).fetchall() if ready.plan.fields else []


def values(app: App, one: Copied) -> list[tuple[int, Any]]:
    """One value of everybody that no row keeps yet: what a draft asks for."""
    # Built from names that SQLGlot quoted, as all statements of a plan are.
    return app.db.execute(held.of_one(one), {"now": app.clock.now()}).fetchall()  # pyright: ignore[reportArgumentType]


def _found(app: App, statement: Any, now: datetime, **given: Any) -> list[int]:
    return [row[0] for row in app.db.execute(statement, {"now": now} | given).fetchall()] if statement else []


def _bought(app: App, ready: Ready, customers: Iterable[int] | None) -> None:
    app.db.execute(SQL.make_room_for_bought)
    names = held.overlays(ready.plan)
    if names:
        found = overlays.bought_of_each(app, None if customers is None else list(customers), sorted(names))
        with app.db.cursor().copy(SQL.load_bought) as copy:
            for row in found:
                copy.write_row(row)
