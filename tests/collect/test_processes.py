"""Several processes take events on one port: each by itself, all into one journal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from regulars.app import App
from tests.collect.door_server import basic
from tests.collect.test_gateway import EVENT, stored
from tests.ports import free_port

SECONDS_MAX = 60
CONNECTIONS = 24


@contextmanager
def served(app: App, home: Path, port: int, processes: int) -> Generator[psutil.Process, None, None]:
    """`regulars serve` on this test's database."""
    environment = os.environ | {"REGULARS_DATABASE_URL": app.settings.database_url, "REGULARS_HOME": str(home)}
    command = [sys.executable, "-m", "regulars", "serve", "--port", str(port), "--no-worker"]
    with subprocess.Popen([*command, "--processes", str(processes)], env=environment) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS_MAX)


def holders(port: int, family: list[psutil.Process]) -> list[psutil.Process]:
    """Which of these processes listen on the port."""
    return [
        one
        for one in family
        if any(line.laddr.port == port and line.status == psutil.CONN_LISTEN for line in one.net_connections())
    ]


def wait_for(parent: psutil.Process, port: int, count: int, without: int = 0) -> list[psutil.Process]:
    """The listening processes, once there are `count` of them, `without` not among them."""
    for _ in range(SECONDS_MAX * 5):
        try:
            found = holders(port, [parent, *parent.children()])
        except psutil.Error:
            found = []  # one ended while we looked
        if len(found) == count and without not in [one.pid for one in found]:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"{count} processes do not listen on {port}")


def send(port: int, key: str, name: str) -> int:
    """One event over each of many connections of its own; how many were taken."""
    taken = 0
    for number in range(CONNECTIONS):
        event = EVENT | {"messageId": f"{name}-{number}"}
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/track", json=event, headers=basic(key), timeout=30)
        taken += answer.status_code == 200
    return taken


def test_two_processes_share_a_port_one_that_was_killed_comes_again_and_all_end_together(
    app: App, write_key: str, tmp_path: Path
) -> None:
    port = free_port()
    with served(app, tmp_path / "home", port, 2) as parent:
        both = wait_for(parent, port, 2)
        taken = send(port, write_key, "both")
        killed = next(one for one in both if one.pid != parent.pid)
        killed.kill()
        wait_for(parent, port, 2, without=killed.pid)
        taken += send(port, write_key, "again")
        family = [parent, *parent.children(recursive=True)]

    assert taken == 2 * CONNECTIONS
    assert len(stored(app)) == len({row[0] for row in stored(app)}) == 2 * CONNECTIONS
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
