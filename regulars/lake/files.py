"""Where the lake's files are, and how one is put there: whole or not at all."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from regulars.kit.durable import sync_folder
from regulars.lake.arrow import pa

ARROW_TYPES = {
    "bigint": pa.int64(),
    "text": pa.string(),
    "bytea": pa.binary(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
HASH_CHUNK_BYTES = 1 << 20
ROWS_LOOKED_AT_ONCE = 2_000
# Odd, so that multiplying by it loses nothing: 2**64 over the golden ratio.
SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Written(NamedTuple):
    """A file as it lies there."""

    size_bytes: int
    sha256: bytes
    rows: int


class Fingerprint(NamedTuple):
    """What rows a file holds, whatever their order: equal for equal sets of (position, hash of the body)."""

    rows: int
    digest: int


@dataclass(frozen=True)
class Lake:
    """A folder of Parquet files: `journal/day=2026-11-22/*.parquet` and `facts/day=…` (same days, typed)."""

    root: Path

    def write(self, path: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Written:
        """Put rows (in the order of `types`) at `path`, durable, and under that name only when complete."""
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(c, type=ARROW_TYPES[t]) for c, t in zip(columns, types.values(), strict=True)]
        return self._put(path, pa.table(arrays, names=list(types)))

    def join(self, path: str, sources: Sequence[str], drop: Sequence[tuple[int, int]] = ()) -> Written | None:
        """Put the rows of these files at `path`, in their order, without positions in `drop`; None: no row is left."""
        whole = pa.concat_tables([pq.ParquetFile(self.root / source).read() for source in sources])
        if drop:
            whole = whole.filter(pa.array(~_within(whole.column("seq").to_numpy(), drop)))
        return self._put(path, whole) if whole.num_rows else None

    def holds(self, path: str, ranges: Sequence[tuple[int, int]]) -> bool:
        """Does this file hold a row at a position within these ranges (ascending, apart)?"""
        seqs = pq.ParquetFile(self.root / path).read(columns=["seq"]).column("seq").to_numpy()
        return bool(ranges) and bool(_within(seqs, ranges).any())

    def fingerprint(self, path: str, drop: Sequence[tuple[int, int]] = ()) -> Fingerprint:
        """What the rows of a journal file add up to, without positions in `drop`."""
        table = pq.ParquetFile(self.root / path).read(columns=["seq", "body_hash"])
        if drop:
            table = table.filter(pa.array(~_within(table.column("seq").to_numpy(), drop)))
        return fingerprint(table.column("seq").to_numpy(), table.column("body_hash").to_pylist())

    def matches(self, path: str, pattern: str) -> Iterator[int]:
        """Rows of this file of which a text or bytes fit a regular expression, upper and lower case alike; by slices.

        Nothing where the file has gone: what took its place is looked through by itself.
        """
        found = re.compile(pattern.encode(), re.IGNORECASE).search
        if not (self.root / path).exists():
            return
        for batch in pq.ParquetFile(self.root / path).iter_batches(ROWS_LOOKED_AT_ONCE):
            fits = np.zeros(batch.num_rows, dtype=bool)
            for column in batch.columns:
                if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
                    texts = column.cast(pa.binary())
                    fits |= np.fromiter((t is not None and found(t) is not None for t in texts.to_pylist()), bool)
            yield int(fits.sum())

    def remove(self, path: str) -> None:
        """Take a file off the disk, if it is there."""
        (self.root / path).unlink(missing_ok=True)

    def paths(self) -> Iterator[tuple[str, float]]:
        """Every file there is, below the root, with when it was written (seconds since the epoch)."""
        for found in self.root.rglob("*.*"):
            if found.is_file():
                yield str(found.relative_to(self.root)), found.stat().st_mtime

    def _put(self, path: str, table: Any) -> Written:
        target = self.root / path
        self._make(target.parent)
        partial = target.with_suffix(".partial")
        content = pa.BufferOutputStream()
        pq.write_table(table, content, compression="zstd")
        whole = content.getvalue()
        with partial.open("wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        # The name, too: a power cut must not leave a row that counts on a file which nobody finds.
        sync_folder(target.parent)
        return Written(whole.size, hashlib.sha256(whole).digest(), table.num_rows)

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


def _within(seqs: Any, ranges: Sequence[tuple[int, int]]) -> Any:
    firsts, lasts = np.array(ranges, dtype=np.int64).T
    place = np.searchsorted(firsts, seqs, side="right") - 1
    return (place >= 0) & (lasts[place] >= seqs)


def fingerprint(seqs: Any, hashes: Sequence[bytes]) -> Fingerprint:
    """The sum of one number for each row: order does not matter, and what is missing, doubled or changed shows."""
    if not len(hashes):
        return Fingerprint(0, 0)
    words = np.frombuffer(b"".join(hashes), dtype="<u8").reshape(len(hashes), -1)
    mixed = np.asarray(seqs).astype(np.uint64) * SPREAD
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * SPREAD
        mixed ^= mixed >> np.uint64(29)
    return Fingerprint(len(hashes), int(mixed.sum(dtype=np.uint64)))


def added(one: Fingerprint, other: Fingerprint) -> Fingerprint:
    """The rows of both."""
    return Fingerprint(one.rows + other.rows, (one.digest + other.digest) & 0xFFFF_FFFF_FFFF_FFFF)
