"""Clients that send and repeat until they are acknowledged, and what is left to prove afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx

from regulars.app import App
from tests.collect.door_server import basic

CLIENTS = 4
EVENTS_PER_REQUEST = 5
RETRY_SECONDS = 0.05


class Sender(threading.Thread):
    """Sends batches, each again and again until it is acknowledged, as a client library does."""

    def __init__(self, url: Callable[[], str], key: str, name: str, end: threading.Event) -> None:
        super().__init__(name=name)
        self._url, self._key, self._end = url, key, end
        self.acknowledged: list[str] = []
        self.statuses: list[int] = []

    def run(self) -> None:
        number = 0
        while not self._end.is_set():
            ids = [f"{self.name}-{number}-{place}" for place in range(EVENTS_PER_REQUEST)]
            number += 1
            while not self._send(ids) and not self._end.is_set():
                time.sleep(RETRY_SECONDS)

    def _send(self, ids: list[str]) -> bool:
        batch = [{"type": "track", "event": "Seen", "userId": self.name, "messageId": each} for each in ids]
        try:
            answer = httpx.post(self._url() + "/v1/batch", json={"batch": batch}, headers=basic(self._key), timeout=30)
        except httpx.TransportError:
            return False
        self.statuses.append(answer.status_code)
        if answer.status_code != 200:
            return False
        self.acknowledged += ids
        return True


def sending(urls: list[Callable[[], str]], key: str, fault: Callable[[], None]) -> list[Sender]:
    """What senders were told while this fault went on."""
    end = threading.Event()
    senders = [Sender(urls[n % len(urls)], key, f"client{n}", end) for n in range(CLIENTS)]
    for sender in senders:
        sender.start()
    try:
        fault()
    finally:
        end.set()
        for sender in senders:
            sender.join()
    return senders


def acknowledged(senders: list[Sender]) -> list[str]:
    """Ids they were told are safe."""
    return [each for sender in senders for each in sender.acknowledged]


def stored_ids(app: App) -> list[str]:
    """Ids of the journal, in order."""
    with app.transaction() as inside:
        return [row[0] for row in inside.db.execute("select message_id from journal order by seq")]


def lost_and_doubled(app: App, told: list[str]) -> tuple[int, int]:
    """How many acknowledged events are not there, and how many are there twice."""
    stored = stored_ids(app)
    return len(set(told) - set(stored)), len(stored) - len(set(stored))
