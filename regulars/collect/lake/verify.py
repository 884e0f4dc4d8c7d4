"""Proof that the lake is the journal, and what is to be done where it is not.

Every file is read against the checksum it was written with. Of each journal file the positions and hashes of bodies are
added up (`lake.fingerprint`), and one pass over the journal adds up what each file must hold: equal sums prove equal
rows. A damaged file is marked, so that readers pass it by and the rest stays readable; the journal says what it lost.
Facts are made from the journal, so a fact file is proved by its checksum; one that was damaged and is whole again must
not hold what was withdrawn meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.collect.journal import LAKE, checkpoint_of, last_withdrawal
from regulars.collect.lake.flush import FACTS, JOURNAL, SQL, WRITERS, kept_from, listing, parts_of, path_of
from regulars.collect.lake.flush import add_files as list_files
from regulars.kit.clock import EPOCH, day_number
from regulars.lake.files import Fingerprint, added, fingerprint

# Rows of the journal in memory at once.
PROOF_CHUNK_EVENTS = 50_000
# Ranges of lost positions named for one file; the count is always whole.
RANGES_NAMED = 1_000
# Kinds of event that have facts.
WITH_FACTS = frozenset({"track", "page", "screen"})
# Positions in no file, of which examples are named.
UNLISTED_NAMED = 1_000
MARK_BYTES = 4
NO_ROWS = Fingerprint(0, 0)
NOT_THE_JOURNAL = "not what the journal holds"


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A file that readers must do without, and what it held."""

    path: str
    kind: str
    what: str
    """missing, not what was written, or not what the journal holds."""
    rows: int
    """Rows it had."""
    events: int
    """Events of the journal whose rows it held."""
    lost: list[tuple[int, int]]
    """Their positions as ranges, at most RANGES_NAMED."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was proved."""

    files: int
    events: int
    """Events of the journal that the lake must hold."""
    up_to: int
    """Position up to which the lake goes."""
    kept_from_day: int | None
    """First day kept (days since 1970-01-01); None: all."""
    damages: list[Damage]
    unlisted: int
    """Events of the journal that no file holds, though its span of positions was copied."""
    unlisted_positions: list[int]
    """The first UNLISTED_NAMED of them."""

    @property
    def is_sound(self) -> bool:
        """The lake is the journal."""
        return not (self.damages or self.unlisted)


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from the journal again."""

    files: int
    rows: int


class File(NamedTuple):
    """A row of lake_file."""

    id: int
    kind: str
    day: int
    path: str
    rows: int
    sha256: bytes
    from_seq: int
    to_seq: int
    damaged: bool


class Row(NamedTuple):
    """An event that the lake must hold."""

    seq: int
    day: int
    body_hash: bytes
    kind: str


def verify(app: App) -> Verified:
    """Every file against its checksum and the journal, in the caller's transaction; marks what is damaged."""
    up_to = checkpoint_of(app, LAKE)
    first_day = kept_from(app)
    files = [File(*row) for row in app.db.execute(SQL.all_files)]
    with ThreadPoolExecutor(WRITERS) as pool:
        faults = dict(zip((file.id for file in files), pool.map(partial(_fault, app), files), strict=True))
    book = _Book(files)
    for row in _journal(app, 0, up_to, first_day):
        book.take(row)
    book.close()
    # Of withdrawals that the lake still follows, some files hold the events and some do not any more.
    leaving: list[tuple[int, int]] = app.db.execute(SQL.leaving_ranges).fetchall()
    for file in files:
        if file.kind == JOURNAL and faults[file.id] is None:
            held = app.lake.fingerprint(file.path, leaving)
            faults[file.id] = None if held == book.must_hold[file.id] else NOT_THE_JOURNAL
        elif file.kind == FACTS and file.damaged and faults[file.id] is None and _holds_withdrawn(app, file):
            faults[file.id] = NOT_THE_JOURNAL
    damaged = {file.id: (file, fault) for file in files if (fault := faults[file.id]) is not None}
    app.db.execute(SQL.mark_damaged, {"damaged": list(damaged), "now": app.clock.now()})
    return Verified(
        files=len(files),
        events=book.events,
        up_to=up_to,
        kept_from_day=first_day if app.db.execute(SQL.kept_from).fetchall() != [(None,)] else None,
        damages=[_damage(app, file, fault) for file, fault in damaged.values()],
        unlisted=book.unlisted,
        unlisted_positions=book.examples,
    )


def _holds_withdrawn(app: App, file: File) -> bool:
    """A file that somebody put back is as it was written: what was withdrawn while it was away is in it still."""
    gone: list[tuple[int, int]] = app.db.execute(
        SQL.ranges_within, {"from": file.from_seq, "to": file.to_seq}
    ).fetchall()
    return app.lake.holds(file.path, gone)


