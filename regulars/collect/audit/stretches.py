"""The journal in the lake, read once a stretch and remembered: what an audit adds up instead of reading everything.

A stretch is what was unread when it was read, up to STRETCH_MAX_POSITIONS: one pass over much costs less than many over
little. The last one grows: it is read again with what came since, until it holds STRETCH_GROWN_POSITIONS. One whose
files were rewritten (compaction, erasure) or in which something was withdrawn since is read again, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.collect.audit import look
from regulars.collect.audit.fields import VERSION
from regulars.collect.audit.look import SQL, Judge
from regulars.collect.keys import OWN_SOURCE
from regulars.collect.keys import SQL as KEYS
from regulars.lake.duckdb import engine

# Bounds the memory and the time of one reading: about 0.4 GB and 2 s for events of 1 KB.
STRETCH_MAX_POSITIONS = 100_000
STRETCH_GROWN_POSITIONS = 100_000
# Stretches read at once by whoever waits for all of them; each has one thread of DuckDB, and one of Python that judges.
READERS = 2
# "AUDI": two readers would read the same stretch and write it twice.
AUDIT_LOCK = 0x41554449

_encode = msgspec.json.Encoder().encode


class File(NamedTuple):
    """A file of the lake and the positions it spans."""

    id: int
    kind: str
    path: str
    from_seq: int
    to_seq: int


Place = tuple[int, int]
"""Positions: after the first and up to the second."""


class Span(NamedTuple):
    """Positions `after` < seq <= `to`, and what there is to read of them."""

    after: int
    to: int
    files: list[File]
    bare: list[tuple[int, int]]

    @property
    def made_of(self) -> str:
        """Changes whenever a reading would."""
        told = repr((VERSION, [file.id for file in self.files], self.bare)).encode()
        return blake2b(told, digest_size=16).hexdigest()


def read_lake(app: App, judges: Mapping[str, Judge], most: int | None = None) -> int:
    """Read at most so many stretches that are new or changed, each in a transaction of its own; how many were read.

    The time each takes depends on STRETCH_MAX_POSITIONS, not on the size of the lake.
    """
    done = 0
    while most is None or done < most:
        with app.transaction() as inside:
            inside.db.execute(SQL.lock_audit, {"lock": AUDIT_LOCK})
            spans = _next(inside, READERS if most is None else min(READERS, most - done))
            if not spans:
                return done
            _read(inside, spans, judges)
        done += len(spans)
    return done


def is_read(app: App) -> bool:
    """Everything that is in the lake was read, and is as it was then."""
    made = _made(app)
    return {place: told for place, (_, told) in made.items()} == {
        (span.after, span.to): span.made_of for span in _spans(app, made)
    }


def read_until(app: App) -> int:
    """The journal position up to which something was read; 0: nothing was."""
    return max((to for _, to in _made(app)), default=0)


def journal_until(app: App) -> int:
    """The latest position of the journal."""
    return app.db.execute(SQL.journal_until).fetchall()[0][0]


def _made(app: App) -> dict[Place, tuple[int, str]]:
    """The stretches that were read, in order: their numbers, and what they were read from."""
    return {(row[1], row[2]): (row[0], row[3]) for row in app.db.execute(SQL.stretches)}


def _next(app: App, most: int) -> list[Span]:
    """The first spans that have no reading or an old one; readings that nothing stands for any more are dropped."""
    made = _made(app)
    spans = _spans(app, made)
    unread = [span for span in spans if made.get((span.after, span.to), (0, ""))[1] != span.made_of][:most]
    # Old readings stay until they are read again, so that nobody sees half of a lake in between.
    places = {(span.after, span.to) for span in spans}
    gone = [
        number
        for place, (number, _) in made.items()
        if (any(place[0] < span.to and place[1] > span.after for span in unread) if unread else place not in places)
    ]
    app.db.execute(SQL.drop_stretches, {"ids": gone})
    return unread


def _spans(app: App, made: Iterable[Place]) -> list[Span]:
    row = app.db.execute(SQL.lake_until).fetchone()
    assert row is not None, "a query of scalars has one row"
    files = [File(*each) for each in app.db.execute(SQL.lake_files, {"after": 0})]
    bare: list[tuple[int, int]] = app.db.execute(SQL.bare_ranges).fetchall()
    spans: list[Span] = []
    for after, to in cut(made, row[0]):
        inside = [file for file in files if file.from_seq <= to and file.to_seq > after]
        spans.append(Span(after, to, inside, [each for each in bare if each[0] <= to and each[1] > after]))
    return spans


def cut(made: Iterable[Place], until: int) -> list[Place]:
    """Positions up to `until` as stretches: those that are made, but for a last one that still grows; then the rest."""
    places: list[Place] = []
    done = 0
    for after, to in sorted(made):
        if after != done or to > until:
            break
        if to < until and to - after < STRETCH_GROWN_POSITIONS:
            break
        places.append((after, to))
        done = to
    rest = range(done, until, STRETCH_MAX_POSITIONS)
    return places + [(after, min(after + STRETCH_MAX_POSITIONS, until)) for after in rest]


def _read(app: App, spans: Sequence[Span], judges: Mapping[str, Judge]) -> None:
    """Look at these spans, all at once, and remember what stands there."""
    own = next((row[0] for row in app.db.execute(KEYS.all_sources) if row[1] == OWN_SOURCE), 0)
    began = time.monotonic()
    with ThreadPoolExecutor(len(spans)) as pool:
        looks = list(pool.map(partial(_look, app.lake.root, own, judges), spans))
    seconds = round((time.monotonic() - began) / len(spans), 3)
    for span, (cells, uses) in zip(spans, looks, strict=True):
        given = {
            "from_seq": span.after,
            "to_seq": span.to,
            "made_of": span.made_of,
            "now": app.clock.now(),
            "seconds": seconds,
        }
        row = app.db.execute(SQL.add_stretch, given).fetchone()
        assert row is not None, "an insert that returns"
        stretch: int = row[0]
        if cells:
            app.db.execute(SQL.add_cells, {"stretch": stretch} | _columns(cells))
        if uses:
            app.db.cursor().executemany(SQL.add_uses, [{"stretch": stretch} | use._asdict() for use in uses])


def _look(root: Path, own: int, judges: Mapping[str, Judge], span: Span) -> tuple[list[look.Cell], list[look.Use]]:
    journal, facts = (
        [str(root / file.path) for file in span.files if file.kind == kind] for kind in ("journal", "facts")
    )
    with engine(threads=1) as duck:
        duck.table("bare", {"from_seq": "bigint", "to_seq": "bigint"}, span.bare)
        look.read(duck, journal, facts, {"after": span.after, "to": span.to, "own": own})
        return look.cells(duck, judges), look.uses(duck)


def _columns(cells: Sequence[look.Cell]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [getattr(cell, name) for cell in cells]
        for name in look.Cell._fields
        if name not in ("forms", "sample", "event", "field")
    }
    # NUL cannot stand in a text column; the door refuses it, so this is for lakes written by others.
    columns["event"] = [cell.event.replace("\0", "") for cell in cells]
    columns["field"] = [cell.field.replace("\0", "") for cell in cells]
    columns["forms"] = [_encode(cell.forms).decode() for cell in cells]
    columns["sample"] = [_encode([text.replace("\0", "") for text in cell.sample]).decode() for cell in cells]
    return columns
