"""The journal: what happened, appended once, read in order. The truth from which everything else can be rebuilt.

Appending takes one lock, so positions become visible in the order in which they were given and every reader needs only
one number, its checkpoint. A transaction that appends must therefore be short: `APPEND_MAX_EVENTS` rows, no thinking.
Rooms that cause events while a batch is carried `announce` them; `publish` moves them in right after the commit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.types.multirange import Multirange

from regulars.app import App
from regulars.collect import errors
from regulars.collect.audit.masking import hidden
from regulars.collect.door import Arrival, Refused, Row, admit, refuse
from regulars.collect.keys import CURRENT_FIELDS, JOURNAL_LOCK, OWN_SOURCE, SQL, Source, register_own
from regulars.collect.stops import judge
from regulars.kit.errors import InputRefused
from regulars.model import Batch, Body, Event

FLOW = "flow"
"""The reader that carries the journal through the rooms."""
LAKE = "lake"
"""The reader that copies it to Parquet."""
APPEND_MAX_EVENTS = 5_000
PUBLISH_MAX_EVENTS = 5_000
REFUSAL_SHOWN_CHARACTERS = 1_000
MINTED_ID_BYTES = 16
AGAIN_MARK = "~"
"""Ends the id of a message that came again after the first of its id was withdrawn."""

_Current = Sequence[tuple[str, Multirange[int]]]
_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(Body).decode


class Entry(NamedTuple):
    """A row on its way into the journal."""

    source: Source
    received_at: datetime
    row: Row


class Rejected(NamedTuple):
    """A refusal on its way to its table."""

    source: Source | None
    """None where the sender is not known."""
    received_at: datetime
    refused: Refused


class Fate(NamedTuple):
    """What became of each entry, by its place: places not named were accepted."""

    duplicates: list[int]
    conflicts: list[int]
    stopped: list[int]
    """Not stored: they name somebody on the stop list."""

    def add(self, place: int, same_body: bool) -> None:
        """This entry was here already."""
        (self.duplicates if same_body else self.conflicts).append(place)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the messages of one call."""

    accepted: int
    duplicates: int
    """Here already, with the same body."""
    conflicts: int
    """Here already with another body: kept as refusals, too."""
    stopped: int
    """Not stored: they name somebody on the stop list."""
    refusals: list[Refused]


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """An event of our own about a customer: a segment entered, points earned, two customers found to be one."""

    message_id: str
    """The same fact has the same id every time it is announced."""
    name: str
    customer: int
    occurred_at: datetime
    properties: dict[str, Any] = {}


def accept(
    app: App, source: Source, messages: Sequence[object], *, received_at: datetime, sent_at: object = None
) -> Receipt:
    """Append messages in the caller's transaction, at most APPEND_MAX_EVENTS of them; refused ones become refusal rows.

    A number of statements that does not depend on the number of messages. Durable once the caller commits.
    """
    return accept_mixed(app, [(source, message) for message in messages], received_at=received_at, sent_at=sent_at)


def accept_mixed(
    app: App, messages: Sequence[tuple[Source, object]], *, received_at: datetime, sent_at: object = None
) -> Receipt:
    """Like `accept`, for messages of several sources whose order among each other is to be kept, as in a replay."""
    sources = {source.id: source for source, _ in messages}
    arrivals = {key: Arrival(source, received_at, lambda: mint(app), sent_at) for key, source in sources.items()}
    entries: list[Entry] = []
    rejected: list[Rejected] = []
    for source, message in messages:
        item = admit(message, arrivals[source.id])
        if isinstance(item, Row):
            entries.append(Entry(source, received_at, item))
        else:
            rejected.append(Rejected(source, received_at, item))
    fate = append(app, entries, rejected)
    return Receipt(
        accepted=len(entries) - len(fate.duplicates) - len(fate.conflicts) - len(fate.stopped),
        duplicates=len(fate.duplicates),
        conflicts=len(fate.conflicts),
        stopped=len(fate.stopped),
        refusals=[each.refused for each in rejected] + [_conflict(entries[place]).refused for place in fate.conflicts],
    )


def mint(app: App) -> str:
    """A message id for a message that brought none."""
    return app.dice.token(MINTED_ID_BYTES).hex()


def append(app: App, entries: Sequence[Entry], rejected: Sequence[Rejected] = ()) -> Fate:
    """Put rows into the journal and refusals beside it, in order; the same id twice is one row."""
    if len(entries) + len(rejected) > APPEND_MAX_EVENTS:
        raise InputRefused(
            f"{len(entries) + len(rejected)} events at once would hold the journal for too long",
            f"Append at most {APPEND_MAX_EVENTS} a transaction",
        )
    fate = _append_rows(app, entries) if entries else Fate([], [], [])
    rejected = [*rejected, *(_conflict(entries[place]) for place in fate.conflicts)]
    if rejected:
        _write_refusals(app, rejected)
    return fate


