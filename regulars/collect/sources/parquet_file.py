"""Parquet, a slice of rows at a time, so that a large file needs little memory."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from regulars.collect.errors import FileRefused
from regulars.collect.sources import FileRow, sources

SLICE_ROWS = 5_000


@sources.add("parquet")
def read(path: Path) -> Iterator[FileRow]:
    """Rows in the file's order; empty values and NaN are left out."""
    try:
        file: Any = parquet.ParquetFile(path)
        # Every page is read once before the first row is given: a file with a damaged one is refused whole. Mended, it
        # is another file, and what had been taken of this one would be there twice.
        for _ in file.iter_batches(SLICE_ROWS):
            pass
    except (ValueError, OSError) as fault:  # Arrow's own errors are these
        raise FileRefused(f"{path.name} is no whole Parquet file: {fault}", "Export it again") from None
    total = max(1, int(file.metadata.num_rows))
    number = 0
    for piece in file.iter_batches(SLICE_ROWS):
        for content in _contents(piece):
            number += 1
            yield FileRow(number, content, number / total)


def _contents(piece: Any) -> Iterator[dict[str, Any] | str]:
    try:
        rows = cast(list[dict[str, Any] | str], piece.to_pylist())
    except (ValueError, OverflowError):
        # A value that Python has no word for, such as a time after the year 9999: only its row is refused.
        rows = [_row(piece.slice(at, 1)) for at in range(piece.num_rows)]
    for row in rows:
        yield row if isinstance(row, str) else _filled(row)


def _row(piece: Any) -> dict[str, Any] | str:
    try:
        return cast(dict[str, Any], piece.to_pylist()[0])
    except (ValueError, OverflowError) as fault:
        return f"(a value cannot be read: {fault})"


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    content = {name: _plain(value) for name, value in row.items()}
    return {name: value for name, value in content.items() if value is not None}


def _plain(value: object) -> object:
    """What JSON can say."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in cast(dict[str, object], value).items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in cast(list[object], value)]
    return value
