"""One JSON object a line, or one JSON list of objects over any number of lines.

A fault in a list hides where the next element begins: such a file is refused whole. Two pieces of it are in memory.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from regulars.collect.errors import FileRefused
from regulars.collect.formats import Dialect, FileRow, Format, Place, formats, shown

LINE_MAX_BYTES = 1024 * 1024
# A line that is longer is refused by its beginning.
SHOWN_BYTES = 1_000

# What may stand before a list.
BLANK = b"\xef\xbb\xbf \t\r\n"
BEFORE = {True: re.compile(r"(\[)[ \t\r\n]*"), False: re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")}
"""What stands before an element: before the first, before any other. Without one, the list ends."""

_find = json.JSONDecoder().raw_decode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
    """Lines, or the elements of the list, that are objects; empty lines do not count."""
    begins = _list_begins(path)
    yield from _lines(path, after) if begins is None else _elements(path, begins, after)


def look(path: Path) -> Dialect:
    """JSON is UTF-8. Raises FileRefused where lines are no rows but parts of a document."""
    _check_first(path)
    return Dialect(encoding="utf-8")


def check(path: Path, dialect: Dialect) -> None:
    """Raise FileRefused where the list breaks off or lines are parts of a document; a wrong line hides no other."""
    _check_first(path)
    if (begins := _list_begins(path)) is not None:
        for _ in _elements(path, begins, Place()):
            pass


def _check_first(path: Path) -> None:
    if path.suffix.lower() != ".json":
        return
    first = next(_lines(path, Place()), None)
    if first is not None and isinstance(first.content, str) and _list_begins(path) is None:
        raise FileRefused(
            f"{shown(path)} is neither one JSON object a line nor one list of objects",
            "Export it as one of these; nothing was stored",
        )


def _lines(path: Path, after: Place) -> Iterator[FileRow]:
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


def _list_begins(path: Path) -> int | None:
    """The byte at which the file's list begins; None: it is none."""
    at = 0
    with path.open("rb") as raw:
        while piece := raw.read(LINE_MAX_BYTES):
            if rest := piece.lstrip(BLANK):
                return at + len(piece) - len(rest) if rest.startswith(b"[") else None
            at += len(piece)
    return None


def _elements(path: Path, begins: int, after: Place) -> Iterator[FileRow]:
    """The elements behind a place, which is the byte behind an element."""
    size = max(1, path.stat().st_size)
    number, at = (after.row, after.mark) if after.mark else (0, begins)
    with path.open("rb") as raw:
        raw.seek(at)
        held = raw.read(LINE_MAX_BYTES)
        while True:
            text, place = held.decode("utf-8", "surrogateescape"), 0
            while (element := _element(text, place, at == begins)) is not None:
                content, end = element
                if content is None:
                    _check_end(path, text[end:], raw)
                    return
                at += len(text[place:end].encode("utf-8", "surrogateescape"))
                number, place = number + 1, end
                if number > after.row:
                    yield FileRow(number, content, at / size, at)
            held, piece = text[place:].encode("utf-8", "surrogateescape"), raw.read(LINE_MAX_BYTES)
            if not piece or len(held) > LINE_MAX_BYTES:
                raise FileRefused(
                    f"{shown(path)} is a JSON list that cannot be read on behind its element {number}",
                    f"Mend it there (an element may have {LINE_MAX_BYTES // 1024**2} MiB), or export it again",
                )
            held += piece


def _element(text: str, place: int, is_first: bool) -> tuple[dict[str, Any] | str | None, int] | None:
    """The next element and where it ends, or None and where the list ends; None of either: the text ends before."""
    before = BEFORE[is_first].match(text, place)
    if before is None:
        return None
    begins = before.end()
    if before[1] == "]":
        return None, begins
    if is_first and text[begins : begins + 1] == "]":
        return None, begins + 1
    try:
        value, end = _find(text, begins)
    except (ValueError, RecursionError):
        return None
    # A number that goes on in the next piece looks whole: what stands behind it tells.
    if BEFORE[False].match(text, end) is None:
        return None
    return (cast(dict[str, Any], value) if isinstance(value, dict) else text[begins:end]), end


def _check_end(path: Path, rest: str, raw: IO[bytes]) -> None:
    """Raise FileRefused where something follows the list: it would be left out without a word."""
    is_blank = not rest.strip()
    while is_blank and (piece := raw.read(LINE_MAX_BYTES)):
        is_blank = not piece.strip()
    if not is_blank:
        raise FileRefused(f"{shown(path)} has more behind its JSON list", "Make one list of it; nothing was stored")


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
