"""A stream that runs: in a thread of the test, or in a process that a test may kill."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regulars import collect
from regulars.app import App

WAIT_SECONDS = 30.0


def add(app: App, folder: Path, name: str, definition: str) -> None:
    """Add a stream by its file."""
    file = folder / f"{name}.toml"
    file.write_text(definition)
    with app.transaction() as inside:
        collect.feeds.add_stream(inside, name, file)


@contextmanager
def running(app: App, name: str) -> Generator[None, None, None]:
    """The stream in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=collect.feeds.run_stream, args=(app, name, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()


class Runner:
    """`regulars stream run` as a process that can be killed; `program` may be a broken variant."""

    def __init__(self, app: App, name: str, program: list[str] | None = None) -> None:
        self._command = [sys.executable, *(program or ["-m", "regulars"]), "stream", "run", name]
        self._environment = os.environ | {
            "REGULARS_DATABASE_URL": app.settings.database_url,
            "REGULARS_HOME": app.settings.home,
            "REGULARS_LOG_LEVEL": "error",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Ask it to end; gives its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(WAIT_SECONDS)

    @contextmanager
    def running(self) -> Generator[Runner, None, None]:
        self.start()
        try:
            yield self
        finally:
            if self._process is not None and self._process.poll() is None:
                self.kill()


def until(claim: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def bodies(app: App) -> list[dict[str, Any]]:
    """The journal, in order."""
    with app.transaction() as inside:
        return [body for (body,) in inside.db.execute("select body from journal order by seq")]


def count(app: App) -> int:
    """Rows of the journal."""
    return len(bodies(app))


def refusals(app: App) -> list[collect.Refusal]:
    """What was refused, oldest first."""
    with app.transaction() as inside:
        return collect.refusals(inside, limit=500)[::-1]


def state(app: App, name: str) -> str:
    """How the stream stands."""
    with app.transaction() as inside:
        return next(use.state for use in collect.feeds.list_streams(inside) if use.name == name)
