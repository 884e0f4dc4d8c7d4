"""Fields as inputs of traits: whoever may have other ones is read again, in the batch that caused it.

Level-triggered: what holds is read, never what moved, so late and corrected values end where they should. The day tick
looks at everybody: what was bought, has lapsed or was declared anew outside of a batch follows then.
"""

from __future__ import annotations

from collections.abc import Iterable

from regulars.analyze import held
from regulars.analyze.past import SQL
from regulars.analyze.schema import Ready
from regulars.app import App
from regulars.model import Changes
from regulars.profile import overlays


def restated(ready: Ready, changes: Changes) -> list[int]:
    """Who may have other fields than before: by what changed, and where data is bought, by any event or evidence."""
    plan, people = ready.plan, changes.people
    if not plan.fields or people is None:
        return []
    golden = held.golden_names(plan)
    whom = {change.customer for change in changes.fields if change.field in golden}
    whom |= {*people.created, *people.recompute, *(merge.survivor for merge in people.merged)}
    if held.overlays(plan):
        whom |= {customer for customer in people.customers if customer is not None} | set(people.touched)
    return sorted(whom)


def read_again(app: App, ready: Ready, customers: list[int]) -> None:
    """What holds of those of these who exist, for the finish of this batch."""
    living = [row[0] for row in app.db.execute(SQL.living, {"customers": customers}).fetchall()]
    _bought(app, ready, living)
    app.db.execute(ready.statements.fill_fields, {"customers": living})
    app.db.execute(SQL.seen, {"customers": living})


def read_everybody(app: App, ready: Ready) -> None:
    """The same of everybody whose row says otherwise; their segments follow."""
    if ready.plan.fields:
        _bought(app, ready, None)
        app.db.execute(ready.statements.fill_changed_fields)
        app.db.execute(ready.statements.see_fields)


def rows(app: App, ready: Ready) -> list[tuple[object, ...]]:
    """Customer and fields of everybody, in the order of the plan: for whoever rebuilds from the lake."""
    _bought(app, ready, None)
    return app.db.execute(ready.statements.all_fields).fetchall() if ready.plan.fields else []


def _bought(app: App, ready: Ready, customers: Iterable[int] | None) -> None:
    app.db.execute(SQL.make_room_for_bought)
    names = held.overlays(ready.plan)
    if names:
        found = overlays.bought_of_each(app, None if customers is None else list(customers), sorted(names))
        with app.db.cursor().copy(SQL.load_bought) as copy:
            for row in found:
                copy.write_row(row)
