"""Refused messages through the same door again: tried, ordered, carried out a chunk a transaction.

A message keeps the time at which it was first received, so its clock is judged and repaired as it was then; one that
has no id of its own gets one from its refusal, so that sending it twice makes one event. What a chunk did, what its
refusals became and how far the order is commit together: a kill anywhere repeats the chunk or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from regulars.app import App
from regulars.collect.audit.masking import hidden_text
from regulars.collect.door import Arrival, Refused, Row, admit
from regulars.collect.errors import MendRefused
from regulars.collect.journal import Entry, append
from regulars.collect.keys import Source
from regulars.collect.refused.mends import Mend, Unmendable, check, mended
from regulars.collect.refused.search import SQL
from regulars.kit.errors import NotFound
from regulars.kit.logging import logger

CHUNK_REFUSALS = 500
TRIED_REFUSALS = 1_000
SAMPLES_SHOWN = 10
DISMISSED_AT_ONCE = 100_000
REPLAYS_SHOWN = 20
ACCEPTED, DUPLICATE, CONFLICTING, STOPPED = "accepted", "duplicate", "conflicting", "stopped"

log = logger("collect")


class _Kept(NamedTuple):
    id: int
    received_at: datetime
    body: str


class Group(msgspec.Struct, frozen=True):
    """What one mend is for, and how many wait for it."""

    source: Source
    code: str
    shape: str
    reason: str
    fix: str
    waiting: int
    last_id: int


class Sample(msgspec.Struct, frozen=True):
    """One real refusal under the mends, what it says of people masked before anything is mended."""

    id: int
    before: str
    after: str | None
    """None: it cannot be tried, or its text was exchanged and only the verdict is told."""
    passes: bool
    why: str


class Trial(msgspec.Struct, frozen=True):
    """How a group would fare: the oldest TRIED_REFUSALS of it are tried, SAMPLES_SHOWN shown."""

    group: Group
    tried: int
    would_pass: int
    samples: list[Sample]


class Replay(msgspec.Struct, frozen=True):
    """An order to send a group again, and how far it is."""

    id: int
    source: str
    code: str
    reason: str
    mends: str
    ordered_by: str
    ordered_at: datetime
    total: int
    accepted: int
    duplicates: int
    conflicts: int
    refused: int
    """Refused again: they wait on, with the new reason."""
    left_out: int
    """Could not be tried: cut, or no JSON."""
    ended_at: datetime | None
    fault: str | None
    """Why it ended before its end; what had not been sent waits on."""

    @property
    def done(self) -> int:
        """How many it has come past."""
        return self.accepted + self.duplicates + self.conflicts + self.refused + self.left_out


def try_replay(app: App, like: int, mends: Sequence[Mend]) -> Trial:
    """What these mends would do to the group of the refusal `like`. Stores nothing. Raises MendRefused, NotFound."""
    check(mends)
    group = group_of(app, like)
    given = _named(group) | {"limit": TRIED_REFUSALS}
    kept = [_Kept(*row) for row in app.db.execute(SQL.first_of_group, given).fetchall()]
    tried = [(each, mended(each.body, mends)) for each in kept]
    judged = [(each, message, _admitted(group.source, each, message)) for each, message in tried]
    samples = [_sample(group.source, each, mends, item) for each, _, item in judged[:SAMPLES_SHOWN]]
    return Trial(group, len(kept), sum(isinstance(item, Row) for _, _, item in judged), samples)


def _sample(source: Source, kept: _Kept, mends: Sequence[Mend], item: Row | Refused | Unmendable) -> Sample:
    """A value keeps its mask wherever the mends carry it, for they are done to the masked message.

    An exchange of text could take away the name of a field before anything is masked by it: its outcome is not shown.
    """
    before = hidden_text(kept.body)
    is_exchanged = any(each.do == "replace" for each in mends)
    masked = Unmendable("Its text was exchanged") if is_exchanged else mended(before, mends)
    after = None if isinstance(masked, Unmendable) else hidden_text(msgspec.json.encode(masked).decode())
    return Sample(
        id=kept.id,
        before=before,
        after=None if isinstance(item, Unmendable) else after,
        passes=isinstance(item, Row),
        why=_shown_why(item, _admitted(source, kept, masked)),
    )


def _shown_why(item: Row | Refused | Unmendable, masked: Row | Refused | Unmendable) -> str:
    """Why it would be refused, in words that quote no more than the masked message holds."""
    if isinstance(item, Refused) and (not isinstance(masked, Refused) or masked.code != item.code):
        return f"The door would refuse it ({item.code})"
    return _why(masked if isinstance(item, Refused) else item)


def group_of(app: App, like: int) -> Group:
    """The group of a refusal. Raises NotFound where there is none that could be sent again."""
    row = app.db.execute(SQL.group_of, {"like": like}).fetchone()
    if row is None:
        raise NotFound(
            f"Refusal {like} does not exist, or its sender is not known",
            "Only messages of a known source are sent again",
        )
    return Group(Source(*row[:4]), *row[4:])


def order_replay(app: App, like: int, mends: Sequence[Mend], by: str) -> int:
    """Have the group sent again as it is now; gives the order's id. `carry_replay` carries it out."""
    check(mends)
    group = group_of(app, like)
    if not group.waiting:
        raise MendRefused("None of these refusals waits any more", "Look at what became of them")
    given = _named(group) | {"last_id": group.last_id, "total": group.waiting, "by": by, "now": app.clock.now()}
    given["mends"] = msgspec.json.encode(mends).decode()
    row = app.db.execute(SQL.order_replay, given).fetchone()
    assert row is not None
    return row[0]


