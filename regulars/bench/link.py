"""How well and how fast a town of families is told apart, against Splink by itself on the same records and keys.

Ours is the whole command in a process of its own, from reading the file to the last result; Splink starts from the
cleaned records and the keys that ours made, as its guide recommends, with the same memory and threads. Then one record
of a hundred joins the others, against a run of all of them by the same model.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import msgspec

from regulars.bench import households
from regulars.kit.settings import Settings

RECORDS = 1_000_000
SEED = 20_240
# What the guide's examples cut at.
RECOMMENDED = "0.95"
# One of so many records comes later.
LATE = 100
SAME = ("pairs.parquet", "clusters.parquet", "metrics.json", "report.html")


class Measured(NamedTuple):
    """What a process took and said."""

    seconds: float
    processor_seconds: float
    peak_gib: float
    answer: dict[str, Any]


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `of_splink_seconds`, `b_cubed_f1`, `b_cubed_f1_over_splink`, `joining_of_whole_seconds`.

    With peak memory, the largest cluster, and whether records that join give the files of a run of all.
    """
    count = size or RECORDS
    with TemporaryDirectory(prefix="regulars-link-") as folder:
        file, out = Path(folder) / "town.parquet", Path(folder) / "out"
        households.write(file, count, SEED)
        ours = measured("regulars", "link", str(file), "--truth", "person", "--out", str(out), "--json")
        bare = measured("regulars.bench.bare", str(out / ".work"))
        joining, whole, is_same = _joined(Path(folder), file, count, out / "model.json")
    splink_seconds = sum(bare.answer["seconds"].values())
    quality, f1 = bare.answer["quality"], ours.answer["truth"]["b_cubed"]["f1"]
    return {
        "ratios": {
            "of_splink_seconds": round(ours.seconds / splink_seconds, 3),
            "b_cubed_f1": round(f1, 4),
            "b_cubed_f1_over_splink": round(f1 - quality[RECOMMENDED]["b_cubed"]["f1"], 4),
            "joining_of_whole_seconds": round(joining.seconds / whole.seconds, 3),
        },
        "raw": {
            "records": count,
            "seconds": round(ours.seconds, 1),
            "processor_seconds": round(ours.processor_seconds, 1),
            "splink_seconds": {step: round(each, 1) for step, each in bare.answer["seconds"].items()},
            "joining_seconds": round(joining.seconds, 1),
            "joining_processor_seconds": round(joining.processor_seconds, 1),
            "whole_seconds": round(whole.seconds, 1),
            "whole_processor_seconds": round(whole.processor_seconds, 1),
            "joining_is_same": is_same,
            "peak_gib": round(ours.peak_gib, 2),
            "splink_peak_gib": round(bare.peak_gib, 2),
            "largest_cluster": ours.answer["largest_cluster"],
            "compared_pairs": ours.answer["compared_pairs"],
            "truth": ours.answer["truth"],
            "splink_quality": quality,
            "seed": SEED,
        },
    }


def _joined(folder: Path, file: Path, count: int, model: Path) -> tuple[Measured, Measured, bool]:
    """The last records joining those before them, all of them together, and whether both left the same files."""
    late = max(1, count // LATE)
    early_file, late_file = folder / "early.parquet", folder / "late.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{file}' limit {count - late}) to '{early_file}'")
        connection.execute(f"copy (from '{file}' offset {count - late}) to '{late_file}'")
    early, joined, whole = folder / "early", folder / "joined", folder / "whole"
    link, by_model = ("regulars", "link", "--json"), ("--model", str(model), "--out")
    measured(*link, str(early_file), *by_model, str(early))
    joining = measured(*link, str(late_file), "--into", str(early), "--out", str(joined))
    together = measured(*link, str(early_file), str(late_file), *by_model, str(whole))
    return joining, together, all((joined / name).read_bytes() == (whole / name).read_bytes() for name in SAME)


def measured(module: str, *given: str) -> Measured:
    """A module run as a program: wall time, the most memory it ever had, the JSON it printed."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *given], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as stream:
        printed = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    # In KiB on Linux.
    return Measured(
        time.perf_counter() - start,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 2**20,
        msgspec.json.decode(printed),
    )
