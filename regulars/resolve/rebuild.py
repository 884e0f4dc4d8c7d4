"""The full run: the whole partition from all facts, and the difference to what was published.

After a change of policy or block-list, after an import too large for the stream, or to prove that the stream is right.
"""

from __future__ import annotations

from regulars.app import App
from regulars.kit.clock import microseconds
from regulars.model import People
from regulars.resolve import decide, touched
from regulars.store import queries

SQL = queries(__package__ or "")


def rebuild(app: App) -> People:
    """Every customer computed again, in the caller's transaction; normally nothing differs and the lists are empty.

    Holds all signatures in memory: about 2 kB each.
    """
    decide.stop_the_flow(app)
    signatures = [number for (number,) in app.db.execute(SQL.all_signatures)]
    values = [number for (number,) in app.db.execute(SQL.all_values)]
    touch = touched.Touch(signatures=signatures, values=values)
    now = app.clock.now()
    at = microseconds(now)
    return decide.publish(app, touch, touched.Cause(seq=-at, at=now), f"rebuild:{at}")
