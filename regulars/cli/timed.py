"""Runs that `serve` starts when it is time: each a process of its own, so one that hangs holds up nobody."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from regulars.app import App
from regulars.cli.children import put_away, started
from regulars.kit.errors import place_of
from regulars.kit.logging import logger

LOOK_SECONDS = 5.0
"""So often `serve` looks for runs whose time it is."""
AT_ONCE_MAX = 3
"""So many of one kind it runs at the same time."""
REST = timedelta(minutes=1)
"""A process that ended before it could say that it began is not started again sooner."""
RUN_MAX = timedelta(days=1)
"""A run that takes longer waits for something that hangs, and keeps others waiting; it goes on when it is due again."""

log = logger("cli")


class Timed(NamedTuple):
    """One kind of run."""

    command: tuple[str, ...]
    """Of `regulars`, before the name."""
    due: Callable[[App], list[str]]
    """The names of those whose time it is."""
    cut_off: Callable[[App, str, timedelta], None]
    """Say of a run that it was ended from outside after so long."""


class Going(NamedTuple):
    """A run as a process of its own."""

    process: subprocess.Popen[bytes]
    began_at: datetime


@contextmanager
def timed(app: App, kind: Timed) -> Generator[None, None, None]:
    """A process for each whose time it is, for as long as the context lasts."""
    ending = threading.Event()
    watch = threading.Thread(target=_watch, args=(app, kind, ending), name=f"watch-{kind.command[0]}", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ending.set()
        watch.join()


def _watch(app: App, kind: Timed, ending: threading.Event) -> None:
    runs: dict[str, Going] = {}
    try:
        while not ending.is_set():
            try:
                _start_due(app, kind, runs)
            except Exception as fault:  # whatever it is, the next look may find it mended
                log.warning("runs_not_seen", kind=kind.command[0], why=place_of(fault))
            ending.wait(LOOK_SECONDS)
    finally:
        for run in runs.values():
            put_away(run.process)


def _start_due(app: App, kind: Timed, runs: dict[str, Going]) -> None:
    """Forget the processes that ended, start those whose time it is; each says itself in the database how it went."""
    now = app.clock.now()
    for name, run in list(runs.items()):
        age, has_ended = now - run.began_at, run.process.poll() is not None
        if age >= RUN_MAX or (has_ended and age >= REST):
            put_away(run.process)
            del runs[name]
            if not has_ended:
                kind.cut_off(app, name, age)
    going = sum(run.process.poll() is None for run in runs.values())
    for name in [name for name in kind.due(app) if name not in runs][: AT_ONCE_MAX - going]:
        runs[name] = Going(started(app.settings, (*kind.command, name)), now)
