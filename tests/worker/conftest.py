"""Two installations whose tables of traits are made: one for a run, one to compare it with."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from regulars import analyze
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.lake import Lake
from regulars.store import Store
from tests.conftest import START
from tests.databases import Databases


@pytest.fixture
def app(app: App) -> App:
    """The usual one, with the tables of its traits."""
    analyze.ensure_schema(app)
    return app


@pytest.fixture
def twin(app: App, databases: Databases, tmp_path: Path) -> Generator[App, None, None]:
    """Another one like it: same clock, same dice, a database of its own."""
    url = databases.take()
    store = Store(url)
    store.pool.open()
    try:
        other = App(
            settings=msgspec.structs.replace(app.settings, home=str(tmp_path / "twin"), database_url=url),
            store=store,
            lake=Lake(tmp_path / "twin-lake"),
            clock=ManualClock(START),
            dice=SeededDice(1),
        )
        analyze.ensure_schema(other)
        yield other
    finally:
        store.pool.close()
        databases.give_back(url)
