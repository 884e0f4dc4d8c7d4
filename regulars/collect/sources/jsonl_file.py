"""One JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from regulars.collect.sources import FileRow, sources

LINE_MAX_BYTES = 1024 * 1024


@sources.add("jsonl")
def read(path: Path) -> Iterator[FileRow]:
    """Lines that are objects; empty lines do not count."""
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw:
        number = read_bytes = 0
        while line := raw.readline(LINE_MAX_BYTES):
            read_bytes += len(line)
            if line.strip():
                number += 1
                yield FileRow(number, _content(line), read_bytes / size)


def _content(line: bytes) -> dict[str, Any] | str:
    text = line.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return cast(dict[str, Any], value) if isinstance(value, dict) else text
