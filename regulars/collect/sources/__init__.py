"""The shelf of sources: whatever events can be read from besides the HTTP door. A file format is one plug-in.

A plug-in is a function from a path to `FileRow`s, registered under the file's suffix: `@sources.add("csv")`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from regulars.kit.registry import Shelf


class FileRow(NamedTuple):
    """One row of a file."""

    number: int
    """As a person counts: the first row under the header is 1."""
    content: dict[str, Any] | str
    """Column to value, empty cells left out; text where the row cannot be read, as it stands in the file."""
    share: float
    """How much of the file is read with it, 0 to 1."""


Reader = Callable[[Path], Iterator[FileRow]]
sources: Shelf[Reader] = Shelf("sources", __name__)
