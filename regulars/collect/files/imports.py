"""Files in: rows become messages, pass the same door as HTTP and are appended a chunk a transaction.

While one chunk is written the next one is made ready, so at most three chunks are in memory, each of CHUNK_ROWS rows
or CHUNK_MAX_BYTES. A row that brings no id gets one from the file's content and its own number: a file that is imported
again adds nothing, and one that was undone goes in anew (`journal.append` sees that the first events are withdrawn).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
import psycopg

from regulars.app import App
from regulars.collect import errors
from regulars.collect.door import Arrival, Refused, Row, admit, refuse
from regulars.collect.errors import FileRefused, ImportRefused
from regulars.collect.files import import_runs
from regulars.collect.files.import_runs import (
    DONE,
    FAILED,
    REFUSALS_LISTED_MAX,
    ImportRun,
    RowRefusal,
    carrying,
    import_run,
    refused_rows,
)
from regulars.collect.files.mapping import AMOUNT, Judged, Mapping, Unfit, check_columns, judged
from regulars.collect.formats import Dialect, FileRow, Format, Place, formats, shown
from regulars.collect.journal import APPEND_MAX_EVENTS, JOURNAL_LOCK, Entry, Rejected, append, mint
from regulars.collect.keys import SQL, Source, source_by_name
from regulars.kit.errors import RegularsError, place_of

CHUNK_ROWS = APPEND_MAX_EVENTS
CHUNK_MAX_BYTES = 16 * 1024 * 1024
HASH_CHUNK_BYTES = 1024 * 1024
GARBAGE_THRESHOLD_OBJECTS = 200_000
FILE_ID_CHARACTERS = 16
BY_COMMAND = "command line"
OTHER_ENDINGS = {"tab": "tsv", "txt": "csv", "xlsm": "xlsx", "ndjson": "jsonl", "json": "jsonl", "pq": "parquet"}


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `refusals` lists the first REFUSALS_LISTED_MAX; all are in the table of refusals."""

    rows: int
    accepted: int
    duplicates: int
    refused: int
    refusals: list[RowRefusal]
    dry_run: bool
    run: int | None = None
    """The import's number; None: nothing was stored."""


Followed = Callable[[int, float], None]
"""Hears the rows that are durable and the share of the file that they are."""


def silent(rows: int, share: float) -> None:
    """Progress that nobody looks at."""


def import_file(
    app: App,
    path: Path,
    source: Source,
    mapping: Mapping | None = None,
    *,
    dialect: Dialect | None = None,
    actor: str = BY_COMMAND,
    progress: Followed = silent,
) -> ImportReport:
    """Append the events of a file; one that was stopped is taken up where it was."""
    return carry(app, begin(app, path, source, mapping, dialect=dialect, actor=actor), progress)


def begin(
    app: App,
    path: Path,
    source: Source,
    mapping: Mapping | None = None,
    *,
    dialect: Dialect | None = None,
    actor: str = BY_COMMAND,
    file_name: str = "",
) -> int:
    """The number of the import of this file: a new one, or the one that was stopped. Nothing is read yet."""
    chosen = dialect or format_of(path).look(path)
    _check_columns(path, chosen, mapping, file_name)
    given = {
        "source": source.id,
        "file_name": file_name or path.name,
        "path": str(path.absolute()),
        "file_hash": _hash(path),
        "size_bytes": path.stat().st_size,
        "dialect": msgspec.json.encode(chosen).decode(),
        "mapping": msgspec.json.encode(mapping or Mapping()).decode(),
        "actor": actor,
        "now": app.clock.now(),
    }
    with app.transaction() as inside:
        found = inside.db.execute(SQL.unfinished_import, given).fetchone()
        if found is None:
            found = inside.db.execute(SQL.begin_import, given).fetchone()
        elif import_runs.holds(inside, found[0]):
            inside.db.execute(SQL.move_import, given | {"run": found[0]})
    assert found is not None
    return found[0]


def carry(app: App, id: int, progress: Followed = silent) -> ImportReport:
    """Go on with an import behind its last durable row, to the end.

    Raises FileRefused (and the import has failed, saying why) and ImportRefused where somebody carries it already.
    """
    with carrying(app, id):
        with app.transaction() as inside:
            if inside.db.execute(SQL.take_up_import, {"run": id, "now": app.clock.now()}).fetchone() is None:
                state = import_run(inside, id).state
                raise ImportRefused(f"Import {id} is {state}", "Only one that was stopped or failed can go on")
            run = import_run(inside, id)
            source = source_by_name(inside, run.source)
        assert source is not None
        try:
            _carry(app, run, source, progress)
        except RegularsError as fault:
            _end(app, id, FAILED, f"{fault.what}. {fault.fix}. {fault.code}")
            raise
        except psycopg.OperationalError:
            # The database went away: what is durable is known, and it goes on from there.
            raise
        except Exception as fault:
            _end(app, id, FAILED, f"It broke: {place_of(fault)}")
            raise
        _end(app, id, DONE, None)
        return report(app, id)


