"""A file of the data folder in which a brand declares something: read when it changes, refused with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from regulars.kit.errors import RegularsError
from regulars.kit.settings import Settings

T = TypeVar("T")
FILE_MAX_BYTES = 256 * 1024
# Versions of one file that one process remembers: it changes rarely, and a test has several folders.
VERSIONS_REMEMBERED = 8


class DeclarationFile(Generic[T]):
    """One YAML file with a shape, and what holds without it."""

    def __init__(
        self,
        name: str,
        shape: type[T],
        usual: T,
        check: Callable[[T], T],
        refused: type[RegularsError],
        reference: str,
    ) -> None:
        """`check` gives what holds, or raises ValueError with all that is wrong; `reference` explains the file."""
        self._name, self._shape, self._usual = name, shape, usual
        self._check, self._refused, self._reference = check, refused, reference
        self._version = lru_cache(VERSIONS_REMEMBERED)(self._decoded)

    def read(self, settings: Settings) -> T:
        """What stands in it now. Raises `refused`."""
        path = settings.home_path / self._name
        try:
            stat = path.stat()
        except FileNotFoundError:
            return self._usual
        if not path.is_file():
            raise self._refused(f"{path.name} is no file", f"Move {path} away, or put the file there")
        return self._version(path, stat.st_mtime_ns, stat.st_size)

    def _decoded(self, path: Path, changed_ns: int, size_bytes: int) -> T:
        fix = f"Mend {path} ({self._reference})"
        if size_bytes > FILE_MAX_BYTES:
            raise self._refused(f"{path.name} has {size_bytes} bytes, more than {FILE_MAX_BYTES}", fix)
        try:
            given = msgspec.yaml.decode(path.read_bytes(), type=self._shape)
        except OSError as fault:
            raise self._refused(f"{path.name} cannot be read: {fault.strerror}", "Let us read it") from None
        except (AttributeError, RecursionError, TypeError, ValueError) as fault:
            # PyYAML trips over values that do not fit their own tag, such as "!!timestamp soon".
            told = fault if isinstance(fault, ValueError) else f"{type(fault).__name__} in YAML"
            raise self._refused(f"{path.name} cannot be read: {told}", fix) from None
        try:
            return self._check(given)
        except ValueError as fault:
            raise self._refused(f"{path.name}: {fault}", fix) from None
