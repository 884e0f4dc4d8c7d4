"""Files that wait to be imported: those sent by a browser, and those in the folder that a setting names."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec

from regulars.app import App
from regulars.collect.errors import FileRefused, UploadRefused
from regulars.collect.files.imports import format_of
from regulars.collect.keys import SQL
from regulars.kit.errors import NotFound

UPLOAD_MAX_BYTES = 4 * 1024**3
# What must stay free on the disk of the data folder: the database lives there, too.
LEFT_FREE_BYTES = 1024**3
UPLOADS_KEPT = timedelta(days=7)
NAME_MAX_CHARACTERS = 100
TOKEN_BYTES = 8
FOLDER_LISTED_MAX = 200
UPLOADED, IN_FOLDER = "uploaded", "folder"
UNSAFE = re.compile(r"[^\w.() -]+")
TOKEN = re.compile(r"[0-9a-f]{16}")


class Waiting(msgspec.Struct, frozen=True):
    """A file that can be imported."""

    key: str
    """What finds it again: `uploaded:…` or `folder:…`."""
    name: str
    size_bytes: int


async def receive(app: App, name: str, pieces: AsyncIterator[bytes], declared: int) -> Waiting:
    """Store a file as it arrives, never more than a piece in memory. Raises UploadRefused, and then nothing is left."""
    name = UNSAFE.sub("_", Path(name).name)[-NAME_MAX_CHARACTERS:].lstrip(".") or "file"
    format_of(Path(name))
    home = _uploads(app)
    if declared > UPLOAD_MAX_BYTES:
        raise _too_large()
    if shutil.disk_usage(home).free < declared + LEFT_FREE_BYTES:
        raise UploadRefused("The disk has no room for this file", "Make room, or import it with regulars import")
    token = app.dice.token(TOKEN_BYTES).hex()
    path = home / f"{token}-{name}"
    size = 0
    try:
        with path.open("wb") as file:
            async for piece in pieces:
                size += len(piece)
                if size > UPLOAD_MAX_BYTES:
                    raise _too_large()
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Waiting(f"{UPLOADED}:{path.name}", name, size)


def waiting(app: App, key: str) -> tuple[Waiting, Path]:
    """The file of this key and where it lies. Raises NotFound; a key never leads out of the two folders."""
    where, _, name = key.partition(":")
    folder = _uploads(app) if where == UPLOADED else _folder(app) if where == IN_FOLDER else None
    path = folder / name if folder else None
    if path is None or not name or Path(name).name != name or path.is_symlink() or not path.is_file():
        raise NotFound("There is no such file", "Choose or upload one again")
    shown = name.partition("-")[2] if where == UPLOADED and TOKEN.match(name) else name
    return Waiting(key, shown, path.stat().st_size), path


def in_folder(app: App) -> list[Waiting]:
    """What can be read of the folder that REGULARS_IMPORT_FOLDER names, by name; at most FOLDER_LISTED_MAX."""
    folder = _folder(app)
    if folder is None or not folder.is_dir():
        return []
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink() and _readable(path)]
    return [Waiting(f"{IN_FOLDER}:{path.name}", path.name, path.stat().st_size) for path in found[:FOLDER_LISTED_MAX]]


def tidy(app: App) -> None:
    """Remove uploads that no import needs any more and those that nobody imported for UPLOADS_KEPT."""
    there = {str(path.absolute()): path for path in _uploads(app).iterdir()}
    with app.transaction() as inside:
        is_needed: dict[str, bool] = dict(inside.db.execute(SQL.files_of_imports, {"paths": list(there)}).fetchall())
    oldest = (app.clock.now() - UPLOADS_KEPT).timestamp()
    for told, path in there.items():
        if not is_needed.get(told, path.stat().st_mtime >= oldest):
            path.unlink(missing_ok=True)


def _uploads(app: App) -> Path:
    folder = app.settings.home_path / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _folder(app: App) -> Path | None:
    return Path(app.settings.import_folder).expanduser() if app.settings.import_folder else None


def _readable(path: Path) -> bool:
    try:
        format_of(path)
    except FileRefused:
        return False
    return True


def _too_large() -> UploadRefused:
    return UploadRefused(
        f"The file has over {UPLOAD_MAX_BYTES // 1024**3} GiB", "Copy it to the server and use regulars import"
    )
