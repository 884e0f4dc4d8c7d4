"""Files in: rows become messages, pass the same door as HTTP and are appended a chunk a transaction.

A row that brings no id gets one from the file's content and its own number. So an import that was cut off is taken up
by running it again: what is in is a duplicate, what is missing goes in, and a second run of a whole file adds nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from regulars.app import App
from regulars.collect import errors
from regulars.collect.door import Arrival, Refused, Row, admit, refuse
from regulars.collect.errors import FileRefused
from regulars.collect.formats import FileRow, Format, Place, formats
from regulars.collect.journal import Entry, Rejected, append, mint
from regulars.collect.keys import Source
from regulars.collect.mapping import Mapping, in_zone, message

CHUNK_ROWS = 5_000
HASH_CHUNK_BYTES = 1024 * 1024
REFUSALS_LISTED_MAX = 1_000
FILE_ID_CHARACTERS = 16
OTHER_ENDINGS = {"tab": "tsv", "txt": "csv", "xlsm": "xlsx", "ndjson": "jsonl", "json": "jsonl", "pq": "parquet"}


class RowRefusal(msgspec.Struct, frozen=True):
    """One row that was not taken."""

    row: int
    code: str
    reason: str
    fix: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `refusals` lists the first REFUSALS_LISTED_MAX; all are in the table."""

    rows: int
    accepted: int
    duplicates: int
    refused: int
    refusals: list[RowRefusal]
    dry_run: bool


def import_file(
    app: App,
    path: Path,
    source: Source,
    mapping: Mapping | None = None,
    *,
    progress: Callable[[float], None] = lambda share: None,
) -> ImportReport:
    """Append the events of a file, CHUNK_ROWS a transaction; `progress` hears the share of the file that is durable."""
    return _run(app, path, source, mapping or Mapping(), progress, _append_chunk)


def try_file(
    app: App,
    path: Path,
    source: Source,
    mapping: Mapping | None = None,
    *,
    progress: Callable[[float], None] = lambda share: None,
) -> ImportReport:
    """What an import would refuse, without storing anything; what is in the journal already is not looked up."""
    report = _run(app, path, source, mapping or Mapping(), progress, _only_refusals)
    return msgspec.structs.replace(report, dry_run=True)


_Chunk = list[tuple[int, Row | Refused]]
# Stores a chunk; gives the number of duplicates and the rows not taken.
_Act = Callable[[App, Source, _Chunk], tuple[int, list[RowRefusal]]]


def _run(
    app: App, path: Path, source: Source, mapping: Mapping, progress: Callable[[float], None], act: _Act
) -> ImportReport:
    reader = format_of(path)
    file_id = _file_id(path)
    dialect = reader.look(path)
    reader.check(path, dialect)
    rows = duplicates = refused = 0
    listed: list[RowRefusal] = []
    for chunk in _chunks(reader.read(path, dialect, Place())):
        doubled, refusals = act(app, source, _admitted(app, source, mapping, file_id, chunk))
        rows += len(chunk)
        duplicates += doubled
        refused += len(refusals)
        listed += refusals[: REFUSALS_LISTED_MAX - len(listed)]
        progress(chunk[-1].share)
    return ImportReport(
        rows=rows,
        accepted=rows - duplicates - refused,
        duplicates=duplicates,
        refused=refused,
        refusals=listed,
        dry_run=False,
    )


def format_of(path: Path) -> Format:
    """The plug-in that reads this file."""
    name = suffix(path)
    if name not in set(formats):
        readable = ", ".join(f".{ending}" for ending in (*formats, *OTHER_ENDINGS))
        raise FileRefused(f"{path.name} is no file we can read", f"Save it as one of {readable}")
    return formats[name]


def suffix(path: Path) -> str:
    """The name of the plug-in that reads this file."""
    ending = path.suffix.lower().lstrip(".")
    return OTHER_ENDINGS.get(ending, ending)


def _file_id(path: Path) -> str:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(HASH_CHUNK_BYTES):
                digest.update(piece)
    except OSError as fault:
        raise FileRefused(f"{path} cannot be read: {fault.strerror}", "Check the path and its rights") from None
    return digest.hexdigest()[:FILE_ID_CHARACTERS]


def _chunks(rows: Iterable[FileRow]) -> Iterator[list[FileRow]]:
    going = iter(rows)
    while chunk := list(islice(going, CHUNK_ROWS)):
        yield chunk


def _admitted(app: App, source: Source, mapping: Mapping, file_id: str, chunk: list[FileRow]) -> _Chunk:
    arrival = Arrival(source, app.clock.now(), lambda: mint(app))
    zone = app.settings.zone
    return [(row.number, _admit_row(row, mapping, zone, arrival, f"import:{file_id}:{row.number}")) for row in chunk]


def _admit_row(row: FileRow, mapping: Mapping, zone: ZoneInfo, arrival: Arrival, own_id: str) -> Row | Refused:
    if isinstance(row.content, str):
        refused = refuse(
            row.content,
            errors.ROW_UNREADABLE,
            "The row cannot be read",
            "Check quotes, the number of cells and that every line of JSON is one object",
        )
        return refused._replace(message_id=own_id)
    made = in_zone(message(row.content, mapping), zone)
    if not made.get("messageId"):
        made["messageId"] = own_id
    elif isinstance(made["messageId"], int):
        made["messageId"] = str(made["messageId"])
    return admit(made, arrival)


def _append_chunk(app: App, source: Source, chunk: _Chunk) -> tuple[int, list[RowRefusal]]:
    now = app.clock.now()
    numbers = [number for number, item in chunk if isinstance(item, Row)]
    entries = [Entry(source, now, item) for _, item in chunk if isinstance(item, Row)]
    rejected = [Rejected(source, now, item) for _, item in chunk if isinstance(item, Refused)]
    with app.transaction() as inside:
        fate = append(inside, entries, rejected)
    conflicts = [
        RowRefusal(numbers[at], errors.SAME_ID_OTHER_BODY, "The same id is here with another body", "Compare both")
        for at in fate.conflicts
    ]
    _, refusals = _only_refusals(app, source, chunk)
    return len(fate.duplicates), sorted(refusals + conflicts, key=lambda refusal: refusal.row)


def _only_refusals(app: App, source: Source, chunk: _Chunk) -> tuple[int, list[RowRefusal]]:
    return 0, [
        RowRefusal(number, item.code, item.reason, item.fix) for number, item in chunk if isinstance(item, Refused)
    ]
