"""Work beside the events: where a step of it breaks, that step rests for a while and the events go on.

An audit that is not read is old and a withdrawal that is not followed is bare for its readers already; events that are
not carried would be a standstill.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg

from regulars.kit.clock import Clock
from regulars.kit.errors import place_of
from regulars.kit.logging import logger

REST_FIRST, REST_MAX = timedelta(minutes=1), timedelta(hours=1)
"""So long a step rests after it broke; doubled each time it breaks again at once."""

log = logger("worker")


class Beside:
    """Runs steps by name and remembers which of them rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests: dict[str, tuple[datetime, timedelta]] = {}
        self._fault: Exception | None = None

    def run(self, name: str, step: Callable[[], int]) -> int:
        """What the step did; 0 while it rests. A lost database is not the step's fault and is raised."""
        if self.is_resting(name):
            return 0
        _, rest = self._rests.get(name, (None, REST_FIRST / 2))
        try:
            done = step()
        except psycopg.OperationalError:
            raise
        except Exception as fault:
            self._fault = fault
            rest = min(2 * rest, REST_MAX)
            self._rests[name] = self._clock.now() + rest, rest
            log.error("step_broke", step=name, fault=place_of(fault), again_seconds=rest.total_seconds())
            return 0
        self._rests.pop(name, None)
        return done

    def is_resting(self, name: str) -> bool:
        """Whether this step broke and is not tried yet."""
        return name in self._rests and self._clock.now() < self._rests[name][0]

    def raise_fault(self) -> None:
        """Raise what broke last, once: for whoever waits for all to be done."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
