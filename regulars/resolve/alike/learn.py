"""A model of the brand's own records: linkage learns from what they say how those of one person differ."""

from __future__ import annotations

from pathlib import Path

from regulars.app import App
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import link
from regulars.resolve.linkage.state import MODEL, Followed, Task
from regulars.store import queries

SQL = queries(__package__ or "")
RECORDS, MAPPING, LEARNED = "records.csv", "mapping.toml", "learned"
FIELDS = ("record_id", "first_name", "last_name", "birth_date", "street", "postcode", "city")
# They hold names and births of everybody.
FOLDER_MODE = 0o700


def save_records(app: App, folder: Path) -> int:
    """Write what records say that likeness compares, one line a kind of record; how many. Raises LinkRefused.

    The folder is made, for its owner alone. Records of erased people are not in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LinkRefused(f"{folder} holds something already", "Name a new folder")
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with (folder / RECORDS).open("wb") as file, app.db.cursor() as cursor:
        with cursor.copy(SQL.save_comparable) as copy:
            for piece in copy:
                file.write(piece)
        count = cursor.rowcount
    if not count:
        raise LinkRefused("No record says a name with a birth or an address", "Connect a source that knows names")
    (folder / MAPPING).write_text("[fields]\n" + "".join(f'{field} = "{field}"\n' for field in FIELDS))
    return count


def learn(folder: Path, tell: Followed) -> Path:
    """Learn from the records in this folder: the model, with a report of what it finds beside it. Touches no store."""
    out = folder / LEARNED
    link(Task(files=(folder / RECORDS,), out=out, mapping=folder / MAPPING), tell)
    return out / MODEL
