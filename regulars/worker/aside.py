"""What may take long, in a thread of its own: the flow goes on meanwhile.

Files of the erased are written anew and everything is looked through; other systems are called. It is done by slices,
and after each the thread rests as long as the slice took: whatever the flow has to carry gets at least half of the
machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from regulars.app import App
from regulars.worker.beside import Beside

REST_MAX_SECONDS = 0.5
"""After one slice, however long it took."""
Breathe = Callable[[], object]
Step = Callable[[Breathe], int]


class Ended(Exception):
    """The worker ends: the step is taken again by the next one."""


class Aside:
    """One step after the other; what breaks rests, as everything beside the events does."""

    def __init__(self, app: App) -> None:
        self._beside = Beside(app.clock)
        self._end = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._running: Future[int] | None = None
        self._since = 0.0

    def begin(self, steps: Mapping[str, Step]) -> None:
        """See to it that these are taken, unless some are under way. Raises where the database was lost."""
        if self._running is not None and self._running.done():
            self._running, done = None, self._running
            done.result()
        if steps and self._running is None and not self._end.is_set():
            self._running = self._thread.submit(self._take, steps)

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

    def _take(self, steps: Mapping[str, Step]) -> int:
        self._since = time.monotonic()
        return sum(self._beside.run(name, partial(self._step, step)) for name, step in steps.items())

    def _step(self, step: Step) -> int:
        try:
            return step(self._breathe)
        except Ended:
            return 0

    def _breathe(self) -> None:
        if self._end.wait(min(time.monotonic() - self._since, REST_MAX_SECONDS)):
            raise Ended
        self._since = time.monotonic()
