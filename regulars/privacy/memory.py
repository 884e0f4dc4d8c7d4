"""The file that remembers erasures outside of the database: a restored backup is caught up by it before it answers.

One line each, keyed hashes only: of the records by their place and who they are, of the values that only she had. It
must not be restored with the database: keep the newest.
"""

from __future__ import annotations

import fcntl
import os
from datetime import datetime
from pathlib import Path

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.kit.durable import sync_folder
from regulars.kit.logging import logger
from regulars.privacy.errors import MemoryUnreadable
from regulars.resolve import Erased
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
log = logger("privacy")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure."""

    token: str
    erased_at: datetime
    records: list[tuple[int, str]]
    """Position in the journal, and keyed hash of source and message."""
    values: list[int]
    """Keyed hashes of what only she had."""


_encode = msgspec.json.Encoder().encode


def file_of(app: App) -> Path:
    """Where it stands."""
    return app.settings.home_path / "erasures" / "erasures.jsonl"


def line(app: App, token: str, erased_at: datetime, erased: Erased) -> str:
    """What is remembered of an erasure, made before her events are emptied."""
    keys = resolve.record_keys(app, erased.people.withdrawn)
    told = Line(
        token=token, erased_at=erased_at, records=sorted(keys.items()), values=[one.value for one in erased.alone]
    )
    return _encode(told).decode()


def read_line(text: str) -> Line:
    """A line, read. Raises MemoryUnreadable."""
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.MsgspecError as fault:
        raise MemoryUnreadable(
            f"A line of the file of erasures cannot be read: {fault}",
            "Put the newest copy of erasures/erasures.jsonl in its place; people of that line may be here again",
        ) from None


def remember(app: App, text: str) -> None:
    """Add a line, durable when this returns; the same line again adds nothing."""
    file = file_of(app)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with open(handle, "r+b") as lines:
        fcntl.flock(lines, fcntl.LOCK_EX)
        content = lines.read()
        whole = content.rpartition(b"\n")[0]
        if text.encode() in whole.split(b"\n"):
            return
        # What a kill cut in the middle is no line, and nobody could read the file with it; its erasure writes it again.
        lines.truncate(len(whole) + 1 if whole else 0)
        os.write(handle, text.encode() + b"\n")
        os.fsync(handle)
    sync_folder(file.parent)


def positions(app: App, told: Line) -> list[int]:
    """What of this line is in the database: her records where they stood, and whatever carries her values."""
    here = resolve.record_keys(app, [seq for seq, _ in told.records])
    same = {seq for seq, key in told.records if here.get(seq) == key}
    return sorted(same | set(resolve.records_carrying(app, told.values, told.erased_at)))


def catch_up(app: App) -> list[int]:
    """Note every erasure that the file remembers and the database does not; gives their numbers."""
    file = file_of(app)
    if not file.exists():
        return []
    texts = file.read_text().splitlines()
    # A last line that was cut off while it was written: its erasure is open in the database and writes it again.
    whole = [text for at, text in enumerate(texts) if text and (at < len(texts) - 1 or text.endswith("}"))]
    told = {line.token: (line, text) for text in whole if (line := read_line(text))}
    with app.transaction() as inside:
        known = {token for (token,) in inside.db.execute(SQL.known_tokens, {"tokens": list(told)})}
        new = [told[token] for token in told if token not in known]
        here = [inside.db.execute(SQL.people_at, {"seqs": positions(inside, line)}).fetchall() for line, _ in new]
        given = {
            "tokens": [line.token for line, _ in new],
            "people": [array(customer for (customer,) in rows) for rows in here],
            "erased_at": [line.erased_at for line, _ in new],
            "memories": [text for _, text in new],
            "now": app.clock.now(),
        }
        noted = [id for (id,) in inside.db.execute(SQL.note_remembered, given)] if new else []
    if noted:
        log.warning("erasures_caught_up", erasures=len(noted))
    return noted
