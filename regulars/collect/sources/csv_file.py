"""Comma-separated values as exports write them: any usual delimiter and encoding, recognized from the beginning.

A quote that is opened and never closed would make one cell of everything below it. So the whole file is told apart
once before its first row is given: a file that hides rows is refused whole, and none of it is in.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from regulars.collect.errors import FileRefused
from regulars.collect.sources import FileRow, sources

SAMPLE_BYTES = 64 * 1024
DELIMITERS = ",;\t|"
# By their byte order marks; what has none and is not UTF-8 comes from an old Windows program.
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OLD_ENCODING = "cp1252"
# A note or an address has a few lines; a record of more is a quote that nobody closed.
RECORD_LINES_MAX = 100


class _Record(NamedTuple):
    """The cells of a record, or its text where they cannot be told apart."""

    cells: list[str] | str
    share: float


@sources.add("csv")
def read(path: Path) -> Iterator[FileRow]:
    """Rows under a header line."""
    for _ in _records(path):
        pass
    records = _records(path)
    header = next(records, _Record([], 0.0)).cells
    if isinstance(header, str) or not any(name.strip() for name in header):
        raise FileRefused(f"{path.name} has no header line", "Name the columns in the first line")
    names = [name.strip() for name in header]
    filled = (record for record in records if record.cells)
    for number, record in enumerate(filled, 1):
        yield FileRow(number, _content(names, record.cells), record.share)


def encoding(sample: bytes) -> str:
    """The encoding of a file that begins like this."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    try:
        # The sample may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return OLD_ENCODING
    return "utf-8"


def delimiter(sample: str) -> str:
    """The delimiter that splits the header line most, a comma if none does."""
    first = sample.partition("\n")[0]
    return max(DELIMITERS, key=lambda mark: (first.count(mark), mark == ","))


def _records(path: Path) -> Iterator[_Record]:
    """All records. A line that is wrong by itself is given as text; one that takes others along refuses the file."""
    with path.open("rb") as raw:
        sample = raw.read(SAMPLE_BYTES)
    chosen = encoding(sample)
    # What is broken further on becomes half a surrogate pair, and the door refuses that row alone.
    errors = "replace" if chosen == OLD_ENCODING else "surrogateescape"
    size = max(1, path.stat().st_size)
    began, line = 0, ""
    # Not codecs.getreader: it ends a line at every sign that Unicode calls a separator, also within a cell.
    with path.open("rb") as raw, io.TextIOWrapper(raw, chosen, errors, newline="") as text:

        def lines() -> Iterator[str]:
            nonlocal line
            for number, line in enumerate(text):
                if number - began >= RECORD_LINES_MAX:
                    raise _unclosed(path, began + 1)
                yield line

        reader = csv.reader(lines(), delimiter=delimiter(sample.decode(chosen, "replace")), strict=True)
        while True:
            began = reader.line_num
            try:
                yield _Record(next(reader), min(1.0, raw.tell() / size))
            except StopIteration:
                return
            except UnicodeDecodeError as fault:
                raise FileRefused(f"{path.name} is no {chosen} text: {fault.reason}", "Export it as UTF-8") from None
            except csv.Error:
                if reader.line_num > began + 1:
                    raise _unclosed(path, began + 1) from None
                yield _Record(line.rstrip("\r\n") or "(unreadable)", min(1.0, raw.tell() / size))


def _unclosed(path: Path, line: int) -> FileRefused:
    return FileRefused(
        f"{path.name} has a quote in line {line} that is not closed in its row, so the rows below it are unreadable",
        f"Close or double that quote (a row may have up to {RECORD_LINES_MAX} lines); nothing was stored",
    )


def _content(names: list[str], cells: list[str] | str) -> dict[str, str] | str:
    if isinstance(cells, str):
        return cells
    if len(cells) > len(names):
        return DELIMITERS[0].join(cells)
    return {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
