"""The worker: journal -> flow, outbox -> deliver, clock -> tick, journal -> lake. One at work per brand.

Takes:  journalled batches (`collect.claim`), the clock.
Gives:  nothing but what the rooms commit; `Round` counts for logs.
Writes: pace.
Never:  holds a transaction while it talks to a mail server; decides anything a room should decide.
"""

from regulars.worker.loop import Round, Worker
from regulars.worker.pace import (
    Reading,
    Standing,
    ask_reading,
    begin_replay,
    cancel_replay,
    end_replay,
    is_caught_up,
    reading,
    standing,
)

__all__ = [
    "Reading",
    "Round",
    "Standing",
    "Worker",
    "ask_reading",
    "begin_replay",
    "cancel_replay",
    "end_replay",
    "is_caught_up",
    "reading",
    "standing",
]
