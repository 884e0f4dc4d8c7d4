"""One run of all clients, which the tests then look at from all sides."""

import uuid
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.kit.clock import SystemClock
from regulars.kit.dice import SystemDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.store import Store
from tests.clients.fleet import CLIENTS, WAYS, Client, Run, go, ways_of
from tests.clients.line import Line
from tests.collect.door_server import DoorServer
from tests.databases import with_database

RAISED_BYTES = 4 * 1024 * 1024


def runs_of(client: Client, ways: list[str], app: App, line: Line) -> list[Run]:
    """A source, a key and a port for each way."""
    runs = [Run(client, way, "", line.way(WAYS[way][0])) for way in ways]
    with app.transaction() as inside:
        for run in runs:
            _, key = collect.register(inside, run.name, client.kind)
            assert key is not None
            run.key = key
            if client.all_at_once and run.way == "many":
                collect.change_limits(inside, run.name, collect.Limits(request_max_bytes=RAISED_BYTES))
    return runs


def opened(database_url: str, home: Path) -> App:
    """An App by the clock on the wall, as the clients have it."""
    settings = Settings(home=str(home), database_url=database_url, brand_name="Corner Market")
    store = Store(database_url)
    store.pool.open()
    return App(settings=settings, store=store, lake=Lake(home / "lake"), clock=SystemClock(), dice=SystemDice())


@pytest.fixture(scope="session")
def fleet(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[tuple[Client, str], Run], None, None]:
    """Every client on every way of its, run once."""
    folder, name = tmp_path_factory.mktemp("fleet"), f"fleet_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} strategy wal_log")
    url = with_database(server, name)
    app = opened(url, folder / "home")
    door = DoorServer(url, str(folder / "home"))
    try:
        with door.running(), Line(door.port) as line:
            runs = [(client, runs_of(client, ways_of(client), app, line)) for client in CLIENTS]
            go(runs, url, folder)
            yield {(client, run.way): run for client, each in runs for run in each}
    finally:
        app.store.pool.close()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")
