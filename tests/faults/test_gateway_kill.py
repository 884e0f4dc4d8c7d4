"""F1: the API is killed with -9 again and again while events stream in; what it acknowledged is there, exactly once."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.journal import JOURNAL_LOCK
from tests.collect.door_server import DoorServer, basic, post

KILLS = int(os.environ.get("REGULARS_TEST_KILLS", "3"))
CLIENTS = 4
EVENTS_PER_REQUEST = 5
BETWEEN_KILLS_SECONDS = 0.7
# The negative control: a gateway that says yes first and writes later.
BROKEN = """
import asyncio
from regulars.collect.http import alone, writer
from regulars.collect.http.writer import Counts

honest = writer.GroupCommit.submit

def hasty(self, entries, rejected, tell):
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, honest, self, entries, rejected, lambda told: None)
    loop.call_soon(tell, Counts(len(entries), 0, len(rejected)))

writer.GroupCommit.submit = hasty
alone.main()
"""


class Sender(threading.Thread):
    """Sends batches and repeats each until it is acknowledged, as a client library does."""

    def __init__(self, server: DoorServer, key: str, name: str, end: threading.Event, retries: bool = True) -> None:
        super().__init__(name=name)
        self._server, self._key, self._end, self._retries = server, key, end, retries
        self.acknowledged: list[str] = []

    def run(self) -> None:
        number = 0
        while not self._end.is_set():
            ids = [f"{self.name}-{number}-{place}" for place in range(EVENTS_PER_REQUEST)]
            number += 1
            while not self._send(ids) and self._retries and not self._end.is_set():
                time.sleep(0.02)

    def _send(self, ids: list[str]) -> bool:
        batch = [{"type": "track", "event": "Seen", "userId": self.name, "messageId": each} for each in ids]
        try:
            answer = httpx.post(self._server.url + "/v1/batch", json={"batch": batch}, headers=basic(self._key))
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            return False
        self.acknowledged += ids
        return True


def stream_and_kill(server: DoorServer, key: str, kills: int) -> list[str]:
    """Ids acknowledged while the server was killed `kills` times."""
    end = threading.Event()
    senders = [Sender(server, key, f"client{n}", end) for n in range(CLIENTS)]
    with server.running():
        for sender in senders:
            sender.start()
        for _ in range(kills):
            time.sleep(BETWEEN_KILLS_SECONDS)
            server.kill()
            server.start()
        time.sleep(BETWEEN_KILLS_SECONDS)
        server.kill()
        end.set()
        for sender in senders:
            sender.join()
    return [each for sender in senders for each in sender.acknowledged]


def stored_ids(app: App) -> list[str]:
    with app.transaction() as inside:
        return [row[0] for row in inside.db.execute("select message_id from journal order by seq")]


@pytest.fixture
def key(app: App) -> str:
    with app.transaction() as inside:
        _, key = collect.register(inside, "till", "tills")
    assert key is not None
    return key


def test_f1_nothing_acknowledged_is_lost_or_doubled_over_kills_of_the_api(
    app: App, database_url: str, tmp_path: Path, key: str
) -> None:
    server = DoorServer(database_url, str(tmp_path))

    acknowledged = stream_and_kill(server, key, KILLS)

    stored = stored_ids(app)
    assert len(acknowledged) > KILLS * EVENTS_PER_REQUEST
    assert set(acknowledged) - set(stored) == set()
    assert len(stored) == len(set(stored))


def test_f1_a_gateway_that_acknowledges_before_the_commit_is_caught(
    app: App, database_url: str, tmp_path: Path, key: str
) -> None:
    broken = tmp_path / "hasty.py"
    broken.write_text(BROKEN)
    server = DoorServer(database_url, str(tmp_path), [str(broken)])

    acknowledged = stream_and_kill(server, key, 1)

    assert len(set(acknowledged) - set(stored_ids(app))) > 0


def test_a_gateway_told_to_stop_writes_what_waits_and_ends_cleanly(
    database_url: str, tmp_path: Path, key: str, app: App
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars.collect.http.alone", "0"],
        env=os.environ | {"REGULARS_DATABASE_URL": database_url, "REGULARS_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    event = {"type": "track", "event": "Seen", "userId": "ann", "messageId": "a"}
    with process, ThreadPoolExecutor(1) as pool, psycopg.connect(database_url) as somebody:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        somebody.execute("select pg_advisory_xact_lock(%s)", [JOURNAL_LOCK])
        answer = pool.submit(post, url, "/v1/t", event, headers=basic(key))
        while httpx.get(url + "/health").json()["waiting"] == 0:
            assert not answer.done()
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        somebody.rollback()
        assert process.wait(30) == 0

    assert answer.result().status_code == 200
    assert stored_ids(app) == ["a"]
