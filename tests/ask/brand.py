"""A season of a small brand with all of it in the lake, for whoever asks about one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from regulars import collect
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings, keep
from regulars.lake import Lake
from tests.conftest import stored
from tests.web import seed


@contextmanager
def filled(url: str) -> Generator[App, None, None]:
    """48 customers and 26 weeks in this empty database."""
    folder = Path(tempfile.mkdtemp(prefix="regulars-ask-"))
    clock = ManualClock(seed.FIRST)
    try:
        with stored(url) as store:
            settings = Settings(home=str(folder), database_url=url, brand_zone="America/New_York")
            keep(settings)
            made = App(settings=settings, store=store, lake=Lake(folder / "lake"), clock=clock, dice=SeededDice(1))
            seed.fill(made, clock, lambda _: None)
            collect.flush(made)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
