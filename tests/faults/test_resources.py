"""F17 and F18: a gateway that may use little memory, or few files, loses nothing and comes back."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from regulars import collect
from regulars.app import App
from tests.collect.door_server import DoorServer, basic
from tests.faults.senders import acknowledged, lost_and_doubled, sending, stored_ids
from tests.faults.test_gateway_kill import BROKEN

FILES = 64
HELD_CONNECTIONS = 150
ROOM_BYTES = 4 * 1024 * 1024
HEAVY_REQUESTS = 16
RECOVERY_SECONDS = 30


@pytest.fixture
def key(app: App) -> str:
    with app.transaction() as inside:
        _, made = collect.register(inside, "till", "tills")
    assert made is not None
    return made


@pytest.fixture
def gateway(app: App, database_url: str, tmp_path: Path) -> Generator[DoorServer, None, None]:
    with DoorServer(database_url, str(tmp_path)).running() as running:
        yield running


def send(gateway: DoorServer, key: str, message_id: str, padding: int = 0, timeout: float = 5) -> int:
    """The status; 0 where nobody answers."""
    event = {"type": "track", "event": "Seen", "userId": "ann", "messageId": message_id}
    content = json.dumps(event | {"properties": {"x": [{"y": n} for n in range(padding)]}})
    try:
        return httpx.post(gateway.url + "/v1/track", content=content, headers=basic(key), timeout=timeout).status_code
    except httpx.TransportError:
        return 0


def until_taken(gateway: DoorServer, key: str, name: str, seconds: float = RECOVERY_SECONDS) -> None:
    """Until an event goes in again."""
    deadline = time.monotonic() + seconds
    number = 0
    while send(gateway, key, f"{name}{number}", timeout=1) != 200:
        assert time.monotonic() < deadline, "it does not come back"
        number += 1
        time.sleep(0.1)


def test_f18_with_its_files_used_up_nobody_is_told_yes_falsely_and_it_comes_back(
    app: App, gateway: DoorServer, key: str
) -> None:
    assert send(gateway, key, "before") == 200
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(HELD_CONNECTIONS)]

    answers = [send(gateway, key, f"meanwhile{n}", timeout=0.5) for n in range(4)]
    for each in held:
        each.close()
    until_taken(gateway, key, "after")

    assert set(answers) <= {0, 503}
    assert psutil.pid_exists(gateway.pid)
    assert stored_ids(app)[0] == "before"


def test_f18_a_gateway_that_does_not_come_back_is_caught(gateway: DoorServer, key: str) -> None:
    assert send(gateway, key, "before") == 200
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(HELD_CONNECTIONS)]

    with pytest.raises(AssertionError, match="does not come back"):
        until_taken(gateway, key, "never", seconds=1)

    for each in held:
        each.close()


def test_f17_with_its_memory_used_up_nothing_acknowledged_is_lost_and_a_new_one_serves(
    app: App, gateway: DoorServer, key: str
) -> None:
    statuses, told = overload(gateway, key)
    gateway.start()
    until_taken(gateway, key, "after")

    # 400 is said by the HTTP server below us, where its parser ran short.
    assert set(statuses) <= {0, 200, 400, 413, 500, 503}
    assert set(statuses) & {0, 500, 503}, "it was never short of memory"
    assert lost_and_doubled(app, told) == (0, 0)


def test_f17_a_gateway_short_of_memory_that_acknowledges_first_is_caught_losing(
    app: App, database_url: str, tmp_path: Path, key: str
) -> None:
    hasty = tmp_path / "hasty.py"
    hasty.write_text(BROKEN)

    with DoorServer(database_url, str(tmp_path), [str(hasty)]).running() as broken:
        told = overload(broken, key)[1]

    assert lost_and_doubled(app, told)[0] > 0


def overload(gateway: DoorServer, key: str) -> tuple[list[int], list[str]]:
    """Requests that need more memory than there is, beside ordinary ones; then it is killed, if it lives.

    Gives the statuses of the heavy ones and the ids that were acknowledged of the others.
    """
    assert send(gateway, key, "before") == 200
    used = psutil.Process(gateway.pid).memory_info().vms
    resource.prlimit(gateway.pid, resource.RLIMIT_AS, (used + ROOM_BYTES, used + ROOM_BYTES))
    bomb = json.dumps({"batch": [{"type": "track", "properties": {"x": [[]] * 120_000}}]}).encode()
    statuses: list[int] = []

    def heavy(_: int) -> int:
        try:
            return httpx.post(gateway.url + "/v1/batch", content=bomb, headers=basic(key), timeout=20).status_code
        except httpx.TransportError:
            return 0

    def all_at_once() -> None:
        with ThreadPoolExecutor(8) as pool:
            statuses.extend(pool.map(heavy, range(HEAVY_REQUESTS)))

    senders = sending([lambda: gateway.url], key, all_at_once)
    gateway.kill()
    return statuses, ["before", *acknowledged(senders)]
