"""An erased customer's history: that somebody moved stays true in reports, who it was is gone."""

from __future__ import annotations

from collections.abc import Sequence

from regulars.analyze.lifecycle import forget_stages
from regulars.analyze.past import SQL
from regulars.analyze.personas.keep import SQL as PERSONA_SQL
from regulars.analyze.shifts.breaks import SQL as SHIFT_SQL
from regulars.app import App
from regulars.kit.dice import nobody


def forget(app: App, customers: Sequence[int]) -> None:
    """Take these customers out of scores and out of the history of segments and grades, in the caller's transaction.

    To be called after `update` was told that they are gone: that takes them out of traits and segments.
    """
    given = {"customers": list(customers), "nobody": nobody(app.dice)}
    app.db.execute(SQL.drop_scores, given)
    app.db.execute(PERSONA_SQL.drop_persona_members, given)
    app.db.execute(SHIFT_SQL.drop_breaks, given)
    app.db.execute(SQL.entomb_moves, given)
    app.db.execute(SQL.entomb_grades, given)
    forget_stages(app, given)
