"""Rows as PostgreSQL's binary COPY gives them, taken apart into narrow columns: whole and broken numbers only.

Where every field is there and eight bytes wide, every row is as long as the others, and a million of them are taken
apart at once instead of one by one. So what is NULL travels as ABSENT, or as not a number, and is NULL again here.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from regulars.lake.arrow import pa
from regulars.lake.duckdb import Engine

ABSENT = -(2**63)
PIECE_ROWS = 65_536
HEADER_BYTES, TRAILER_BYTES = 19, 2
Number = Literal["whole", "fraction"]
# Narrowest first, each with room for what still comes: a table of numbers that are all small takes small ones on.
WIDTHS = ((np.int16, pa.int16(), 2**14), (np.int32, pa.int32(), 2**30), (np.int64, pa.int64(), 2**63))


def fill(engine: Engine, table: str, columns: Mapping[str, Number], copied: Iterable[Any]) -> int:
    """A new table of the rows of a COPY TO STDOUT (FORMAT BINARY), each field eight bytes; gives their number."""
    pieces = [_narrow(rows, columns) for rows in _pieces(copied, columns)]
    arrays: dict[str, Any] = {}
    for name, kind in columns.items():
        parts = [piece.pop(name) for piece in pieces]
        wide = max((part.type for part in parts), key=lambda type_: type_.bit_width, default=None)
        wide = wide or (pa.int64() if kind == "whole" else pa.float64())
        arrays[name] = pa.chunked_array([part.cast(wide) for part in parts], type=wide)
    made = pa.table(arrays)
    engine.given(table, made)
    return made.num_rows


def _pieces(copied: Iterable[Any], columns: Mapping[str, Number]) -> Iterator[Any]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        layout += [(f"length of {name}", ">i4"), (name, ">i8" if kind == "whole" else ">f8")]
    row = np.dtype(layout)
    held, skip = bytearray(), HEADER_BYTES
    for part in copied:
        held += part
        if len(held) >= PIECE_ROWS * row.itemsize + skip + TRAILER_BYTES:
            yield np.frombuffer(bytes(held[skip : skip + PIECE_ROWS * row.itemsize]), row)
            del held[: skip + PIECE_ROWS * row.itemsize]
            skip = 0
    rest = bytes(held[skip : len(held) - TRAILER_BYTES])
    if rest:
        yield np.frombuffer(rest, row)


def _narrow(rows: Any, columns: Mapping[str, Number]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in columns.items():
        if kind == "fraction":
            values = rows[name].astype(np.float64)
            found[name] = pa.array(values, mask=np.isnan(values))
            continue
        values = rows[name].astype(np.int64)
        absent = values == ABSENT
        values[absent] = 0
        most = int(np.abs(values).max(initial=0))
        width, type_, _ = next(each for each in WIDTHS if most < each[2])
        found[name] = pa.array(values.astype(width), type=type_, mask=absent)
    return found
