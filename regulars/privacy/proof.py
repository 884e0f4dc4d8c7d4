"""The proof of an erasure: every store is looked through for her identifiers, and what was found is said and signed.

Every column that can hold a word is read, declared or not, so that a place which everybody forgot is found as well;
every file of the lake whether it is listed or not, and every other file of the data folder. What cannot be read is
named. A hit is explained where she came back after the erasure; any other stands as it is.

It is read by slices with a breath between them, so that whoever carries events meanwhile is not held up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from regulars import collect, resolve
from regulars.app import App
from regulars.store import queries
from regulars.store.looking import matches

SQL = queries(__package__ or "")
PARQUET = ".parquet"
# What the erasure itself looks for stands here until the proof is written; the proof says so.
LOOKING = ("erasure", "sought")
Breathe = Callable[[], object]
"""Called between two slices; what it raises ends the looking."""
UNREAD = (
    "the log, the free space and the dead rows of the database's own files, until PostgreSQL writes over them",
    "backups made before: a restored one is caught up by erasures/erasures.jsonl before it answers",
    "whatever left this installation: letters that were sent, events that other systems were given",
)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One store that was looked through."""

    store: str
    """database, lake or files."""
    place: str
    """A table, or a path below its root."""
    hits: int
    """Rows, or files, that name her."""
    why: str = ""
    """What explains all of them; empty where there is none or nothing does."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked through, and what was found."""

    erasure: int
    erased_at: datetime
    made_at: datetime
    spellings: int
    """How many ways of writing her identifiers were looked for."""
    looked: list[Looked]
    not_looked: tuple[str, ...] = UNREAD

    @property
    def hits(self) -> int:
        """Those that nothing explains: 0 proves the erasure."""
        return sum(one.hits for one in self.looked if not one.why)

    @property
    def exceptions(self) -> list[Looked]:
        """Places with hits, explained or not."""
        return [one for one in self.looked if one.hits]


def prove(app: App, erasure: int, erased_at: datetime, sought: Sequence[str], breathe: Breathe) -> Report:
    """Look through everything, in transactions of its own."""
    looked: list[Looked] = []
    if sought:
        pattern = collect.erasure.pattern_of(sought)
        looked += _database(app, pattern, erased_at, breathe)
        looked += _lake(app, pattern, breathe)
        looked += _files(app, pattern, breathe)
    return Report(erasure=erasure, erased_at=erased_at, made_at=app.clock.now(), spellings=len(sought), looked=looked)


def _database(app: App, pattern: str, erased_at: datetime, breathe: Breathe) -> Iterator[Looked]:
    with app.transaction() as inside:
        tables = inside.db.execute(SQL.text_columns).fetchall()
        until = inside.db.execute(SQL.last_position).fetchall()[0][0]
    for table, columns, types in tables:
        read = [(c, t) for c, t in zip(columns, types, strict=True) if (table, c) != LOOKING]
        hits, why = _matches(app, table, read, pattern, breathe), ""
        if hits and table == "journal":
            hits, why = _explained(app, pattern, erased_at, until)
        yield Looked(store="database", place=table, hits=hits, why=why)


def _matches(app: App, table: str, columns: Sequence[tuple[str, str]], pattern: str, breathe: Breathe) -> int:
    """Rows of a table as of one instant: a row that is written anew while we look moves, and would be missed."""
    hits = 0
    with app.transaction() as inside:
        inside.db.execute(SQL.of_one_instant)
        for found in matches(inside.db, table, columns, pattern):
            hits += found
            breathe()
    return hits


def _explained(app: App, pattern: str, erased_at: datetime, until: int) -> tuple[int, str]:
    """What of the journal up to here names her once nothing of it waits for the flow, and why it may."""
    resolve.refuse_waiting(app)
    with app.transaction() as inside:
        given = {"pattern": pattern, "erased_at": erased_at, "until": until}
        whole, later = inside.db.execute(SQL.later_events, given).fetchall()[0]
    is_later = whole == later > 0
    return whole, "events of after the erasure: somebody who came anew" if is_later else ""


def _lake(app: App, pattern: str, breathe: Breathe) -> Iterator[Looked]:
    seen = set[str]()
    # Files are joined meanwhile: what is new after a look is looked through as well.
    while new := sorted({path for path, _ in app.lake.paths() if path.endswith(PARQUET)} - seen):
        seen.update(new)
        for path in new:
            hits = 0
            for found in app.lake.matches(path, pattern):
                hits += found
                breathe()
            yield Looked(store="lake", place=path, hits=hits)


def _files(app: App, pattern: str, breathe: Breathe) -> Iterator[Looked]:
    """Every file of the data folder that neither PostgreSQL nor the lake keeps."""
    home = app.settings.home_path
    search = re.compile(pattern.encode(), re.IGNORECASE).search

    def found(piece: bytes) -> object:
        breathe()
        return search(piece)

    for path in _below(home, {home / "postgres", app.lake.root}):
        try:
            yield Looked(store="files", place=str(path.relative_to(home)), hits=int(collect.erasure.holds(path, found)))
        except FileNotFoundError:
            continue  # it went while we looked
        except OSError as fault:
            yield Looked(store="files", place=str(path.relative_to(home)), hits=0, why=f"not read: {fault.strerror}")


def _below(home: Path, without: set[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if Path(folder, name) not in without)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path
