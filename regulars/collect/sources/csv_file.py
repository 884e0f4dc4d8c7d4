"""Comma-separated values as exports write them: any usual delimiter and encoding, recognized from the beginning."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from regulars.collect.errors import FileRefused
from regulars.collect.sources import FileRow, sources

SAMPLE_BYTES = 64 * 1024
DELIMITERS = ",;\t|"
# By their byte order marks; what has none and is not UTF-8 comes from an old Windows program.
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OLD_ENCODING = "cp1252"


@sources.add("csv")
def read(path: Path) -> Iterator[FileRow]:
    """Rows under a header line."""
    with path.open("rb") as raw:
        sample = raw.read(SAMPLE_BYTES)
    chosen = encoding(sample)
    # What is broken further on becomes half a surrogate pair, and the door refuses that row alone.
    errors = "replace" if chosen == OLD_ENCODING else "surrogateescape"
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw, codecs.getreader(chosen)(raw, errors) as text:
        lines = csv.reader(text, delimiter=delimiter(sample.decode(chosen, "replace")))
        header = next(lines, None)
        if not header or not any(name.strip() for name in header):
            raise FileRefused(f"{path.name} has no header line", "Name the columns in the first line")
        names = [name.strip() for name in header]
        for number, cells in enumerate(_lines(lines), 1):
            yield FileRow(number, _content(names, cells), min(1.0, raw.tell() / size))


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


def _lines(lines: "Iterator[list[str]]") -> Iterator[list[str] | str]:
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as fault:
            yield f"(unreadable: {fault})"
            continue
        if cells:
            yield cells


def _content(names: list[str], cells: list[str] | str) -> dict[str, str] | str:
    if isinstance(cells, str):
        return cells
    if len(cells) > len(names):
        return DELIMITERS[0].join(cells)
    return {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
