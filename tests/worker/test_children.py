"""A child that ends is started again, but not for ever, and it ends with us."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from regulars.cli.children import RESTARTS_MAX, ChildKeepsEnding, child
from regulars.kit.settings import Settings

WAIT_SECONDS = 60.0


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_that_dies_is_started_again_and_ends_with_us(database_url: str, tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"), database_url=database_url)

    with child(settings, "worker", pause_seconds=0.01) as kept:
        first = kept.process.pid
        os.kill(first, signal.SIGKILL)
        until(lambda: kept.process.pid != first)
        second = kept.process.pid

    assert not psutil.pid_exists(second)
    assert kept.fault is None


def test_a_child_that_keeps_dying_is_given_up_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A program that ends at once: starting ours so often takes half a minute and would show nothing else.
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with child(Settings(home=str(tmp_path / "home")), "worker", pause_seconds=0.0) as kept:
        until(lambda: kept.fault is not None)

        with pytest.raises(ChildKeepsEnding, match=f"ended {RESTARTS_MAX + 1} times in a row"):
            kept.check()