def _append_rows(app: App, entries: Sequence[Entry], kept_out: set[int] | None = None) -> Fate:
    """`kept_out` are the places that name somebody on the stop list; None: the list is asked whether it is empty."""
    fate = Fate([], [], sorted(kept_out or ()))
    first: dict[tuple[int, str], int] = {}
    for place, (source, _, row) in enumerate(entries):
        if kept_out and place in kept_out:
            continue
        original = first.setdefault((source.id, row.message_id), place)
        if original != place:
            fate.add(place, entries[original].row.body_hash == row.body_hash)
    unique = list(first.values())
    if not unique:
        return fate
    columns = _columns(entries if len(unique) == len(entries) else [entries[place] for place in unique])
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    new, first_new, is_unjudged = _put(app, columns, is_judged=kept_out is not None)
    if is_unjudged:
        return _append_rows(
            app, entries, judge(app, [(each.source, each.received_at, each.row.body) for each in entries])
        )
    if new < len(unique):
        _tell_old_from_new(app, entries, unique, columns | {"first_new": first_new}, fate)
    return fate


def _put(app: App, columns: dict[str, list[Any]], *, is_judged: bool) -> tuple[int, int, bool]:
    """How many are new, the position of the first of them, and whether nothing was put because nobody judged it."""
    row = app.db.execute(SQL.append, columns | {"judged": is_judged}).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _tell_old_from_new(
    app: App, entries: Sequence[Entry], unique: list[int], given: dict[str, Any], fate: Fate
) -> None:
    """Which of these were in the journal already; those that were withdrawn since go in again."""
    again: list[int] = []
    told: list[tuple[int, bool, bool]] = app.db.execute(SQL.told_before, given).fetchall()
    for at, same, withdrawn in told:
        if withdrawn:
            again.append(unique[at])
        else:
            fate.add(unique[at], same)
    if again:
        _append_again(app, entries, sorted(again), fate)


def _append_again(app: App, entries: Sequence[Entry], places: list[int], fate: Fate) -> None:
    """Messages whose ids stand on withdrawn events: as new ones, under the id with a mark for each time before."""
    renamed = [entries[at]._replace(row=_marked(entries[at].row)) for at in places]
    # The stop list was asked for them before, under the lock that we still hold.
    inner = _append_rows(app, renamed, set())
    fate.duplicates.extend(places[at] for at in inner.duplicates)
    fate.conflicts.extend(places[at] for at in inner.conflicts)


def _marked(row: Row) -> Row:
    return row._replace(message_id=row.message_id + AGAIN_MARK)


