"""Parts of an installation as processes that a test may kill: the web, the worker and PostgreSQL."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

READY_SECONDS = 60


@dataclass
class Part:
    """One `regulars <command>` process that can be killed and is started again."""

    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    kills: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "regulars", *self.command],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill_and_restart(self) -> None:
        """SIGKILL, then a new process, as a process manager would do."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def kill_postgres(data: Path) -> bool:
    """SIGKILL the postmaster and all its backends; False if none runs just now."""
    try:
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
    except (OSError, ValueError, IndexError, psutil.Error):
        return False
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    return True


def wait_until_answering(port: int) -> None:
    """Until the web answers on this port."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError(f"nothing answers on port {port}")