class Shown(NamedTuple):
    """A row as it would go in: the event, or why it would be refused."""

    number: int
    row: Row | None
    refused: Refused | None


def first_events(app: App, path: Path, source: Source, mapping: Mapping, dialect: Dialect, rows: int) -> list[Shown]:
    """The first rows as events, judged by the door."""
    form = format_of(path)
    file = _File(path, form, dialect, "shown", judged(mapping, app.settings.zone))
    arrival = Arrival(source, app.clock.now(), lambda: mint(app))
    found: list[Shown] = []
    for row in islice(form.read(path, dialect, Place()), rows):
        item = _admit_row(row, file, arrival)
        found.append(Shown(row.number, *((item, None) if isinstance(item, Row) else (None, item))))
    return found


def report(app: App, id: int) -> ImportReport:
    """What became of an import so far."""
    with app.transaction() as inside:
        run, refusals = import_run(inside, id), refused_rows(inside, id)
    return ImportReport(
        rows=run.rows,
        accepted=run.accepted,
        duplicates=run.duplicates,
        refused=run.refused,
        refusals=refusals,
        dry_run=False,
        run=id,
    )


def try_file(
    app: App,
    path: Path,
    source: Source,
    mapping: Mapping | None = None,
    *,
    dialect: Dialect | None = None,
    rows_max: int | None = None,
    progress: Followed = silent,
) -> ImportReport:
    """What an import would refuse, without storing anything; what is in the journal already is not looked up.

    With `rows_max` only so many rows are tried, and the file is not checked as a whole.
    """
    form = format_of(path)
    chosen = dialect or form.look(path)
    if rows_max is None:
        form.check(path, chosen)
    _check_columns(path, chosen, mapping)
    file = _File(path, form, chosen, "dry", judged(mapping or Mapping(), app.settings.zone))
    rows = refused = 0
    listed: list[RowRefusal] = []
    for chunk in _chunks(app, file, source, Place(), rows_max):
        rows += len(chunk.entries) + len(chunk.refusals)
        refused += len(chunk.refusals)
        listed += chunk.refusals[: REFUSALS_LISTED_MAX - len(listed)]
        progress(chunk.last.number, chunk.last.share)
    return ImportReport(
        rows=rows, accepted=rows - refused, duplicates=0, refused=refused, refusals=listed, dry_run=True
    )


def _check_columns(path: Path, dialect: Dialect, mapping: Mapping | None, file_name: str = "") -> None:
    """Raise MappingRefused where the columns of the file and the mapping do not fit."""
    columns = format_of(path).columns(path, dialect)
    if columns is not None:
        check_columns(mapping or Mapping(), columns, file_name or path.name)


class _File(NamedTuple):
    """A file and how to understand it."""

    path: Path
    form: Format
    dialect: Dialect
    id: str
    mapped: Judged


class _Chunk(NamedTuple):
    """Rows behind the door, ready to be written."""

    first: int
    last: FileRow
    numbers: list[int]
    entries: list[Entry]
    rejected: list[Rejected]
    refusals: list[RowRefusal]


def format_of(path: Path) -> Format:
    """The plug-in that reads this file."""
    name = suffix(path)
    if name not in set(formats):
        readable = ", ".join(f".{ending}" for ending in (*formats, *OTHER_ENDINGS))
        raise FileRefused(f"{shown(path)} is no file we can read", f"Save it as one of {readable}")
    return formats[name]


def suffix(path: Path) -> str:
    """The name of the plug-in that reads this file."""
    ending = path.suffix.lower().lstrip(".")
    return OTHER_ENDINGS.get(ending, ending)


def _hash(path: Path) -> str:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(HASH_CHUNK_BYTES):
                digest.update(piece)
    except OSError as fault:
        raise FileRefused(f"{path} cannot be read: {fault.strerror}", "Check the path and its rights") from None
    return digest.hexdigest()[:FILE_ID_CHARACTERS]


def _carry(app: App, run: ImportRun, source: Source, progress: Followed) -> None:
    path = Path(run.path)
    file = _File(path, format_of(path), run.dialect, run.file_hash, judged(run.mapping, app.settings.zone))
    if _hash(path) != run.file_hash:
        raise FileRefused(f"{path} is not the file any more that was begun", "Put that one back, or import this one")
    if not run.rows:
        file.form.check(path, run.dialect)
    # PostgreSQL writes one chunk while we make the next one ready.
    with _seldom_collected(), ThreadPoolExecutor(1, "import-writer") as writer:
        writing: Future[_Chunk] | None = None
        for chunk in _chunks(app, file, source, Place(run.rows, run.mark)):
            if writing is not None:
                _tell(progress, writing)
            writing = writer.submit(_write, app, run.id, chunk)
        if writing is not None:
            _tell(progress, writing)


@contextmanager
def _seldom_collected() -> Generator[None, None, None]:
    """Rows are many small things without cycles: looking for cycles each few hundred of them cost a sixth."""
    before = gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _tell(progress: Followed, writing: Future[_Chunk]) -> None:
    last = writing.result().last
    progress(last.number, last.share)