def carry_replay(app: App, only: int | None = None) -> int:
    """One chunk of the oldest order (or of this one) that nobody is at, in a transaction; how many it came past.

    An order that breaks ends there and says so: tried again, it would stand in the way of events forever.
    """
    taken: list[int] = []
    try:
        with app.transaction() as inside:
            row = inside.db.execute(SQL.take_replay, {"id": only}).fetchone()
            if row is None:
                return 0
            taken.append(row[0])
            return _chunk(inside, row)
    except psycopg.OperationalError:
        raise
    except Exception as fault:
        if not taken:
            raise
        log.error("replay_ended", id=taken[0], fault=type(fault).__name__)
        why = f"A part of it could not be sent ({type(fault).__name__}); what is left waits on"
        with app.transaction() as inside:
            inside.db.execute(SQL.end_replay, {"id": taken[0], "fault": why, "now": inside.clock.now()})
        return 1


def _chunk(app: App, row: tuple[Any, ...]) -> int:
    ident, *origin, code, shape, last_id, mends, done_id = row
    source = Source(*origin)
    given = {"source_id": source.id, "code": code, "shape": shape, "done_id": done_id, "last_id": last_id}
    rows = app.db.execute(SQL.replay_chunk, given | {"limit": CHUNK_REFUSALS}).fetchall()
    kept = [_Kept(*each) for each in rows]
    rules = msgspec.json.decode(mends, type=list[Mend])
    counts = _send(app, source, [(each, mended(each.body, rules)) for each in kept])
    is_last = len(kept) < CHUNK_REFUSALS
    now = app.clock.now()
    app.db.execute(
        SQL.count_replay,
        counts | {"id": ident, "done_id": kept[-1].id if kept else last_id, "ended_at": now if is_last else None},
    )
    return max(1, len(kept))


def send_by_hand(app: App, ident: int, text: str) -> str:
    """One refusal as somebody rewrote it, through the door; gives what became of it.

    accepted, duplicate or conflicting, else why it was refused again. Raises NotFound where it does not wait.
    """
    row = app.db.execute(SQL.lock_refusal, {"id": ident}).fetchone()
    if row is None:
        raise NotFound(f"Refusal {ident} does not wait, or its sender is not known", "Look at what became of it")
    kept = _Kept(row[0], row[1], text)
    outcomes = _outcomes(app, Source(*row[2:]), [(kept, mended(text, []))])
    _note(app, outcomes)
    return outcomes[0].became


def dismiss(app: App, ident: int) -> None:
    """Nobody wants this one. Raises NotFound where it does not wait."""
    if app.db.execute(SQL.dismiss_one, {"id": ident, "now": app.clock.now()}).fetchone() is None:
        raise NotFound(f"Refusal {ident} does not wait", "Look at what became of it")


def dismiss_like(app: App, like: int) -> int:
    """Nobody wants this group; how many were dismissed, DISMISSED_AT_ONCE at most."""
    return app.db.execute(SQL.dismiss_like, {"like": like, "limit": DISMISSED_AT_ONCE, "now": app.clock.now()}).rowcount


def replays(app: App, only: int | None = None) -> list[Replay]:
    """The latest orders, newest first."""
    return [Replay(*row) for row in app.db.execute(SQL.replays, {"id": only, "limit": REPLAYS_SHOWN}).fetchall()]


class _Outcome(NamedTuple):
    id: int
    done: bool
    became: str
    message_id: str | None


def _send(app: App, source: Source, tried: list[tuple[_Kept, object | Unmendable]]) -> dict[str, Any]:
    outcomes = _outcomes(app, source, tried)
    _note(app, outcomes)
    left_out = sum(isinstance(message, Unmendable) for _, message in tried)
    waiting = sum(not each.done for each in outcomes)
    return {
        "accepted": sum(each.became == ACCEPTED for each in outcomes),
        "duplicates": sum(each.became == DUPLICATE for each in outcomes),
        "conflicts": sum(each.became == CONFLICTING for each in outcomes),
        "refused": waiting - left_out,
        "left_out": left_out,
    }


def _outcomes(app: App, source: Source, tried: list[tuple[_Kept, object | Unmendable]]) -> list[_Outcome]:
    judged = [(each, _admitted(source, each, message)) for each, message in tried]
    passing = [(each, item) for each, item in judged if isinstance(item, Row)]
    fate = append(app, [Entry(source, each.received_at, item) for each, item in passing])
    special = dict.fromkeys(fate.duplicates, DUPLICATE) | dict.fromkeys(fate.conflicts, CONFLICTING)
    special |= dict.fromkeys(fate.stopped, STOPPED)
    taken = [
        _Outcome(each.id, True, special.get(place, ACCEPTED), item.message_id)
        for place, (each, item) in enumerate(passing)
    ]
    again = [_Outcome(each.id, False, _why(item), None) for each, item in judged if not isinstance(item, Row)]
    return taken + again


def _note(app: App, outcomes: list[_Outcome]) -> None:
    if outcomes:
        ident, done, became, message_id = map(list, zip(*outcomes, strict=True))
        given = {"id": ident, "done": done, "became": became, "message_id": message_id, "now": app.clock.now()}
        app.db.execute(SQL.note_outcomes, given)


def _admitted(source: Source, kept: _Kept, message: object | Unmendable) -> Row | Refused | Unmendable:
    if isinstance(message, Unmendable):
        return message
    return admit(message, Arrival(source, kept.received_at, lambda: f"refusal:{kept.id}"))


def _why(item: Row | Refused | Unmendable) -> str:
    if isinstance(item, Row):
        return ""
    return item.why if isinstance(item, Unmendable) else f"{item.reason} ({item.code})"


def _named(group: Group) -> dict[str, Any]:
    return {"source_id": group.source.id, "code": group.code, "shape": group.shape}