def _columns(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    sources, received_at, rows = zip(*entries, strict=True)
    message_id, kind, name, occurred_at, body, body_hash = map(list, zip(*rows, strict=True))
    return {
        "source_id": [source.id for source in sources],
        "received_at": list(received_at),
        "message_id": message_id,
        "kind": kind,
        "name": name,
        "occurred_at": occurred_at,
        "body": body,
        "body_hash": body_hash,
    }


def _conflict(entry: Entry) -> Rejected:
    shown = hidden(entry.row.message_id, ("messageId",))
    refused = refuse(
        entry.row.body,
        errors.SAME_ID_OTHER_BODY,
        f"The message '{shown}' is here already with another body; the first one stands",
        "Give every message an id of its own; compare both bodies if one was meant as a correction",
    )
    return Rejected(entry.source, entry.received_at, refused._replace(message_id=entry.row.message_id))


def _write_refusals(app: App, rejected: Sequence[Rejected]) -> None:
    # Rows are written once, so two writers could wait for each other's; nobody waits who holds the journal.
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    if _put_refusals(app, rejected, is_judged=False):
        kept_out = judge(app, [(each.source, each.received_at, each.refused.body) for each in rejected])
        left = [each for place, each in enumerate(rejected) if place not in kept_out]
        if left:
            _put_refusals(app, left, is_judged=True)


def _put_refusals(app: App, rejected: Sequence[Rejected], *, is_judged: bool) -> bool:
    """Whether nothing was put because somebody is on the stop list and nobody judged these."""
    columns = zip(*(each.refused for each in rejected), strict=True)
    message_id, code, reason, fix, body, body_hash = map(list, columns)
    row = app.db.execute(
        SQL.refuse,
        {
            "judged": is_judged,
            "source_id": [each.source.id if each.source else None for each in rejected],
            "received_at": [each.received_at for each in rejected],
            "message_id": message_id,
            "code": code,
            "reason": reason,
            "fix": fix,
            "body": body,
            "body_hash": body_hash,
        },
    ).fetchone()
    assert row is not None
    return row[0]


def claim(app: App, limit: int, reader: str = FLOW) -> Batch | None:
    """The next `limit` events of this reader, its checkpoint locked until the transaction ends; None: nothing new."""
    return batch_of(read(app, checkpoint_of(app, reader), limit))


def checkpoint_of(app: App, reader: str) -> int:
    """The position up to which this reader is done, locked until the transaction ends."""
    row = app.db.execute(SQL.lock_checkpoint, {"reader": reader}).fetchone()
    if row is None:
        app.db.execute(SQL.make_checkpoint, {"reader": reader})
        row = app.db.execute(SQL.lock_checkpoint, {"reader": reader}).fetchone()
        assert row is not None
    return row[0]


def free_position(app: App) -> int:
    """A position of the journal that no event has or will have."""
    [(position,)] = app.db.execute(SQL.free_position).fetchall()
    return position


def last_withdrawal(app: App) -> int:
    """Number of the latest withdrawal; 0: there is none."""
    row = app.db.execute(SQL.last_withdrawal).fetchone()
    assert row is not None, "an aggregate has a row"
    return row[0]


def read(app: App, after: int, limit: int) -> list[Event]:
    """The `limit` events behind a position, in order."""
    rows = app.db.execute(SQL.claim, {"after": after, "limit": limit}).fetchall()
    known = _sources(app) if rows else {}
    return [_event(row, *known[row[1]]) for row in rows]


def events_at(app: App, positions: Sequence[int]) -> list[Event]:
    """The events at these positions as they came, also those that readers get bare, in order."""
    rows = app.db.execute(SQL.events_at, {"seqs": positions}).fetchall()
    known = _sources(app) if rows else {}
    return [_event(row, *known[row[1]]) for row in rows]


def batch_of(events: list[Event]) -> Batch | None:
    """These events as one batch; None: there are none."""
    return Batch(events=events, last_seq=events[-1].seq) if events else None


def _sources(app: App) -> dict[int, tuple[Source, _Current]]:
    """By id, each with the fields that it keeps or kept current, and at which positions."""
    return {
        row[0]: (Source(*row), [each for each in zip(CURRENT_FIELDS, (email, phone), strict=True) if each[1]])
        for *row, email, phone in app.db.execute(SQL.all_sources)
    }


def _event(row: tuple[Any, ...], source: Source, kept: _Current) -> Event:
    seq, _, message_id, kind, name, occurred_at, received_at, body = row
    return Event(
        seq=seq,
        source=source.name,
        source_kind=source.kind,
        login_space=source.login_space,
        current=tuple(field for field, positions in kept if any(seq in stretch for stretch in positions)),
        message_id=message_id,
        kind=kind,
        name=name,
        occurred_at=occurred_at,
        received_at=received_at,
        body=_decode_body(body),
    )


def advance(app: App, batch: Batch, reader: str = FLOW) -> None:
    """Move the reader's checkpoint past this batch, in the transaction that carried it."""
    app.db.execute(SQL.advance, {"reader": reader, "seq": batch.last_seq})


def announce(app: App, announcements: Sequence[Announcement]) -> None:
    """Say something of our own about customers; it is in the journal after the next `publish`."""
    if not announcements:
        return
    app.db.execute(
        SQL.announce,
        {
            "message_id": [each.message_id for each in announcements],
            "name": [each.name for each in announcements],
            "customer": [each.customer for each in announcements],
            "occurred_at": [each.occurred_at for each in announcements],
            "properties": [_encode(each.properties).decode() for each in announcements],
        },
    )


def publish(app: App) -> int:
    """Move what was announced into the journal, in transactions of its own unless one is open; how many were moved."""
    moved = 0
    while True:
        if app.connection is not None:
            gone = _publish_some(app)
        else:
            with app.transaction() as inside:
                gone = _publish_some(inside)
        moved += gone
        if gone < PUBLISH_MAX_EVENTS:
            return moved


def _publish_some(app: App) -> int:
    register_own(app)
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    row = app.db.execute(
        SQL.publish, {"limit": PUBLISH_MAX_EVENTS, "source": OWN_SOURCE, "now": app.clock.now()}
    ).fetchone()
    assert row is not None
    return row[0]


class Refusal(msgspec.Struct, frozen=True):
    """One refused message as people see it."""

    id: int
    source: str | None
    received_at: datetime
    message_id: str | None
    code: str
    reason: str
    fix: str
    body: str
    """Its first REFUSAL_SHOWN_CHARACTERS; the table keeps more."""


def refusals(app: App, limit: int = 50, before: int | None = None) -> list[Refusal]:
    """Refused messages, newest first, below the refusal `before`."""
    rows = app.db.execute(
        SQL.recent_refusals, {"limit": limit, "before": before, "shown": REFUSAL_SHOWN_CHARACTERS}
    ).fetchall()
    return [Refusal(*row) for row in rows]
