"""Real parts for tests: one PostgreSQL server a run, one fresh migrated database a test, a clock that stands still."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from httpx._transports import default as transports
from hypothesis import HealthCheck, settings

from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.store import Store, embedded, migrate
from tests.databases import Databases, with_database

# All clients here talk plain HTTP, and each would load every certificate of the world first: 25 ms of a processor.
transports.create_ssl_context = cache(transports.create_ssl_context)

# Laws are judged by what they say, not by how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Several processes share the files out in this order: what takes minutes begins first, so that nobody waits for it at
# the end. All others begin in the order of their names.
LONGEST = ("acceptance/test_full_demo.py", "faults/test_demo_load_under_kills.py")
MEMORY_MIN_BYTES = 4 * 1024**3
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files of LONGEST first."""
    rank_by_file = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank_by_file.get(item.path, len(LONGEST)))


@pytest.fixture(scope="session")
def server() -> Generator[str, None, None]:
    """Connection string of a server for this run; REGULARS_TEST_DATABASE_URL names another one."""
    given = os.environ.get("REGULARS_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # Not pytest's own folder: as root the server runs as another user, who must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="regulars-test-", dir=quick_place()))
    folder.chmod(0o755)
    try:
        with embedded.serving(folder / "home") as dsn:
            yield dsn
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quick_place() -> str | None:
    """Memory that is used as a disk, where there is plenty; None: the usual place.

    What must survive a fault is tested on servers of its own, on the disk.
    """
    memory = Path("/dev/shm")
    is_plenty = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_MIN_BYTES
    return str(memory) if is_plenty else None


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """Name of a migrated database that every test copies."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name}")
    migrate.migrate(with_database(server, name))
    return name


@pytest.fixture(scope="session")
def databases(server: str, template: str, compiled_once: None) -> Databases:
    """Databases with our schema and nothing else."""
    return Databases(server, template)


@pytest.fixture(scope="session")
def compiled_once() -> Generator[None, None, None]:
    """The statements of a catalogue are a pure function of it: each is compiled once a run, not once a database."""
    from regulars.analyze import schema
    from regulars.analyze.statements import Statements

    made: dict[str, Statements] = {}

    def once(plan: Any, bits: dict[str, int]) -> Statements:
        key = repr((plan, bits))
        if key not in made:
            made[key] = Statements(plan, bits)
        return made[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "Statements", once)
        yield


@pytest.fixture
def database_url(databases: Databases) -> Generator[str, None, None]:
    """Connection string of an empty database with our schema."""
    with databases.lent() as url:
        yield url


@pytest.fixture
def clock() -> ManualClock:
    """Monday 2 March 2026, 15:00 UTC, until moved."""
    return ManualClock(START)


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: ManualClock) -> Generator[App, None, None]:
    """An App on a fresh database, with a standing clock and seeded dice."""
    settings = Settings(home=str(tmp_path / "home"), database_url=database_url, brand_name="Corner Market")
    with stored(database_url) as store:
        yield App(settings=settings, store=store, lake=Lake(tmp_path / "lake"), clock=clock, dice=SeededDice(1))


@contextmanager
def stored(database_url: str) -> Generator[Store, None, None]:
    """A store on this database with its pool open."""
    store = Store(database_url)
    store.pool.open()
    try:
        yield store
    finally:
        store.pool.close()
