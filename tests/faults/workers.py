"""`regulars worker` as a real process that is killed: all of them forked from one that has loaded everything.

Run as a program it forks a worker for each line of its input: `when PLACE` kills it with -9 before (or `after`) that
function does its work, `free` lets it run until somebody kills it. It prints the worker's number, then how it ended.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from regulars.app import App

END_SECONDS = 60


class Workers:
    """Workers of one installation, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, when: str = "free", place: str = "-") -> int:
        """A new worker; gives its number."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{when} {place}\n")
        self._process.stdin.flush()
        return int(self._said())

    def ended_by(self) -> int:
        """Wait for its end; gives the signal that ended it, 0 for none."""
        return int(self._said())

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def workers(app: App) -> Generator[Workers, None, None]:
    """The source of workers on this installation."""
    environment = os.environ | {
        "REGULARS_DATABASE_URL": app.settings.database_url,
        "REGULARS_HOME": app.settings.home,
        "REGULARS_BRAND_NAME": app.settings.brand_name,
        "REGULARS_LOG_LEVEL": "error",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Workers(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(END_SECONDS)
        process.stdout.close()


def main() -> None:
    """Fork a worker for each line of the input."""
    command = importlib.import_module("regulars.cli.worker").worker
    for line in sys.stdin:
        when, place = line.split()
        child = os.fork()
        if not child:
            if when != "free":
                strike(when, place)
            command()
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


def strike(when: str, place: str) -> None:
    """Kill this process when it comes to this function."""
    module, _, name = place.rpartition(".")
    owner = importlib.import_module(module)
    honest: Callable[..., Any] = getattr(owner, name)

    def deadly(*given: Any) -> None:
        if when == "after":
            honest(*given)
        elif when == "torn":
            tear(*given)
        elif when == "hasty":
            hurry(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


def tear(app: App, text: str) -> None:
    """Half a line in the file of erasures."""
    file = importlib.import_module("regulars.privacy.memory").file_of(app)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as open_file:
        open_file.write(text[: len(text) // 2])


def hurry(app: App, text: str) -> None:
    """The negative control: says that the file has it before it has."""
    with app.transaction() as inside:
        inside.db.execute("update erasure set memory = null")


if __name__ == "__main__":
    main()