def _fault(app: App, file: File) -> str | None:
    if app.lake.is_whole(file.path, file.sha256):
        return None
    return "not what was written" if (app.lake.root / file.path).exists() else "missing"


class _Book:
    """What each journal file must hold, added up row by row."""

    def __init__(self, files: list[File]) -> None:
        by_day: dict[int, list[File]] = defaultdict(list)
        for file in files:
            if file.kind == JOURNAL:
                by_day[file.day].append(file)
        self._by_day = {day: sorted(some, key=lambda file: file.from_seq) for day, some in by_day.items()}
        self._starts = {day: [file.from_seq for file in some] for day, some in self._by_day.items()}
        self._open: dict[int, list[Row]] = defaultdict(list)
        self.must_hold: dict[int, Fingerprint] = defaultdict(lambda: NO_ROWS)
        self.events = self.unlisted = 0
        self.examples: list[int] = []

    def take(self, row: Row) -> None:
        """One event of the journal."""
        self.events += 1
        at = bisect_right(self._starts.get(row.day, ()), row.seq) - 1
        file = self._by_day[row.day][at] if at >= 0 else None
        if file is None or row.seq > file.to_seq:
            self.unlisted += 1
            if len(self.examples) < UNLISTED_NAMED:
                self.examples.append(row.seq)
            return
        self._open[file.id].append(row)
        if self.events % PROOF_CHUNK_EVENTS == 0:
            self.close()

    def close(self) -> None:
        """Add up what was taken."""
        for id, rows in self._open.items():
            some = fingerprint([row.seq for row in rows], [row.body_hash for row in rows])
            self.must_hold[id] = added(self.must_hold[id], some)
        self._open.clear()


def _journal(app: App, after: int, to: int, first_day: int) -> Iterator[Row]:
    zone = app.settings.zone
    while after < to:
        given = {"after": after, "to": to, "limit": PROOF_CHUNK_EVENTS}
        rows = app.db.execute(SQL.journal_between, given).fetchall()
        if not rows:
            return
        for seq, occurred_at, body_hash, kind in rows:
            day = day_number(occurred_at, zone)
            if day >= first_day:
                yield Row(seq, day, body_hash, kind)
        after = rows[-1][0]


def _damage(app: App, file: File, what: str) -> Damage:
    """What it held, as the journal knows it."""
    rows = [row for row in _journal(app, file.from_seq - 1, file.to_seq, file.day) if row.day == file.day]
    if file.kind == FACTS:
        rows = [row for row in rows if row.kind in WITH_FACTS]
    lost = ranges(row.seq for row in rows)
    return Damage(path=file.path, kind=file.kind, what=what, rows=file.rows, events=len(rows), lost=lost[:RANGES_NAMED])


def ranges(seqs: Iterator[int]) -> list[tuple[int, int]]:
    """Ascending positions as ranges of neighbors."""
    found: list[tuple[int, int]] = []
    for seq in seqs:
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def repair(app: App) -> Repaired:
    """Read what damaged files held from the journal again, in the caller's transaction; `verify` found them."""
    checkpoint_of(app, LAKE)
    clean_of = last_withdrawal(app)
    damaged = [file for file in (File(*row) for row in app.db.execute(SQL.all_files)) if file.damaged]
    made: list[dict[str, Any]] = []
    for file in damaged:
        # The same name would be the damaged file's, and its end is committed only after the new one is there.
        mark = f"-{app.dice.token(MARK_BYTES).hex()}"
        span = (file.from_seq, file.to_seq)
        for part in parts_of(app, _carried_in(app, file), file.day):
            if (part.kind, part.day) == (file.kind, file.day):
                path = path_of(part.kind, part.day, span, mark)
                made.append(listing(part.kind, part.day, path, span, app.lake.write(path, part.types, part.rows)))
    app.db.execute(SQL.drop_files, {"ids": [file.id for file in damaged], "now": app.clock.now()})
    if made:
        list_files(app, made, clean_of)
    return Repaired(files=len(damaged), rows=sum(file["rows"] for file in made))


def _carried_in(app: App, file: File) -> list[tuple[Any, ...]]:
    given = {
        "from": file.from_seq,
        "to": file.to_seq,
        "since": _midnight(file.day - 1),
        "before": _midnight(file.day + 2),
    }
    return app.db.execute(SQL.carried_in, given).fetchall()


def _midnight(day: int) -> datetime:
    return (EPOCH + timedelta(days=day)).astimezone(UTC)
