"""Processes that live and die with the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from regulars.kit.errors import RegularsError
from regulars.kit.logging import logger
from regulars.kit.settings import Settings, variables

END_SECONDS = 60
RESTARTS_MAX = 5
"""So often in a row a child that ends is started again."""
PAUSE_SECONDS = 1.0
"""Before the first restart; doubled before each further one."""
STEADY_SECONDS = 60.0
"""A child that lived so long was well: its next end counts as the first."""

log = logger("cli")


class ChildKeepsEnding(RegularsError):
    """A process that this command needs ended again and again."""

    code = "RG-1912"


class Child:
    """`regulars <command>` as a process of its own, started again when it ends by itself."""

    def __init__(self, settings: Settings, command: tuple[str, ...], pause_seconds: float = PAUSE_SECONDS) -> None:
        self._settings = settings
        self._command = command
        self._pause_seconds = pause_seconds
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self.fault: ChildKeepsEnding | None = None
        """Set once it is given up."""
        self.process = started(self._settings, self._command)
        self._watch = threading.Thread(target=self._keep_alive, name=f"watch-{command[0]}", daemon=True)
        self._watch.start()

    def end(self) -> None:
        """Close its standard input, wait for its end, or kill it after END_SECONDS."""
        self._ending.set()
        with self._starting:
            put_away(self.process)
        self._watch.join()

    def check(self) -> None:
        """Raise ChildKeepsEnding once it is given up."""
        if self.fault is not None:
            raise self.fault

    def _keep_alive(self) -> None:
        ends = 0
        while not self._ending.is_set():
            began = time.monotonic()
            code = self.process.wait()
            if self._ending.is_set():
                return
            ends = 1 if time.monotonic() - began >= STEADY_SECONDS else ends + 1
            if ends > RESTARTS_MAX:
                self._give_up(code)
                return
            pause = self._pause_seconds * 2 ** (ends - 1)
            log.warning("child_ended", command=self._command[0], code=code, again_in_seconds=pause)
            if self._ending.wait(pause):
                return
            with self._starting:
                if not self._ending.is_set():
                    put_away(self.process)
                    self.process = started(self._settings, self._command)

    def _give_up(self, code: int) -> None:
        name = self._command[0]
        self.fault = ChildKeepsEnding(
            f"The {name} ended {RESTARTS_MAX + 1} times in a row and is not started again (exit code {code})",
            "Look above for its reason, mend it, then start again; what was accepted is safe and is carried then",
        )
        log.error("child_given_up", command=name, what=self.fault.what, fix=self.fault.fix, code=self.fault.code)


def started(settings: Settings, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """`regulars <command>` as a process with these settings that ends when its standard input closes."""
    return subprocess.Popen(
        [sys.executable, "-m", "regulars", *command, "--with-parent"],
        env=os.environ | variables(settings),
        stdin=subprocess.PIPE,
        # Ctrl-C is for us alone: we end our children in order, and none of them looks as if it had failed.
        process_group=0,
    )


def put_away(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end by closing its standard input, and see to it that it does."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def child(settings: Settings, *command: str, pause_seconds: float = PAUSE_SECONDS) -> Generator[Child, None, None]:
    """`regulars <command>` as a process of its own with these settings, kept alive and ended at the end.

    The child watches its standard input: when we are gone, even by kill -9, it closes and the child stops by itself.
    """
    kept = Child(settings, command, pause_seconds)
    try:
        yield kept
    finally:
        kept.end()


def when_parent_ends(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input closes, from a thread of its own."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
