"""One JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from regulars.collect.formats import Dialect, FileRow, Format, Place, formats

LINE_MAX_BYTES = 1024 * 1024
# A line that is longer is refused by its beginning.
SHOWN_BYTES = 1_000

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
    """Lines that are objects; empty lines do not count."""
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw:
        raw.seek(after.mark)
        number, at = after.row if after.mark else 0, after.mark
        while line := raw.readline(LINE_MAX_BYTES):
            at += len(line)
            if len(line) == LINE_MAX_BYTES and not line.endswith(b"\n"):
                at += _skip(raw)
                content: dict[str, Any] | str = line[:SHOWN_BYTES].decode("utf-8", "replace")
            elif not line.strip():
                continue
            else:
                content = _content(line)
            number += 1
            if number > after.row:
                yield FileRow(number, content, at / size, at)


def look(path: Path) -> Dialect:
    """JSON is UTF-8."""
    return Dialect(encoding="utf-8")


def check(path: Path, dialect: Dialect) -> None:
    """A line that is wrong hides no other."""


def _skip(raw: IO[bytes]) -> int:
    """Pass the rest of a line; its bytes."""
    passed = 0
    while piece := raw.readline(LINE_MAX_BYTES):
        passed += len(piece)
        if piece.endswith(b"\n"):
            break
    return passed


def _content(line: bytes) -> dict[str, Any] | str:
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently(line)


def _leniently(line: bytes) -> dict[str, Any] | str:
    """What the strict reader does not take (NaN, huge numbers, half a surrogate) is for the door to judge."""
    text = line.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return cast(dict[str, Any], value) if isinstance(value, dict) else text


formats.add("jsonl")(Format(read, look, check))
