"""The shelf of file formats. A format is one plug-in: a file of it becomes rows, from any place on.

A plug-in is a `Format`, registered under the file's suffix: `formats.add("csv")(Format(read, look, check, columns))`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from regulars.kit.registry import Shelf

# How `files.uploads` names what it keeps.
UPLOADED = re.compile(r"\A[0-9a-f]{16}-")


class Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a file is written down; what a format has no use for stays as it is, what is empty is guessed."""

    encoding: str = ""
    """A codec's name: utf-8, utf-16-le, cp1252, …"""
    delimiter: str = ""
    quote: str = '"'
    """Empty: quotes are text like any other."""
    has_header: bool = True
    """False: the columns are named column_1, column_2, …"""
    sheet: str = ""
    """Of a workbook; empty: the first."""


class Place(NamedTuple):
    """Where to go on reading: behind this row, which ends here."""

    row: int = 0
    mark: int = 0
    """In the format's own measure (bytes of text, rows of a table); 0: only the row is known."""


class FileRow(NamedTuple):
    """One row of a file."""

    number: int
    """As a person counts: the first row under the header is 1."""
    content: dict[str, Any] | str
    """Column to value, empty cells left out; text where the row cannot be read, as it stands in the file."""
    share: float
    """How much of the file is read with it, 0 to 1."""
    mark: int = 0
    """Where the row behind it begins; see `Place`."""


def shown(path: Path) -> str:
    """The name people gave a file: an upload lies under a token and its name."""
    return UPLOADED.sub("", path.name)


def any_columns(path: Path, dialect: Dialect) -> list[str] | None:
    """Of a format whose rows may have any."""
    return None


class Format(NamedTuple):
    """What reads files of one kind."""

    read: Callable[[Path, Dialect, Place], Iterator[FileRow]]
    """The rows behind a place, a bounded piece of the file in memory at a time."""
    look: Callable[[Path], Dialect]
    """How this file is written down, as its beginning says."""
    check: Callable[[Path, Dialect], None]
    """Raises FileRefused where a fault hides rows: nothing of such a file is taken. Reads all of it."""
    columns: Callable[[Path, Dialect], list[str] | None] = any_columns
    """The names that all its rows share; None: that cannot be said. Raises FileRefused."""


formats: Shelf[Format] = Shelf("formats", __name__)
