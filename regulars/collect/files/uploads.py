"""Files that wait to be imported: those sent by a browser, and those in the folder that a setting names."""

from __future__ import annotations

import re
import shutil
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import suppress
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
# So often, in bytes of one upload, the room is looked at again: others write to this disk, too.
ROOM_CHECKED_BYTES = 64 * 1024**2
PIECE_BYTES = 1024**2
# With what stands before it, a file system takes 255.
NAME_MAX_BYTES = 200
TOKEN_BYTES = 8
FOLDER_LISTED_MAX = 200
UPLOADED, IN_FOLDER = "uploaded", "folder"
UNFINISHED = ".part"
UNSAFE = re.compile(r"[^\w.() -]+")
TOKEN = re.compile(r"[0-9a-f]{16}")


class Waiting(msgspec.Struct, frozen=True):
    """A file that can be imported."""

    key: str
    """What finds it again: `uploaded:…` or `folder:…`."""
    name: str
    size_bytes: int


async def receive(app: App, name: str, pieces: AsyncIterator[bytes], declared: int) -> Waiting:
    """Store a file as it arrives, never more than a piece in memory. Raises UploadRefused, and then nothing is left.

    The disk is waited for in threads: whoever asks for a page meanwhile gets it.
    """
    upload = await to_thread(_Upload, app, name, declared)
    try:
        async for piece in _joined(pieces):
            await to_thread(upload.write, piece)
        return await to_thread(upload.keep)
    except BaseException:
        # Not in a thread: a sender who has gone ends this task, and with it what it waits for.
        upload.drop()
        raise


async def _joined(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces that are worth a thread each."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


class _Upload:
    """A file on its way in. Until it is whole it has a name that nobody finds."""

    def __init__(self, app: App, name: str, declared: int) -> None:
        self._name = _safe(name)
        format_of(Path(self._name))
        self._home = uploads_of(app)
        if declared > UPLOAD_MAX_BYTES:
            raise _too_large()
        self._check_room(declared)
        self._token = app.dice.token(TOKEN_BYTES).hex()
        self._part = self._home / f"{self._token}{UNFINISHED}"
        self._size = self._checked_at = 0
        try:
            self._file = self._part.open("wb")
        except OSError as fault:
            raise _no_room(fault) from None

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > UPLOAD_MAX_BYTES:
            raise _too_large()
        if self._size - self._checked_at >= ROOM_CHECKED_BYTES:
            self._check_room(len(piece))
            self._checked_at = self._size
        try:
            self._file.write(piece)
        except OSError as fault:
            raise _no_room(fault) from None

    def keep(self) -> Waiting:
        try:
            self._file.close()
            path = self._part.rename(self._home / f"{self._token}-{self._name}")
        except OSError as fault:
            raise _no_room(fault) from None
        return Waiting(f"{UPLOADED}:{path.name}", self._name, self._size)

    def drop(self) -> None:
        with suppress(OSError):
            self._file.close()  # what it still holds may find no room
        self._part.unlink(missing_ok=True)

    def _check_room(self, size: int) -> None:
        if shutil.disk_usage(self._home).free < size + LEFT_FREE_BYTES:
            raise UploadRefused("The disk has no room for this file", "Make room, or import it with regulars import")


def _safe(name: str) -> str:
    """The end of this name, with its ending, as any file system takes it."""
    plain = UNSAFE.sub("_", Path(name).name)
    return plain.encode()[-NAME_MAX_BYTES:].decode("utf-8", "ignore").lstrip(".") or "file"


def _no_room(fault: OSError) -> UploadRefused:
    return UploadRefused(
        f"The file cannot be written: {fault.strerror}", "Make room on the disk of the data folder, then send it again"
    )


def waiting(app: App, key: str) -> tuple[Waiting, Path]:
    """The file of this key and where it lies. Raises NotFound; a key never leads out of the two folders."""
    where, _, name = key.partition(":")
    folder = uploads_of(app) if where == UPLOADED else _folder(app) if where == IN_FOLDER else None
    path = folder / name if folder else None
    if path is None or not name or Path(name).name != name or not _is_file(path):
        raise NotFound("There is no such file", "Choose or upload one again")
    shown = name.partition("-")[2] if where == UPLOADED and TOKEN.match(name) else name
    return Waiting(key, shown, path.stat().st_size), path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:  # a name that no file system takes
        return False


def in_folder(app: App) -> list[Waiting]:
    """What can be read of the folder that REGULARS_IMPORT_FOLDER names, by name; at most FOLDER_LISTED_MAX."""
    folder = _folder(app)
    if folder is None or not folder.is_dir():
        return []
    found = [path for path in sorted(folder.iterdir()) if _is_file(path) and _readable(path)]
    return [Waiting(f"{IN_FOLDER}:{path.name}", path.name, path.stat().st_size) for path in found[:FOLDER_LISTED_MAX]]


def tidy(app: App) -> None:
    """Remove uploads that no import needs any more and those that nobody imported for UPLOADS_KEPT."""
    there = {str(path.absolute()): path for path in uploads_of(app).iterdir()}
    with app.transaction() as inside:
        is_needed: dict[str, bool] = dict(inside.db.execute(SQL.files_of_imports, {"paths": list(there)}).fetchall())
    oldest = (app.clock.now() - UPLOADS_KEPT).timestamp()
    for told, path in there.items():
        with suppress(FileNotFoundError):  # an upload that ended meanwhile has another name now
            if not is_needed.get(told, path.stat().st_mtime >= oldest):
                path.unlink()


def uploads_of(app: App) -> Path:
    """The folder of files that a browser sent."""
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
