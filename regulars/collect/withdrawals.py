"""Events taken back: an import undone, deliveries that are mapped anew.

A withdrawn event stays in the journal as it came, and every reader gets it bare from the commit on, like what is set
aside: of kind `aside`, without a body, nobody's, no fact. What had been made of it follows in the worker, in pieces
(`flow.on_withdrawal`). What is withdrawn is kept as ranges of positions: an import of a million rows is a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from regulars.app import App
from regulars.collect.errors import WithdrawalRefused
from regulars.collect.journal import FLOW, checkpoint_of
from regulars.collect.keys import OWN_SOURCE, SQL
from regulars.collect.plan.watch import forget_violations

# "WITH": two withdrawals at once must not both take the same positions.
WITHDRAWAL_LOCK = 0x57495448
# Ranges of one call: an import has one a chunk, deliveries of a webhook one each.
RANGES_MAX = 100_000
RECENT_MAX = 100


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken back, by whom, and how far the house has followed."""

    id: int
    source: str | None
    """None: everything in these ranges was withdrawn before, or there was nothing."""
    actor: str
    reason: str
    at: datetime
    events: int
    followed: int
    """Events that have left the projections; `events` once the rooms are done."""
    followed_at: datetime | None
    lake_at: datetime | None
    """When the lake's files were without them."""


def withdraw(app: App, ranges: Sequence[tuple[int, int]], actor: str, reason: str) -> int:
    """Take back all events at these positions (from, to; both included), in the caller's transaction; gives its id.

    All of one source, and not our own: WithdrawalRefused else. What was withdrawn before is left alone.
    """
    if len(ranges) > RANGES_MAX:
        raise WithdrawalRefused(
            f"{len(ranges):,} ranges at once are too many", f"Withdraw at most {RANGES_MAX:,} ranges at once"
        )
    wrong = next(((first, last) for first, last in ranges if first > last), None)
    if wrong is not None:
        raise WithdrawalRefused(f"{wrong[0]} to {wrong[1]} is no range", "Give the lower position first")
    app.db.execute(SQL.lock_journal, {"lock": WITHDRAWAL_LOCK})
    given = {
        "from": [first for first, _ in ranges],
        "to": [last for _, last in ranges],
    }
    row = app.db.execute(SQL.left_to_withdraw, given).fetchone()
    assert row is not None, "an aggregate has a row"
    events, least, most = row
    _refuse_others(app, least, most)
    given |= {"source_id": least, "actor": actor, "reason": reason, "now": app.clock.now(), "events": events}
    made = app.db.execute(SQL.withdraw, given).fetchone()
    assert made is not None
    forget_violations(app, ranges)
    return made[0]


def _refuse_others(app: App, least: int | None, most: int | None) -> None:
    if least is None:
        return
    if least != most:
        raise WithdrawalRefused(
            "These positions hold events of several sources", "Withdraw the events of one source at a time"
        )
    own = app.db.execute(SQL.source_by_name, {"name": OWN_SOURCE}).fetchone()
    if own is not None and own[0] == least:
        raise WithdrawalRefused(
            "These events are our own: what the house noticed itself",
            "Withdraw what caused them; they are corrected by what follows",
        )


def withdrawals(app: App, limit: int = RECENT_MAX) -> list[Withdrawal]:
    """What was taken back, newest first."""
    return [_withdrawal(row) for row in app.db.execute(SQL.recent_withdrawals, {"limit": limit})]


def withdrawal(app: App, id: int) -> Withdrawal | None:
    """One of them; None: there is none of this number."""
    row = app.db.execute(SQL.one_withdrawal, {"id": id}).fetchone()
    return _withdrawal(row) if row else None


def _withdrawal(row: tuple[object, ...]) -> Withdrawal:
    names = Withdrawal.__struct_fields__
    return msgspec.convert(dict(zip(names, row, strict=True)), Withdrawal)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """The next part of a withdrawal that the rooms have to follow."""

    withdrawal: int
    positions: list[int]
    bound: int
    """The flow has carried up to here; what lies behind it comes bare."""
    is_last: bool


def next_piece(app: App, limit: int) -> Piece | None:
    """The next `limit` positions of the oldest withdrawal that is not followed, the flow locked; None: all are."""
    if app.db.execute(SQL.open_withdrawal).fetchone() is None:
        return None
    # Whatever is carried from now on is read under this lock, so it is read bare.
    bound = checkpoint_of(app, FLOW)
    row = app.db.execute(SQL.open_withdrawal).fetchone()
    if row is None:
        return None
    id, after = row
    given = {"id": id, "after": after, "bound": bound, "limit": limit}
    positions = [seq for (seq,) in app.db.execute(SQL.withdrawn_positions, given)]
    return Piece(withdrawal=id, positions=positions, bound=bound, is_last=len(positions) < limit)


def piece_done(app: App, piece: Piece, events: int) -> None:
    """So many more events have left the projections, in the transaction in which they did."""
    up_to = None if piece.is_last else piece.positions[-1]
    given = {"id": piece.withdrawal, "events": events, "up_to": up_to, "now": app.clock.now()}
    app.db.execute(SQL.piece_done, given)
