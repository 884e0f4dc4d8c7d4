"""Everybody in a segment with their traits, as a file: streamed, so that a million people need no more memory than one.

Traits only: who is who stays behind. Whoever may have names and addresses takes the mailing file, which asks consent.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, Literal

import msgspec

from regulars.analyze.plan import Trait
from regulars.analyze.questions import members_with_traits
from regulars.analyze.schema import ready
from regulars.analyze.segments.members import check_named
from regulars.app import App
from regulars.kit.sheet import safe_cell
from regulars.lake import stream

Format = Literal["csv", "jsonl", "parquet"]
PIECE_ROWS = 5_000
Rows = Iterator[list[tuple[Any, ...]]]


def export(app: App, segment: str, form: Format) -> Iterator[bytes]:
    """The file, piece by piece: customer, since (UTC), then every trait by its name. Raises UnknownSegment."""
    check_named(app, segment)
    traits = ready(app).plan.traits
    return WRITERS[form](traits, members_with_traits(app, segment, PIECE_ROWS))


def _csv(traits: tuple[Trait, ...], pieces: Rows) -> Iterator[bytes]:
    yield (",".join(["customer", "since", *(trait.name for trait in traits)]) + "\r\n").encode()
    for rows in pieces:
        text = StringIO()
        csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
        yield text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_cell(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _jsonl(traits: tuple[Trait, ...], pieces: Rows) -> Iterator[bytes]:
    names = ["customer", "since", *(trait.name for trait in traits)]
    encode = msgspec.json.Encoder().encode
    for rows in pieces:
        yield b"".join(encode(dict(zip(names, row, strict=True))) + b"\n" for row in rows)


def _parquet(traits: tuple[Trait, ...], pieces: Rows) -> Iterator[bytes]:
    types = {"whole": "bigint", "fraction": "double precision", "text": "text", "truth": "boolean"}
    columns = {"customer": "bigint", "since": "timestamp"}
    columns |= {trait.name: types[trait.expression.kind] for trait in traits}
    return stream.parquet(columns, pieces)


WRITERS: dict[Format, Callable[[tuple[Trait, ...], Rows], Iterator[bytes]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
}
