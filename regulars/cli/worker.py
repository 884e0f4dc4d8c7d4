"""`regulars worker`: carry the journal, let time pass, send."""

import atexit
import gc
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from regulars import analyze
from regulars.cli import terminal
from regulars.cli.children import when_parent_ends
from regulars.worker import Worker

commands = typer.Typer()

# A batch is a few hundred thousand small objects that are all garbage at its end and hold no cycles: looking for cycles
# among them at the default pace took nearly half of the worker's time.
GC_THRESHOLD_OBJECTS = 200_000
# Whoever comes back from PostgreSQL waits so long for the thread that reads ahead to let go; Python's default is ten
# times that, once for each of the hundred statements of a batch.
SWITCH_SECONDS = 0.0005


@commands.command()
def worker(with_parent: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Carry events from the journal through all rooms, tick, send and copy to the lake, until stopped."""
    with terminal.opened() as app:
        analyze.ensure_schema(app)
        runner = Worker(app)
        rest_collector()
        sys.setswitchinterval(SWITCH_SECONDS)

        def stop(number: int, frame: FrameType | None) -> None:
            runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if with_parent:
            when_parent_ends(runner.stop)
        runner.run()


def rest_collector() -> None:
    """Let the collector of cycles look rarely, and never at what the imports left behind."""
    gc.freeze()
    # At the end everything must be let go, or DuckDB reports all it still holds as leaked, in forty lines.
    atexit.register(gc.unfreeze)
    gc.set_threshold(GC_THRESHOLD_OBJECTS, 20, 100)
