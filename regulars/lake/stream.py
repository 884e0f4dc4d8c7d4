"""Rows as one Parquet file that is read while it is written: pieces in, pieces out."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from regulars.lake.arrow import pa

TYPES = {
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def parquet(columns: Mapping[str, str], pieces: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
    """The file of these columns (name to one of TYPES); every piece of rows becomes one of bytes."""
    schema = pa.schema([(name, TYPES[type_]) for name, type_ in columns.items()])
    out = BytesIO()
    with pq.ParquetWriter(out, schema) as writer:
        for rows in pieces:
            values = zip(*rows, strict=True)
            arrays = [pa.array(column, type=field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            yield _taken(out)
    yield _taken(out)


def _taken(out: BytesIO) -> bytes:
    # The writer counts its own position: what was handed on may go.
    piece = out.getvalue()
    out.seek(0)
    out.truncate()
    return piece
