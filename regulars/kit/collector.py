"""Many small objects and no cycles: then looking for cycles costs more than the work itself."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Generator[None]:
    """A batch makes many small tuples and no cycles; looking for cycles in all of memory took half of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