def _chunks(app: App, file: _File, source: Source, after: Place, rows_max: int | None = None) -> Iterator[_Chunk]:
    """The rows behind a place, admitted, in chunks."""
    arrival = Arrival(source, app.clock.now(), lambda: mint(app))
    rows = islice(file.form.read(file.path, file.dialect, after), rows_max)
    for first in rows:
        arrival = arrival._replace(received_at=app.clock.now())
        chunk, size, last = _Chunk(first.number, first, [], [], [], []), 0, first
        for last in chain((first,), islice(rows, CHUNK_ROWS - 1)):
            item = _admit_row(last, file, arrival)
            if isinstance(item, Row):
                chunk.numbers.append(last.number)
                chunk.entries.append(Entry(source, arrival.received_at, item))
            else:
                chunk.rejected.append(Rejected(source, arrival.received_at, item))
                chunk.refusals.append(RowRefusal(last.number, item.code, item.reason, item.fix))
            size += len(item.body)
            if size >= CHUNK_MAX_BYTES:
                break
        yield chunk._replace(last=last)


def _admit_row(row: FileRow, file: _File, arrival: Arrival) -> Row | Refused:
    own_id = f"import:{file.id}:{row.number}"
    if isinstance(row.content, str):
        refused = refuse(
            row.content,
            errors.ROW_UNREADABLE,
            "The row cannot be read",
            "Check quotes, the number of cells and that every line of JSON is one object",
        )
        return refused._replace(message_id=own_id)
    made, unfit = file.mapped(row.content)
    if not made.get("messageId"):
        made["messageId"] = own_id
    elif isinstance(made["messageId"], int):
        made["messageId"] = str(made["messageId"])
    return admit(made, arrival) if unfit is None else _unfit(made, unfit)


def _unfit(made: dict[str, object], unfit: Unfit) -> Refused:
    if unfit.why == AMOUNT:
        reason, code = f"The amount in the column '{unfit.column}' cannot be read", errors.AMOUNT_UNREADABLE
        fix = "Write all as 1234.50, name their decimal sign in the mapping, or send the column to another place"
        return refuse(made, code, reason, fix)
    reason = f"The column '{unfit.column}' goes to where another column's value stands"
    return refuse(made, errors.ROW_UNREADABLE, reason, "Say with a mapping where each of them goes")


def _write(app: App, run: int, chunk: _Chunk) -> _Chunk:
    """Put a chunk into the journal, with what it was and how far the import is now: all of it or nothing."""
    with app.transaction() as inside:
        inside.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
        before = _position(inside)
        fate = append(inside, chunk.entries, chunk.rejected)
        after = _position(inside)
        conflicts = [
            RowRefusal(
                chunk.numbers[at], errors.SAME_ID_OTHER_BODY, "The same id is here with another body", "Compare both"
            )
            for at in fate.conflicts
        ]
        stopped = [
            RowRefusal(chunk.numbers[at], errors.STOPPED, "It names somebody on the stop list", "Nothing; it stays out")
            for at in fate.stopped
        ]
        refusals = sorted(chunk.refusals + conflicts + stopped, key=lambda refusal: refusal.row)
        moved = inside.db.execute(
            SQL.chunk_done,
            {
                "run": run,
                "first_row": chunk.first,
                "last_row": chunk.last.number,
                "from_seq": before + 1 if after > before else None,
                "to_seq": after if after > before else None,
                "mark": chunk.last.mark,
                "share": chunk.last.share,
                "accepted": len(chunk.entries) - len(fate.duplicates) - len(fate.conflicts) - len(fate.stopped),
                "duplicates": len(fate.duplicates),
                "refused": len(refusals),
                "now": app.clock.now(),
            },
        ).fetchone()
        if moved is None:
            raise ImportRefused(f"Import {run} was moved by somebody else", "Look at its state under Data > Imports")
        _list(inside, run, refusals[: max(0, REFUSALS_LISTED_MAX - moved[0] + len(refusals))])
    return chunk


def _position(app: App) -> int:
    row = app.db.execute(SQL.last_position).fetchone()
    assert row is not None
    return row[0]


def _list(app: App, run: int, refusals: list[RowRefusal]) -> None:
    if not refusals:
        return
    row_number, code, reason, fix = map(list, zip(*map(msgspec.structs.astuple, refusals), strict=True))
    app.db.execute(
        SQL.tell_refused_rows, {"run": run, "row_number": row_number, "code": code, "reason": reason, "fix": fix}
    )


def _end(app: App, id: int, state: str, fault: str | None) -> None:
    with app.transaction() as inside:
        inside.db.execute(SQL.end_import, {"run": id, "state": state, "fault": fault, "now": app.clock.now()})


def look(path: Path) -> Dialect:
    """How a file is written down, as its beginning says. Raises FileRefused."""
    return format_of(path).look(path)
