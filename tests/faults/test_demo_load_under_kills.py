"""The demo's year goes in over HTTP while the web, the worker and PostgreSQL are killed with -9 in turn.

Nothing acknowledged may be lost, nothing applied twice, nobody mailed twice. Whether each event was folded exactly once
shows in the comparison of every trait of everybody with a rebuild from the lake, and in the points of every order.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator
from itertools import cycle, islice
from pathlib import Path

import pytest

from regulars import analyze, collect, demo, engage, worker
from regulars.app import App, open_app
from regulars.kit.settings import Settings
from tests.faults.parts import Part, kill_postgres, wait_until_answering
from tests.ports import free_port

KILLS = int(os.environ.get("REGULARS_TEST_LOAD_KILLS", "21"))
# The whole year takes minutes, so a test run loads the small one; both were run.
SIZE = os.environ.get("REGULARS_TEST_LOAD_SIZE", "small")
BETWEEN_KILLS_SECONDS = {"small": 1.0, "full": 8.0}[SIZE]
POST_EVENTS = 100
RETRY_SECONDS = 0.2
LOAD_SECONDS = DRAIN_SECONDS = {"small": 300, "full": 1_800}[SIZE]
RESTART_SECONDS = 60


class Loader(threading.Thread):
    """Posts the year in order, each batch again and again until it is acknowledged, as a client library does."""

    def __init__(self, port: int, keys: dict[str, str]) -> None:
        super().__init__(name="loader", daemon=True)
        self._port, self._keys = port, keys
        self.acknowledged: list[tuple[str, str]] = []
        self.retries = 0

    def run(self) -> None:
        for chunk in demo.events(SIZE):
            for source, messages in runs(chunk):
                for at in range(0, len(messages), POST_EVENTS):
                    self._deliver(source, messages[at : at + POST_EVENTS])

    def _deliver(self, source: str, messages: list[demo.Message]) -> None:
        body = json.dumps({"batch": messages}).encode()
        while not self._accepted(source, body):
            self.retries += 1
            time.sleep(RETRY_SECONDS)
        self.acknowledged += [(source, message["messageId"]) for message in messages]

    def _accepted(self, source: str, body: bytes) -> bool:
        key = base64.b64encode(f"{self._keys[source]}:".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/v1/batch", body, {"Authorization": f"Basic {key}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 503), answer.status
            return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def runs(chunk: list[tuple[str, demo.Message]]) -> Generator[tuple[str, list[demo.Message]], None, None]:
    """The chunk source by source: each source's own order is kept."""
    by_source: dict[str, list[demo.Message]] = {}
    for source, message in chunk:
        by_source.setdefault(source, []).append(message)
    yield from by_source.items()


class Town:
    """An installation made of processes, its mail server (which is never killed) and the one who kills."""

    def __init__(self, home: Path, mail_port: int) -> None:
        self.port = free_port()
        self.settings = Settings(
            home=str(home / "home"),
            brand_name=demo.BRAND_NAME,
            brand_zone=demo.BRAND_ZONE,
            smtp_port=mail_port,
            log_level="warning",
        )
        environment = {
            f"REGULARS_{name.upper()}": str(getattr(self.settings, name))
            for name in ("home", "brand_name", "brand_zone", "smtp_port", "log_level")
        }
        self.web = Part(("serve", "--no-worker", "--port", str(self.port)), environment, home / "web.log")
        self.worker = Part(("worker",), environment, home / "worker.log")
        self.postgres_kills = 0

    def kill_in_turn(self, kills: int) -> None:
        """One after the other: the web, the worker, PostgreSQL."""
        for victim in islice(cycle(["web", "worker", "postgres"]), kills):
            time.sleep(BETWEEN_KILLS_SECONDS)
            if victim == "postgres":
                self.postgres_kills += self._kill_running_postgres()
            else:
                (self.web if victim == "web" else self.worker).kill_and_restart()

    def _kill_running_postgres(self) -> bool:
        """Wait until somebody has started it again after the last kill: what does not run cannot be killed."""
        deadline = time.monotonic() + RESTART_SECONDS
        while not kill_postgres(self.settings.home_path / "postgres" / "data"):
            assert time.monotonic() < deadline, "nobody started PostgreSQL again"
            time.sleep(0.1)
        return True

    def kills(self) -> int:
        """How many processes died."""
        return self.web.kills + self.worker.kills + self.postgres_kills


