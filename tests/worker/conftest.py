"""Two installations whose tables of traits are made: one for a run, one to compare it with."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from pathlib import Path

import msgspec
import psycopg
import pytest

from regulars import analyze
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.lake import Lake
from regulars.store import Store
from tests.conftest import START, with_database


@pytest.fixture
def app(app: App) -> App:
    """The usual one, with the tables of its traits."""
    analyze.ensure_schema(app)
    return app


@pytest.fixture
def twin(app: App, server: str, template: str, tmp_path: Path) -> Generator[App, None, None]:
    """Another one like it: same clock, same dice, a database of its own."""
    name = f"twin_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} strategy wal_log")
    url = with_database(server, name)
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
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")
