"""Processes that live and die with the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from regulars.kit.settings import PREFIX, Settings

END_SECONDS = 60


@contextmanager
def child(settings: Settings, *command: str) -> Generator[subprocess.Popen[bytes], None, None]:
    """`regulars <command>` as a process of its own with these settings, ended at the end.

    The child watches its standard input: when we are gone, even by kill -9, it closes and the child stops by itself.
    """
    given = {PREFIX + name.upper(): str(getattr(settings, name)) for name in settings.__struct_fields__}
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars", *command, "--with-parent"],
        env={**os.environ, **given},
        stdin=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def when_parent_ends(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input closes, from a thread of its own."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
