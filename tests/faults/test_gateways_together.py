"""F1 and F9 with two processes on one database: either may be killed, and one message has one effect through both."""

import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest

from regulars import collect
from regulars.app import App
from tests.collect.door_server import DoorServer, basic
from tests.faults.senders import acknowledged, lost_and_doubled, sending, stored_ids

KILLS = int(os.environ.get("REGULARS_TEST_KILLS", "22" if os.environ.get("REGULARS_TEST_LOAD_SIZE") == "full" else "2"))
BETWEEN_KILLS_SECONDS = 0.5
REPEATS = 100
EVENT = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "once"}


@pytest.fixture
def two(app: App, database_url: str, tmp_path: Path) -> Generator[list[DoorServer], None, None]:
    servers = [DoorServer(database_url, str(tmp_path)), DoorServer(database_url, str(tmp_path))]
    with servers[0].running(), servers[1].running():
        yield servers


@pytest.fixture
def key(app: App) -> str:
    with app.transaction() as inside:
        _, made = collect.register(inside, "till", "tills")
    assert made is not None
    return made


def test_f1_and_f9_two_processes_lose_and_double_nothing_while_each_is_killed_in_turn(
    app: App, two: list[DoorServer], key: str
) -> None:
    def both(number: int) -> httpx.Response:
        body = EVENT | {"properties": {"revenue": 5 if number < REPEATS else number}}
        return httpx.post(two[number % 2].url + "/v1/track", json=body, headers=basic(key), timeout=30)

    def kill_in_turn() -> None:
        for server in islice(cycle(two), KILLS):
            time.sleep(BETWEEN_KILLS_SECONDS)
            server.kill()
            server.start()
        time.sleep(BETWEEN_KILLS_SECONDS)

    with ThreadPoolExecutor(16) as pool:
        same = [answer.json() for answer in pool.map(both, range(REPEATS))]
        other = [answer.json() for answer in pool.map(both, range(REPEATS, REPEATS + 10))]
    told = acknowledged(sending([lambda: two[0].url, lambda: two[1].url], key, kill_in_turn))

    assert (sum(each["accepted"] for each in same), sum(each["duplicates"] for each in same)) == (1, REPEATS - 1)
    assert sum(each["refused"] for each in other) == 10
    assert stored_ids(app).count("once") == 1
    assert len(told) > 20
    assert lost_and_doubled(app, told) == (0, 0)
