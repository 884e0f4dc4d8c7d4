"""A file of people to stop: identifiers in the clear, which are hashed and not kept, or hashes made here before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from regulars.app import App
from regulars.collect.errors import StopRefused
from regulars.collect.stops import HASH_BYTES, STOP_MAX_ENTRIES, TYPES, Stop, order_stop, stop

LINE_MAX_CHARACTERS = 1_000
HEX = re.compile(rf"[0-9a-fA-F]{{{2 * HASH_BYTES}}}")
HEADS = frozenset({"hash", "email", "phone", "value"})


class Loaded(NamedTuple):
    """What became of a file."""

    order: int
    lines: int
    """With something on them."""
    entries: int
    """New on the list; the rest stood there twice or could not be read as an identifier."""


def load_stops(app: App, path: Path, reason: str, actor: str) -> Loaded:
    """Put a file on the list under one order, STOP_MAX_ENTRIES a transaction. Raises StopRefused.

    One entry a line: an e-mail, a phone number with its country code, 64 hexadecimal digits (a hash), or
    TYPE,VALUE[,SPACE] for anything else. A first line that names columns is passed over.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        read = entries_of(file)
        first = next(read, None)
        if first is None:
            raise StopRefused(f"{path.name} holds no entry", "Give one identifier a line")
        with app.transaction() as inside:
            order = order_stop(inside, reason, actor)
        lines = entries = 0
        entries_left = chain([first], read)
        while some := list(islice(entries_left, STOP_MAX_ENTRIES)):
            with app.transaction() as inside:
                entries += stop(inside, order, some)
            lines += len(some)
    return Loaded(order, lines, entries)


def entries_of(lines: Iterable[str]) -> Iterator[Stop | bytes]:
    """The entries of these lines. Raises StopRefused at the first line that is none. Pure."""
    for number, line in enumerate(lines, 1):
        text = line[:LINE_MAX_CHARACTERS].strip()
        if not text or (number == 1 and text.partition(",")[0].lower() in HEADS | {"type"}):
            continue
        yield _entry(text, number)


def _entry(text: str, number: int) -> Stop | bytes:
    type, comma, rest = text.partition(",")
    if comma and type.strip().lower() in TYPES:
        value, _, space = rest.partition(",")
        return Stop(type.strip().lower(), value.strip(), space.strip())
    if HEX.fullmatch(text):
        return bytes.fromhex(text)
    if "@" in text:
        return Stop("email", text)
    if text.startswith("+"):
        return Stop("phone", text)
    raise StopRefused(
        f"Line {number} is no identifier that is told by its look",
        f"Write it as TYPE,VALUE with one of {', '.join(TYPES)}",
    )
