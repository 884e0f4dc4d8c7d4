"""Comma-separated values as exports write them: any usual delimiter and encoding, recognized from the beginning.

A quote that is opened and never closed would make one cell of everything below it. So the whole file is told apart
once before its first row is taken: a file that hides rows is refused whole, and none of it is in.
"""

import csv
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from regulars.collect.errors import FileRefused
from regulars.collect.formats import Dialect, FileRow, Format, Place, formats, shown
from regulars.collect.formats.text import Text, known, sample

DELIMITERS = ",;\t|"
# So many lines of the beginning say how the cells are parted.
LOOKED_AT_LINES = 50
# A note or an address has a few lines; a record of more is a quote that nobody closed.
RECORD_LINES_MAX = 100
LINE_MAX_CHARACTERS = 1024 * 1024
# A first line with one of these is no header: a number, an address, a day.
DATA = re.compile(r"[-+]?[\d.,]+|\S+@\S+\.\S+|\d{4}-\d\d-\d\d.*")


class _Record(NamedTuple):
    """The cells of a record, or its text where they cannot be told apart."""

    cells: list[str] | str
    share: float
    mark: int


NOTHING = _Record("", 0.0, 0)


def read(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
    """Rows under a header line, cells as text."""
    names = _names(path, dialect)
    start = after.mark
    records = _records(path, dialect, start)
    if not start and dialect.has_header:
        next(records, None)
    number = after.row if start else 0
    for cells, share, mark in records:
        number += 1 if cells else 0
        if cells and number > after.row:
            yield FileRow(number, _content(names, cells), share, mark)


def look(path: Path) -> Dialect:
    """Encoding, delimiter and whether the first line names the columns."""
    beginning = sample(path)
    codec = known("", beginning)
    text = beginning.decode(codec, "replace").lstrip("\ufeff")
    mark = delimiter(text)
    first = next(_parted(text, mark), list[str]())
    return Dialect(encoding=codec, delimiter=mark, has_header=not any(DATA.fullmatch(cell.strip()) for cell in first))


def check(path: Path, dialect: Dialect) -> None:
    """Raise FileRefused where a quote swallows lines, a line never ends or the text is not of its encoding."""
    _names(path, dialect)
    for _ in _records(path, dialect, 0):
        pass


def columns(path: Path, dialect: Dialect) -> list[str]:
    """What the header names; a column without a name is left out."""
    return [name for name in _names(path, dialect) if name]


def delimiter(text: str) -> str:
    """The delimiter that parts the lines most evenly into most cells, a comma if none does."""

    def evenness(mark: str) -> tuple[float, int, bool]:
        counts = Counter(len(cells) for cells in _parted(text, mark) if cells)
        if not counts:
            return 0.0, 0, mark == ","
        cells, lines = max(counts.items(), key=lambda each: (each[0] > 1, each[1]))
        return (lines / counts.total() if cells > 1 else 0.0), cells, mark == ","

    return max(DELIMITERS, key=evenness)


def _parted(text: str, mark: str) -> Iterator[list[str]]:
    lines = text.splitlines(keepends=True)[: LOOKED_AT_LINES + 1]
    # The last line of the sample may be torn.
    whole = lines[:-1] if len(lines) > 1 else lines
    try:
        yield from csv.reader(whole, delimiter=mark)
    except csv.Error:
        return


def _names(path: Path, dialect: Dialect) -> list[str]:
    """The columns, each with a name of its own."""
    with closing(_records(path, dialect, 0)) as records:
        first = next(records, NOTHING).cells
    if isinstance(first, str) or not any(name.strip() for name in first):
        raise FileRefused(f"{shown(path)} has no header line", "Name the columns in the first line")
    if not dialect.has_header:
        return [f"column_{place}" for place in range(1, len(first) + 1)]
    return distinct([name.strip() for name in first])


def distinct(names: list[str]) -> list[str]:
    """The same names, the second of two that are alike as `name (2)`: a cell of neither may be lost."""
    taken = set(names)
    seen: Counter[str] = Counter()
    told: list[str] = []
    for name in names:
        seen[name] += 1
        if name and seen[name] > 1:
            while (other := f"{name} ({seen[name]})") in taken:
                seen[name] += 1
            taken.add(other)
            name = other
        told.append(name)
    return told


def _records(path: Path, dialect: Dialect, mark: int) -> Generator[_Record, None, None]:
    """Records from a byte on. A line that is wrong by itself is text; one that takes others along refuses the file."""
    beginning = sample(path)
    codec = known(dialect.encoding, beginning)
    parting = dialect.delimiter or delimiter(beginning.decode(codec, "replace"))
    size = max(1, path.stat().st_size)
    began, line = 0, ""
    with Text(path, codec, mark) as text:
        at = text.begins
        width, is_exact, measure = text.width, text.is_exact, text.file.tell

        def lines() -> Iterator[str]:
            nonlocal line, at
            for number, line in enumerate(iter(partial(text.readline, LINE_MAX_CHARACTERS), "")):
                if number - began >= RECORD_LINES_MAX:
                    raise _unclosed(path, began + 1)
                if len(line) == LINE_MAX_CHARACTERS:
                    raise _endless(path, number + 1)
                at += width(line)
                yield line

        quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
        reader = csv.reader(lines(), delimiter=parting, quotechar=dialect.quote or None, quoting=quoting, strict=True)
        while True:
            began = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except UnicodeError as fault:
                # Also of a line that is measured: half a sign at the end of UTF-16 cannot be written again.
                why = fault.reason if isinstance(fault, UnicodeDecodeError) else "half a sign"
                raise FileRefused(f"{shown(path)} is no {codec} text: {why}", "Export it as UTF-8") from None
            except csv.Error:
                if reader.line_num > began + 1:
                    raise _unclosed(path, began + 1) from None
                cells = line.rstrip("\r\n") or "(unreadable)"
            yield _Record(cells, (at if is_exact else measure()) / size, at if is_exact else 0)


def _unclosed(path: Path, line: int) -> FileRefused:
    return FileRefused(
        f"{shown(path)} has a quote in line {line} that is not closed in its row, so the rows below it are unreadable",
        f"Close or double that quote (a row may have up to {RECORD_LINES_MAX} lines); nothing was stored",
    )


def _endless(path: Path, line: int) -> FileRefused:
    return FileRefused(
        f"{shown(path)} has over {LINE_MAX_CHARACTERS:,} characters in line {line}",
        "Export it as text with one row a line; nothing was stored",
    )


def _content(names: list[str], cells: list[str] | str) -> dict[str, str] | str:
    if isinstance(cells, str):
        return cells
    if len(cells) > len(names):
        return DELIMITERS[0].join(cells)
    return {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}


formats.add("csv")(Format(read, look, check, columns))
