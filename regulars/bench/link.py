"""How well and how fast a town of families is told apart, against Splink by itself on the same records and keys.

Ours is the whole command in a process of its own, from reading the file to the last result; Splink starts from the
cleaned records and the keys that ours made, as its guide recommends, with the same memory and threads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from regulars.bench import households
from regulars.kit.settings import Settings

RECORDS = 1_000_000
SEED = 20_240
# What the guide's examples cut at.
RECOMMENDED = "0.95"


class _Measured(NamedTuple):
    seconds: float
    peak_gib: float
    answer: dict[str, Any]


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `of_splink_seconds`, `b_cubed_f1`, `b_cubed_f1_over_splink`; with peak memory and the largest cluster."""
    count = size or RECORDS
    with TemporaryDirectory(prefix="regulars-link-") as folder:
        file, out = Path(folder) / "town.parquet", Path(folder) / "out"
        households.write(file, count, SEED)
        ours = _measured("regulars", "link", str(file), "--truth", "person", "--out", str(out), "--json")
        bare = _measured("regulars.bench.bare", str(out / ".work"))
    splink_seconds = sum(bare.answer["seconds"].values())
    quality, f1 = bare.answer["quality"], ours.answer["truth"]["b_cubed"]["f1"]
    return {
        "ratios": {
            "of_splink_seconds": round(ours.seconds / splink_seconds, 3),
            "b_cubed_f1": round(f1, 4),
            "b_cubed_f1_over_splink": round(f1 - quality[RECOMMENDED]["b_cubed"]["f1"], 4),
        },
        "raw": {
            "records": count,
            "seconds": round(ours.seconds, 1),
            "splink_seconds": {step: round(each, 1) for step, each in bare.answer["seconds"].items()},
            "peak_gib": round(ours.peak_gib, 2),
            "splink_peak_gib": round(bare.peak_gib, 2),
            "largest_cluster": ours.answer["largest_cluster"],
            "compared_pairs": ours.answer["compared_pairs"],
            "truth": ours.answer["truth"],
            "splink_quality": quality,
            "seed": SEED,
        },
    }


def _measured(module: str, *given: str) -> _Measured:
    """A module run as a program: wall time, the most memory it ever had, the JSON it printed."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *given], stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    # In KiB on Linux.
    return _Measured(time.perf_counter() - start, usage.ru_maxrss / 2**20, msgspec.json.decode(printed))
