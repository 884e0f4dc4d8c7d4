"""What names an erased person by what it says: refused messages, raw deliveries, files, notes of what went wrong."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from regulars.app import App
from regulars.collect.erasure.events import erase_events
from regulars.collect.files.uploads import uploads_of
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__)
PIECE_BYTES = 1 << 20
# Longer than any identifier: so much of one piece of a file is looked at again with the next.
OVERLAP_BYTES = 4_096


def pattern_of(spellings: Collection[str]) -> str:
    """A regular expression, for PostgreSQL and Python alike, that any of these spellings fits as a whole word."""
    words = "|".join(
        re.sub(r"([^\w\s])", r"\\\1", word) for word in sorted(spellings, key=lambda word: (-len(word), word))
    )
    return rf"(?<![0-9A-Za-z])({words})(?![0-9A-Za-z])"


def forget_announcements(app: App, customers: Sequence[int]) -> None:
    """Remove what we were about to say about these customers; after `retain`, for whoever publishes locks so, too."""
    app.db.execute(SQL.forget_announcements, {"customers": array(customers)})


def forget_texts(app: App, spellings: Collection[str]) -> dict[str, int]:
    """Remove what names her in these spellings, in the caller's transaction; rows by table.

    Events that others wrote and that name her are not touched: whoever proves the erasure shows them.
    """
    if not spellings:
        return {}
    given = {"pattern": pattern_of(spellings)}
    hidden = [seq for (seq,) in app.db.execute(SQL.bare_events_naming, given)]
    if hidden:
        erase_events(app, hidden)
    gone = {"journal": len(hidden)}
    gone["refusal"] = app.db.execute(SQL.forget_refusals, given).rowcount
    gone["delivery"] = app.db.execute(SQL.forget_posts, {"spellings": quoted(spellings)}).rowcount
    gone["import_refusal"] = app.db.execute(SQL.forget_row_refusals, given).rowcount
    gone["import_run"] = app.db.execute(SQL.forget_import_faults, given).rowcount
    gone["replay"] = app.db.execute(SQL.forget_mends, given).rowcount
    gone["device"] = app.db.execute(SQL.forget_samples, given).rowcount
    gone["stream_delivery"] = app.db.execute(SQL.forget_packets, given).rowcount
    gone["violation"] = app.db.execute(SQL.forget_naming_violations, given).rowcount
    return {table: rows for table, rows in gone.items() if rows}


def forget_files(app: App, spellings: Collection[str]) -> int:
    """Remove kept uploads that name her from the disk, whole; gives how many. One under way is to be sent again."""
    wanted = re.compile(pattern_of(spellings).encode(), re.IGNORECASE).search
    gone = 0
    for path in sorted(uploads_of(app).iterdir()) if spellings else ():
        if path.is_file() and holds(path, wanted):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def holds(path: Path, found: Callable[[bytes], object]) -> bool:
    """Does a file say it, read in pieces? Of a ZIP, which a spreadsheet is, its members are read as well."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(_says(archive.open(member).read, found) for member in archive.namelist())
    with path.open("rb") as file:
        return _says(file.read, found)


def _says(read: Callable[[int], bytes], found: Callable[[bytes], object]) -> bool:
    kept = b""
    while piece := read(PIECE_BYTES):
        kept += piece
        if found(kept):
            return True
        kept = kept[-OVERLAP_BYTES:]
    return False
