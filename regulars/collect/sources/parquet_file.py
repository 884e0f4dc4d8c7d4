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
    except (ValueError, OSError) as fault:  # Arrow's own errors are these
        raise FileRefused(f"{path.name} is no Parquet file: {fault}", "Export it again") from None
    total = max(1, int(file.metadata.num_rows))
    number = 0
    for piece in file.iter_batches(SLICE_ROWS):
        for row in cast(list[dict[str, Any]], piece.to_pylist()):
            number += 1
            content = {name: _plain(value) for name, value in row.items()}
            yield FileRow(number, {k: v for k, v in content.items() if v is not None}, number / total)


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
