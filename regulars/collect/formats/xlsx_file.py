"""Workbooks of a spreadsheet program. A formula gives the result saved with it; text that begins with `=` is text.

A workbook is a zip that a few kilobytes can blow up to a machine's whole memory, and two cells far apart span a sheet
of billions. So both are measured before it is opened: what its parts unpack to, whatever they declare, and how far its
cells reach. Within these limits a sheet takes up to about 600 MB while it is read.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from regulars.collect.errors import FileRefused
from regulars.collect.formats import Dialect, FileRow, Format, Place, formats, shown
from regulars.collect.formats.cells import filled
from regulars.collect.formats.csv_file import distinct

UNPACKED_MAX_BYTES = 256 * 1024 * 1024
CELLS_MAX = 8_000_000
PARTS_MAX = 2_000
PIECE_BYTES = 256 * 1024
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
SPACE = b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"
SMALLER = "Save it as CSV, or in several workbooks"


def read(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
    """Rows of one sheet under a header row; whole numbers as such, times in ISO 8601."""
    names, told, total = _table(path, dialect)
    for number, (place, row) in enumerate(told, 1):
        if number > after.row:
            content = filled({name: value for name, value in zip(names, row, strict=False) if name})
            yield FileRow(number, content, place / total)


def columns(path: Path, dialect: Dialect) -> list[str]:
    """What the header row names; a column without a name is left out."""
    return [name for name in _table(path, dialect)[0] if name]


def _table(path: Path, dialect: Dialect) -> tuple[list[str], Iterator[tuple[int, list[Any]]], int]:
    """Its columns, its rows that hold something with their places, and how many places there are."""
    sheet = _sheet(path, dialect)
    total = max(1, int(sheet.height))
    rows = ([_cell(value) for value in row] for row in sheet.iter_rows())
    told = ((place, row) for place, row in enumerate(rows, 1) if any(value is not None for value in row))
    nothing: list[Any] = []
    first = next(told, (0, nothing))[1]
    if not first:
        raise FileRefused(f"{shown(path)} has no header row", "Name the columns in the first row")
    names = [str(value).strip() if value is not None else "" for value in first]
    if dialect.has_header:
        names = distinct(names)
    else:
        names = [f"column_{place}" for place in range(1, len(first) + 1)]
        told = _before((1, first), told)
    return names, told, total


def look(path: Path) -> Dialect:
    """The first sheet."""
    _measure(path)
    with _opened(path) as book:
        return Dialect(sheet=book.sheet_names[0] if book.sheet_names else "")


def check(path: Path, dialect: Dialect) -> None:
    """It unpacks, within the limits, and the sheet is there."""
    _sheet(path, dialect)


def _before(first: tuple[int, list[Any]], rest: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    yield first
    yield from rest


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    # A spreadsheet knows no whole numbers: the customer 17 is written 17.0.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _sheet(path: Path, dialect: Dialect) -> Any:
    _measure(path)
    with _opened(path) as book:
        names = book.sheet_names
        name = dialect.sheet or (names[0] if names else "")
        if name not in names:
            raise FileRefused(f"{shown(path)} has no sheet '{name}'", f"Choose one of: {', '.join(names) or 'none'}")
        try:
            return book.get_sheet_by_name(name)
        except CalamineError as fault:
            raise _unreadable(path, fault) from None


def _opened(path: Path) -> Any:
    try:
        return CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType]
    except (CalamineError, OSError) as fault:
        raise _unreadable(path, fault) from None


def _measure(path: Path) -> None:
    """Raise FileRefused for a workbook that would not fit into memory; unpacks it once, piece by piece."""
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            declared = sum(part.file_size for part in parts)
            if len(parts) > PARTS_MAX or declared > UNPACKED_MAX_BYTES:
                raise _too_large(path, declared)
            left = UNPACKED_MAX_BYTES
            for part in parts:
                left -= _unpack(path, book, part, left)
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, expat.ExpatError) as fault:
        raise _unreadable(path, fault) from None


def _unpack(path: Path, book: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """The bytes that a part really has, at most `left`; of a sheet also how far its cells reach."""
    # What a part declares is a claim: read until its packed bytes end, not until the claim is met.
    part.file_size = left + PIECE_BYTES
    span, size, is_xml = _Span(), 0, False
    with book.open(part) as content:
        while piece := content.read(PIECE_BYTES):
            # Any part may be a sheet, whatever its name. Only old drawings are no real XML, and no sheets either.
            is_xml = is_xml if size else piece.lstrip(SPACE).startswith(b"<") and not part.filename.endswith(".vml")
            size += len(piece)
            if size > left:
                raise _too_large(path, UNPACKED_MAX_BYTES + size - left)
            if is_xml:
                span.feed(piece)
    if span.cells > CELLS_MAX:
        raise FileRefused(f"{shown(path)} has a sheet of {span.cells:,} cells, over {CELLS_MAX:,}", SMALLER)
    return size


class _Span:
    """How far the cells of a sheet reach. The reader makes room for the whole rectangle."""

    def __init__(self) -> None:
        self._row = self._column = self._in_row = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start

    @property
    def cells(self) -> int:
        return self._row * self._column

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            told = attributes.get("r", "")
            self._row = max(self._row + 1, int(told) if told.isdecimal() and len(told) <= 7 else 0)
            self._in_row = 0
        elif name == "c":
            self._in_row += 1
            if found := CELL.fullmatch(attributes.get("r", "")):
                column = 0
                for letter in found[1]:
                    column = column * 26 + ord(letter) - 64
                self._in_row = max(self._in_row, column)
                self._row = max(self._row, int(found[2]))
            self._column = max(self._column, self._in_row)


def _too_large(path: Path, size: int) -> FileRefused:
    return FileRefused(f"{shown(path)} unpacks to {size:,} bytes or more, over {UNPACKED_MAX_BYTES:,}", SMALLER)


def _unreadable(path: Path, fault: Exception) -> FileRefused:
    return FileRefused(f"{shown(path)} is no whole workbook: {fault}", "Save it again as .xlsx or CSV")


formats.add("xlsx")(Format(read, look, check, columns))
