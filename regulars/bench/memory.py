"""How much memory a set of processes really takes, together."""

import threading
from collections.abc import Iterable
from pathlib import Path

import psutil

SAMPLE_SECONDS = 2.0
"""Reading what every process shares walks its page tables: four times as often cost a tenth of a core."""


def proportional_bytes(process: psutil.Process) -> int:
    """Memory of one process, shared pages divided among those who share them (PSS); plain RSS where that is unknown.

    Summing RSS would count PostgreSQL's shared buffers once for each of its connections.
    """
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def family(roots: Iterable[int]) -> list[psutil.Process]:
    """These processes and all their children that are alive."""
    found: dict[int, psutil.Process] = {}
    for pid in roots:
        try:
            process = psutil.Process(pid)
            found |= {member.pid: member for member in (process, *process.children(recursive=True))}
        except psutil.Error:
            continue
    return list(found.values())


class MemoryWatch:
    """Samples the memory of process families in the background and keeps the peak of their sum."""

    def __init__(self, roots: Iterable[int]) -> None:
        self._roots = list(roots)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.peak_bytes = max(self.peak_bytes, sum(map(proportional_bytes, family(self._roots))))
            self._stop.wait(SAMPLE_SECONDS)
