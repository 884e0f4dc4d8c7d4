"""Weights of pairs as they are kept: a file for each time that records came, and one of earlier pairs it parted."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage.clusters import Weights
from regulars.resolve.linkage.state import ANEW

BATCH_PAIRS = 1_000_000
PAIR = (("left_number", pa.int32()), ("right_number", pa.int32()))
WEIGHED = pa.schema([*PAIR, ("bits", pa.float64()), ("apart", pa.bool_())])
NONE = np.zeros((2, 0), np.int64)
"""No pairs, as (2, pairs)."""


class Shelf:
    """Room for all pairs of some files and those that follow: nothing is copied once it is read."""

    def __init__(self, folder: Path, files: Sequence[Path], following: int = 0) -> None:
        """Room for the pairs of these files of the folder, at least one, and so many more. Raises LinkRefused."""
        self._folder = folder
        self._files = [self._opened(path) for path in files]
        if not files:
            raise LinkRefused(f"{folder} lacks weights", ANEW)
        room = sum(file.metadata.num_rows for file in self._files) + following
        left, right, bits, apart = (field.type.to_pandas_dtype() for field in WEIGHED)
        self._whole = Weights(np.empty(room, left), np.empty(room, right), np.empty(room, bits), np.empty(room, apart))
        self._count = 0

    def read(self, parted: NDArray[np.int64], records: int) -> Shelf:
        """Take in the files, but for some pairs of so many records, given as (2, pairs). Raises LinkRefused."""
        is_left = np.zeros(records, np.bool_)
        is_left[parted[0]] = True
        codes = np.unique(parted[0] * records + parted[1])
        try:
            for batch in (batch for file in self._files for batch in file.iter_batches(BATCH_PAIRS)):
                found = Weights(*(column.to_numpy(zero_copy_only=False) for column in batch.columns))
                doubtful = np.flatnonzero(is_left[found.left])
                if len(doubtful):
                    stays = np.ones(len(found.bits), np.bool_)
                    stays[doubtful] = ~np.isin(found.at(doubtful).codes(records), codes)
                    found = found.at(stays)
                self._add(found)
        except (OSError, ValueError) as fault:
            raise self._unread(fault) from None
        return self

    def follow(self, path: Path) -> Shelf:
        """Take in another file's pairs, for which there is room. Raises LinkRefused."""
        try:
            for batch in self._opened(path).iter_batches(BATCH_PAIRS):
                self._add(Weights(*(column.to_numpy(zero_copy_only=False) for column in batch.columns)))
        except (OSError, ValueError) as fault:
            raise self._unread(fault) from None
        return self

    def weights(self) -> Weights:
        """All pairs that were taken in, in their order."""
        return self._whole.at(slice(self._count))

    def _add(self, found: Weights) -> None:
        until = self._count + len(found.bits)
        for whole, values in zip(self._whole, found, strict=True):
            whole[self._count : until] = values
        self._count = until

    def _opened(self, path: Path) -> parquet.ParquetFile:
        try:
            return parquet.ParquetFile(path)
        except (OSError, ValueError) as fault:
            raise self._unread(fault) from None

    def _unread(self, fault: Exception) -> LinkRefused:
        return LinkRefused(f"{self._folder} cannot be read: {fault}", ANEW)


def hand_on(path: Path, to: Path) -> None:
    """The same file under another name too, where the disk can do that: what is kept is never written again."""
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)


def read_parted(folder: Path) -> NDArray[np.int64]:
    """Pairs that no longer meet, as (2, pairs). Raises LinkRefused."""
    try:
        return np.concatenate([NONE, *map(np.load, sorted(folder.glob("*.npy")))], axis=1)
    except (OSError, ValueError) as fault:
        raise LinkRefused(f"{folder} cannot be read: {fault}", ANEW) from None
