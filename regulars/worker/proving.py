"""The long end of an erasure in a thread of its own: files are written anew and everything is looked through.

The worker's rounds take her out of the rooms and begin the rest here. It is read by slices, and after each the thread
rests as long as the slice took: whatever the flow has to carry gets at least half of the machine.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from regulars import privacy
from regulars.app import App
from regulars.worker.beside import Beside

REST_MAX_SECONDS = 0.5
"""After one slice, however long it took."""


class Ended(Exception):
    """The worker ends: the step is taken again by the next one."""


class Proving:
    """One erasure after the other; what breaks rests, as everything beside the events does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._beside = Beside(app.clock)
        self._end = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="proving")
        self._running: Future[int] | None = None
        self._since = 0.0

    def begin(self, ids: list[int]) -> None:
        """See to it that these are taken on, unless some are under way. Raises where the database was lost."""
        if self._running is not None and self._running.done():
            self._running, done = None, self._running
            done.result()
        if ids and self._running is None and not self._end.is_set():
            self._running = self._thread.submit(self._carry, ids)

    def wait(self) -> bool:
        """Until it has nothing more to do; False: there was nothing. Raises what broke."""
        if self._running is None:
            return False
        self._running, done = None, self._running
        done.result()
        self._beside.raise_fault()
        return True

    def close(self) -> None:
        """Let go within a slice, and end the thread."""
        self._end.set()
        self._thread.shutdown()

    def _carry(self, ids: list[int]) -> int:
        self._since = time.monotonic()
        return sum(self._beside.run(f"erasure {id}", partial(self._step, id)) for id in ids)

    def _step(self, id: int) -> int:
        try:
            return int(privacy.leave_files(self._app, id, self._breathe))
        except Ended:
            return 0

    def _breathe(self) -> None:
        now = time.monotonic()
        if self._end.wait(min(now - self._since, REST_MAX_SECONDS)):
            raise Ended
        self._since = time.monotonic()
