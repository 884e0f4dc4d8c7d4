"""Parquet, a slice of rows at a time, so that a large file needs little memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from regulars.collect.errors import FileRefused
from regulars.collect.formats import Dialect, FileRow, Format, Place, formats, shown
from regulars.collect.formats.cells import filled
from regulars.collect.formats.csv_file import distinct

SLICE_ROWS = 4_096
# Of rows that hold whole documents, fewer at once.
SLICE_BYTES = 64 * 1024**2


def read(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
    """Rows in the file's order; empty values and NaN are left out. Goes on at the row group of the place."""
    file = _opened(path)
    total = max(1, int(file.metadata.num_rows))
    first_group, number = 0, 0
    while first_group < file.num_row_groups:
        rows = int(file.metadata.row_group(first_group).num_rows)
        if number + rows > after.row:
            break
        first_group, number = first_group + 1, number + rows
    for piece in _pieces(path, file, first_group):
        skipped = max(0, min(piece.num_rows, after.row - number))
        number += skipped
        for content in _contents(piece.slice(skipped)):
            number += 1
            yield FileRow(number, content, number / total, number)


def look(path: Path) -> Dialect:
    """A Parquet file says all of it itself."""
    return Dialect()


def check(path: Path, dialect: Dialect) -> None:
    """Every page is read once: mended, a damaged file is another one, and what was taken of it would be there twice."""
    for _ in _pieces(path, _opened(path), 0):
        pass


def columns(path: Path, dialect: Dialect) -> list[str]:
    """As the file says; the second of two of one name is `name (2)`."""
    return distinct(cast(list[str], _opened(path).schema_arrow.names))


def _opened(path: Path) -> Any:
    try:
        return parquet.ParquetFile(path)
    except (ValueError, OSError) as fault:  # Arrow's own errors are these
        raise _damaged(path, fault) from None


def _pieces(path: Path, file: Any, first_group: int) -> Iterator[Any]:
    """All rows from this group on, in pieces. Raises FileRefused at a damaged page."""
    names = distinct(cast(list[str], file.schema_arrow.names))
    try:
        for group in range(first_group, file.num_row_groups):
            for piece in _pieces_of(file, group):
                yield piece.rename_columns(names)
    except (ValueError, OSError) as fault:
        raise _damaged(path, fault) from None


def _pieces_of(file: Any, group: int) -> Iterator[Any]:
    """The rows of a group, one at first, then twice as many as long as they are at most SLICE_BYTES unpacked.

    How wide rows are, only those that were unpacked tell: a text that stands in every row counts once in the file.
    Where they become wider all at once one piece is larger, and those behind it are smaller for good.
    """
    rows, most, taken = 1, SLICE_ROWS, 0
    while taken < file.metadata.row_group(group).num_rows:
        read = 0
        for piece in file.iter_batches(rows, row_groups=[group]):
            read += piece.num_rows
            if read > taken:
                yield piece.slice(max(0, piece.num_rows - (read - taken)))
                taken = read
            # A number of rows holds for a whole reading: with another one, the group is read again.
            if piece.nbytes > SLICE_BYTES and rows > 1:
                rows = most = rows // 2
                break
            if rows < most and piece.nbytes * 2 <= SLICE_BYTES:
                rows = min(most, rows * 2)
                break
        else:
            return


def _damaged(path: Path, fault: Exception) -> FileRefused:
    return FileRefused(f"{shown(path)} is no whole Parquet file: {fault}", "Export it again")


def _contents(piece: Any) -> Iterator[dict[str, Any] | str]:
    try:
        rows = cast(list[dict[str, Any] | str], piece.to_pylist())
    except (ValueError, OverflowError):
        # A value that Python has no word for, such as a time after the year 9999: only its row is refused.
        rows = [_row(piece.slice(at, 1)) for at in range(piece.num_rows)]
    for row in rows:
        yield row if isinstance(row, str) else filled(row)


def _row(piece: Any) -> dict[str, Any] | str:
    try:
        return cast(dict[str, Any], piece.to_pylist()[0])
    except (ValueError, OverflowError) as fault:
        return f"(a value cannot be read: {fault})"


formats.add("parquet")(Format(read, look, check, columns))