@pytest.fixture(scope="module")
def town() -> Generator[tuple[App, Town, Loader], None, None]:
    """The year has gone in under fire, and everything has come to rest."""
    folder = Path(tempfile.mkdtemp(prefix="regulars-kills-"))
    folder.chmod(0o755)
    with engage.catcher.serving(folder / "home" / "mail", port=0) as mail_port:
        place = Town(folder, mail_port)
        with open_app(place.settings) as app:
            keys = demo.register_sources(app)
            with app.transaction() as inside:
                worker.begin_replay(inside)
        try:
            place.web.start()
            place.worker.start()
            wait_until_answering(place.port)
            loader = Loader(place.port, keys)
            loader.start()
            place.kill_in_turn(KILLS)
            loader.join(LOAD_SECONDS)
            assert not loader.is_alive(), "the load did not end"
            with open_app(place.settings) as app:
                rest(app)
                yield app, place, loader
        finally:
            place.web.end()
            place.worker.end()
            shutil.rmtree(folder, ignore_errors=True)


def rest(app: App) -> None:
    """Until everything acknowledged is carried, sent and in the lake."""
    with app.transaction() as inside:
        worker.end_replay(inside)
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        with app.transaction() as inside:
            waiting = inside.db.execute("select count(*) from outbox where state in ('ready', 'sending')").fetchall()
            if worker.is_caught_up(inside) and waiting == [(0,)]:
                break
        time.sleep(0.5)
    else:
        raise AssertionError("the worker did not come to rest")
    collect.flush(app)


def test_at_least_twenty_kills_happened_while_the_year_went_in(town: tuple[App, Town, Loader]) -> None:
    _, place, loader = town

    assert place.kills() >= min(KILLS, 20)
    assert loader.retries > 0


def test_nothing_acknowledged_is_lost_or_there_twice(town: tuple[App, Town, Loader]) -> None:
    app, _, loader = town

    with app.transaction() as inside:
        rows = inside.db.execute(
            "select s.name, j.message_id from journal j join source s on s.id = j.source_id where s.kind <> 'own'"
        ).fetchall()

    assert Counter(rows) == Counter(loader.acknowledged)


def test_every_event_has_one_record(town: tuple[App, Town, Loader]) -> None:
    app, _, _ = town

    with app.transaction() as inside:
        missing = inside.db.execute(
            "select count(*) from journal j full join record r on r.seq = j.seq where j.seq is null or r.seq is null"
        ).fetchall()

    assert missing == [(0,)]


def test_every_trait_of_everybody_is_what_a_rebuild_says(town: tuple[App, Town, Loader]) -> None:
    app, _, _ = town

    with app.transaction() as inside:
        assert analyze.differences(inside) == []


def test_a_trait_applied_twice_is_seen(town: tuple[App, Town, Loader]) -> None:
    app, _, _ = town
    spoil = (
        "update trait_state set {0} = {0} * 2 where customer = (select min(customer) from trait_state where {0} > 0)"
    )

    with app.transaction() as inside:
        inside.db.execute(spoil.format("spend_cents"))
        found = analyze.differences(inside)
        inside.db.rollback()

    assert found != []


def test_every_order_of_a_known_customer_earned_once(town: tuple[App, Town, Loader]) -> None:
    app, _, _ = town

    with app.transaction() as inside:
        wrong = inside.db.execute(
            "select count(*) from journal j join event_customer e on e.seq = j.seq join customer c on c.id = e.customer"
            " left join (select * from ledger_entry where kind = 'earn') l on l.key = 'order:' || j.seq"
            " where j.name = 'Order Completed' and c.known and floor((j.body->'properties'->>'revenue')::numeric) > 0"
            " and l.key is null"
        ).fetchall()

    assert wrong == [(0,)]


def test_nobody_was_mailed_twice_and_nothing_sent_is_missing(town: tuple[App, Town, Loader]) -> None:
    app, place, _ = town
    received = Counter(mail.message_id for mail in engage.catcher.caught(place.settings.home_path / "mail", 100_000))

    with app.transaction() as inside:
        sent = inside.db.execute("select message_id from outbox where state = 'sent'").fetchall()
        unknown = inside.db.execute("select count(*) from outbox where state = 'unknown'").fetchall()

    assert sent
    assert set(received.values()) == {1}
    assert {message_id for (message_id,) in sent} <= set(received)
    assert unknown == [(0,)]
