"""A file with a table in it as DuckDB reads it in one go: CSV however it is written, or Parquet."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as parquet

from regulars.collect.errors import FileRefused
from regulars.collect.files.guess import guess

# What DuckDB reads by itself; any other encoding is written again as UTF-8 first.
READ_ENCODINGS = {"utf-8": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "latin-1": "latin-1"}
PIECE_CHARACTERS = 1 << 20


def queried(path: Path, again: Path) -> str:
    """What to write behind `from` in SQL of DuckDB. Raises FileRefused.

    A CSV in an encoding that DuckDB does not know is written to `again` first, piece by piece. Columns keep their
    names; all of a CSV's are text, and rows that are too short end in NULLs.
    """
    if not path.is_file():
        raise FileRefused(f"There is no file {path}", "Check the path")
    kind = path.suffix.lower()
    if kind == ".parquet":
        try:
            _refuse_doubled(path, parquet.read_schema(path).names)
        except (OSError, ValueError) as fault:
            raise FileRefused(f"{path.name} cannot be read: {fault}", "Export it anew as CSV or Parquet") from None
        return f"read_parquet({_text(str(path))})"
    if kind not in (".csv", ".tsv", ".txt"):
        raise FileRefused(f"{path.name} is neither CSV nor Parquet", "Export it as CSV or Parquet")
    dialect = guess(path).dialect
    if dialect.has_header:
        with path.open(encoding=dialect.encoding, errors="replace", newline="") as file:
            quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
            rows = csv.reader(file, delimiter=dialect.delimiter, quotechar=dialect.quote or None, quoting=quoting)
            _refuse_doubled(path, next(rows, []))
    codec = READ_ENCODINGS.get(dialect.encoding)
    if codec is None:
        with (
            path.open(encoding=dialect.encoding, errors="replace", newline="") as file,
            again.open("w", newline="") as out,
        ):
            while piece := file.read(PIECE_CHARACTERS):
                out.write(piece)
        path, codec = again, "utf-8"
    return (
        f"read_csv({_text(str(path))}, all_varchar = true, header = {str(dialect.has_header).lower()}"
        f", delim = {_text(dialect.delimiter)}, quote = {_text(dialect.quote)}, encoding = {_text(codec)}"
        ", strict_mode = false, null_padding = true, normalize_names = false)"
    )


def _refuse_doubled(path: Path, names: Sequence[str]) -> None:
    """DuckDB would call the second one otherwise, and nobody could say which of them is meant."""
    times = Counter(name.strip().lower() for name in names)
    doubled = [name for name, count in times.items() if name and count > 1]
    if doubled:
        raise FileRefused(
            f"{path.name} has more than one column {', '.join(map(repr, doubled))}", "Give each column its own name"
        )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
