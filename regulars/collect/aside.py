"""Events that no room can carry: set aside one by one, so that everything behind them goes on.

An event set aside stays in the journal as it came. Readers get it bare, of kind `aside` with an empty body: it has its
record, belongs to nobody and is no fact, in the flow and in every rebuild alike. People see it among the refusals.
"""

from __future__ import annotations

from regulars.app import App
from regulars.collect.errors import FlowStandsStill
from regulars.collect.journal import FLOW, checkpoint_of
from regulars.collect.keys import SQL

SET_ASIDE = "RG-1120"
# A fault that hits more events than this is no fault of the events: going on would empty the journal into refusals.
ASIDE_MAX_EVENTS = 20
# ... among so many of the journal.
ASIDE_WITHIN_EVENTS = 10_000


def set_aside(app: App, fault: str) -> int | None:
    """Let the flow see its next event bare from now on; gives its position, None if it is aside already.

    `fault` says what broke and where, without a word of the event. Raises FlowStandsStill where too many were.
    """
    after = checkpoint_of(app, FLOW)
    recent = app.db.execute(SQL.aside_between, {"after": after - ASIDE_WITHIN_EVENTS, "to": after + 1}).fetchall()
    if len(recent) >= ASIDE_MAX_EVENTS:
        raise FlowStandsStill(
            f"The flow stands still: {len(recent)} of the last {ASIDE_WITHIN_EVENTS:,} events could not be carried,"
            f" the next one by {fault}",
            "That is a fault of Regulars, not of the events: nothing is lost; install a mended version, or report this",
        )
    given = {
        "after": after,
        "now": app.clock.now(),
        "fault": fault,
        "code": SET_ASIDE,
        "reason": f"The flow cannot carry it ({fault}); it was set aside and everything else was carried",
        "fix": "Report this line; once it is mended, send the event again under another message id",
    }
    row = app.db.execute(SQL.set_aside, given).fetchone()
    return row[0] if row else None


def aside_between(app: App, after: int, to: int) -> frozenset[int]:
    """Positions set aside with `after` < seq <= `to`."""
    return frozenset(seq for (seq,) in app.db.execute(SQL.aside_between, {"after": after, "to": to}))
