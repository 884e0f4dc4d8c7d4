"""Where the lake's files are, and how one is put there: whole or not at all."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.kit.durable import sync_folder

ARROW_TYPES = {
    "bigint": pa.int64(),
    "text": pa.string(),
    "bytea": pa.binary(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
HASH_CHUNK_BYTES = 1 << 20


class Written(NamedTuple):
    """A file as it lies there."""

    size_bytes: int
    sha256: bytes


@dataclass(frozen=True)
class Lake:
    """A folder of Parquet files: `journal/day=2026-11-22/*.parquet` and `facts/day=…` (same days, typed)."""

    root: Path

    def write(self, path: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Written:
        """Put rows (in the order of `types`) at `path`, durable, and under that name only when complete."""
        target = self.root / path
        self._make(target.parent)
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(c, type=ARROW_TYPES[t]) for c, t in zip(columns, types.values(), strict=True)]
        partial = target.with_suffix(".partial")
        content = pa.BufferOutputStream()
        pq.write_table(pa.table(arrays, names=list(types)), content, compression="zstd")
        whole = content.getvalue()
        with partial.open("wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        # The name, too: a power cut must not leave a row that counts on a file which nobody finds.
        sync_folder(target.parent)
        return Written(whole.size, hashlib.sha256(whole).digest())

    def _make(self, folder: Path) -> None:
        """The folder with those above it, each durable in the one it stands in."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)

    def is_whole(self, path: str, sha256: bytes) -> bool:
        """The file is there with this checksum."""
        target = self.root / path
        return target.is_file() and checksum(target) == sha256


def checksum(path: Path) -> bytes:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(HASH_CHUNK_BYTES):
            digest.update(piece)
    return digest.digest()
