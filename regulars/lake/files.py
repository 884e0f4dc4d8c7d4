"""Where the lake's files are."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lake:
    """A folder of Parquet files: `journal/day=2026-11-22/*.parquet` and `facts/day=…` (same days, typed)."""

    root: Path
