"""Following what was withdrawn: one piece a round, large enough to be worth it and small enough to be short.

A piece is a stretch of positions, and with each goes everything else withdrawn of the same customers. How much that is
nobody knows before: an import of new people has one event each, one of old customers' orders hundreds. So the stretch
begins short and follows what the last piece turned out to be.
"""

from __future__ import annotations

from regulars import collect, flow
from regulars.app import App
from regulars.kit.logging import logger

# Positions of a stretch: the first, and what it may become.
POSITIONS_FIRST, POSITIONS_MIN, POSITIONS_MAX = 250, 50, 4_000
# Events of a piece: above this the next stretch is half as long, below a quarter of it twice as long.
PIECE_EVENTS = 10_000

log = logger("worker")


class Follower:
    """Remembers how long the next stretch should be."""

    def __init__(self) -> None:
        self._positions = POSITIONS_FIRST

    def step(self, app: App) -> int:
        """Let the rooms follow the next piece, in one transaction; 0: nothing is left to follow."""
        with app.transaction() as inside:
            piece = collect.next_piece(inside, self._positions)
            if piece is None:
                return 0
            events = flow.on_withdrawal(inside, piece.positions, piece.bound) if piece.positions else 0
            collect.piece_done(inside, piece, events)
        if events > PIECE_EVENTS:
            self._positions = max(POSITIONS_MIN, self._positions // 2)
        elif events < PIECE_EVENTS // 4:
            self._positions = min(POSITIONS_MAX, self._positions * 2)
        log.info("withdrawal_followed", withdrawal=piece.withdrawal, events=events, done=piece.is_last)
        return max(events, 1)
