"""The worker of a test: rounds until nothing is left, and its thread put away."""

from __future__ import annotations

from regulars.app import App
from regulars.worker import Worker


def drain(app: App) -> None:
    """Rounds of one worker until nothing is left to do."""
    runner = Worker(app)
    try:
        runner.drain()
    finally:
        runner.stop()
        runner.run()  # ends at once and lets go of the thread that reads ahead
