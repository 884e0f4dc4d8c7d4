"""Imports as things: what was imported from which file, how far it is, and undoing it.

A chunk's rows, where they lie in the journal and how far the import is are written in one transaction. So an import
that was killed is durable up to a row, is read on from there, and knows every position that it gave.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect.errors import ImportRefused
from regulars.collect.files.mapping import Mapping
from regulars.collect.formats import Dialect
from regulars.collect.hold import held
from regulars.collect.keys import SQL
from regulars.collect.withdrawals import withdraw
from regulars.kit.errors import NotFound

# "IMPO": class of the advisory locks that say which imports are being carried.
IMPORT_LOCK = 0x494D504F
LISTED_MAX = 100
AT_ONCE_MAX = 2
# A process needs a moment before it says that it carries the import.
STARTING = timedelta(seconds=15)
REFUSALS_LISTED_MAX = 1_000
RUNNING, STOPPED, FAILED, DONE, UNDONE = "running", "stopped", "failed", "done", "undone"


class RowRefusal(msgspec.Struct, frozen=True):
    """One row that was not taken."""

    row: int
    code: str
    reason: str
    fix: str


class ImportRun(msgspec.Struct, frozen=True, kw_only=True):
    """One import of one file."""

    id: int
    source: str
    source_kind: str
    file_name: str
    path: str
    file_hash: str
    size_bytes: int
    dialect: Dialect
    mapping: Mapping
    actor: str
    state: str
    """running, stopped (its process is gone), failed, done, undone."""
    rows: int
    """Rows that are durable."""
    mark: int
    share: float
    accepted: int
    duplicates: int
    refused: int
    fault: str | None
    started_at: datetime
    resumed_at: datetime
    resumed_row: int
    moved_at: datetime
    launched_at: datetime | None
    """When a page last started a process for it."""
    ended_at: datetime | None
    withdrawal: int | None

    @property
    def can_resume(self) -> bool:
        """Whether it can be taken up where it stopped."""
        return self.state in (STOPPED, FAILED)

    @property
    def can_undo(self) -> bool:
        """Whether its events can be withdrawn now."""
        return self.state in (STOPPED, FAILED, DONE)

    @property
    def left(self) -> timedelta | None:
        """How long it will still take at the pace since it was taken up; None: nobody can say yet."""
        taken = self.moved_at - self.resumed_at
        done = self.rows - self.resumed_row
        if self.state != RUNNING or not done or not self.share or not taken:
            return None
        return taken / done * (self.rows / self.share - self.rows)


def list_imports(app: App, before: int | None = None, limit: int = LISTED_MAX) -> list[ImportRun]:
    """Imports, newest first, those before `before`."""
    return _read(app, run=None, before=before, limit=limit)


def import_run(app: App, id: int) -> ImportRun:
    """One import. Raises NotFound."""
    found = _read(app, run=id, before=None, limit=1)
    if not found:
        raise NotFound(f"There is no import {id}", "Choose one from the list of imports")
    return found[0]


def refused_rows(app: App, run: int, limit: int = REFUSALS_LISTED_MAX) -> list[RowRefusal]:
    """The first rows that an import did not take."""
    return [RowRefusal(*row) for row in app.db.execute(SQL.refused_rows, {"run": run, "limit": limit})]


def undo(app: App, id: int, actor: str) -> ImportRun:
    """Withdraw every event of an import, in the caller's transaction; the same file may be imported again afterwards.

    Raises ImportRefused while somebody carries it, and where it is undone already.
    """
    if not holds(app, id):
        raise ImportRefused(f"Import {id} is running", "Wait for its end, or stop its process, and undo it then")
    app.db.execute(SQL.lock_import, {"run": id})
    run = import_run(app, id)
    if run.state == UNDONE:
        raise ImportRefused(f"Import {id} is undone already", "Import the file again to have its events back")
    found: list[tuple[int, int]] = app.db.execute(SQL.import_ranges, {"run": id}).fetchall()
    withdrawal = withdraw(app, joined(found), actor, f"Import {id} of {run.file_name} was undone")
    app.db.execute(SQL.undo_import, {"run": id, "now": app.clock.now(), "withdrawal": withdrawal})
    return import_run(app, id)


def launch(app: App, id: int) -> None:
    """Note that a process is about to carry this import; from now on it counts as under way.

    Raises ImportRefused where it cannot go on, is under way already, or AT_ONCE_MAX others are.
    """
    app.db.execute(SQL.launch_in_turn, {"class": IMPORT_LOCK})
    run, now = import_run(app, id), app.clock.now()
    rows = app.db.execute(SQL.imports_under_way, {"class": IMPORT_LOCK, "since": now - STARTING})
    going = {row[0] for row in rows}
    if id in going:
        raise ImportRefused(f"Import {id} is running already", "Look at its progress under Data > Imports")
    if not run.can_resume:
        raise ImportRefused(f"Import {id} is {run.state}", "Only one that was stopped or failed can go on")
    if len(going) >= AT_ONCE_MAX:
        raise ImportRefused(
            f"{len(going)} imports are running, and {AT_ONCE_MAX} at once are enough for this machine",
            "Wait for one of them to end, then go on with this one; nothing is lost",
        )
    app.db.execute(SQL.launch_import, {"run": id, "now": now})


def holds(app: App, id: int) -> bool:
    """Whether nobody carries or undoes it; then nobody can until the caller's transaction ends."""
    return app.db.execute(SQL.hold_import_here, {"class": IMPORT_LOCK, "run": id}).fetchone() == (True,)


def joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same positions in as few ranges as there are; `ranges` in order."""
    made: list[tuple[int, int]] = []
    for first, last in ranges:
        if made and made[-1][1] + 1 == first:
            made[-1] = (made[-1][0], last)
        else:
            made.append((first, last))
    return made


def carrying(app: App, id: int) -> AbstractContextManager[None]:
    """Carry an import: nobody else does meanwhile, and whoever looks sees that it is being carried."""
    busy = ImportRefused(f"Import {id} is running already", "Look at its progress under Data > Imports")
    return held(app, IMPORT_LOCK, id, busy)


def _read(app: App, **given: Any) -> list[ImportRun]:
    rows = app.db.execute(SQL.imports, given | {"class": IMPORT_LOCK})
    return [_run(row) for row in rows]


def _run(row: tuple[Any, ...]) -> ImportRun:
    told = dict(zip(ImportRun.__struct_fields__, row, strict=True))
    told["dialect"] = msgspec.json.decode(told["dialect"], type=Dialect)
    told["mapping"] = msgspec.json.decode(told["mapping"], type=Mapping)
    return ImportRun(**told)
