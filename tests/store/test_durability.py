"""What was acknowledged survives kill -9 of the database, and a database that would lose it is refused."""

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from regulars.kit.clock import SystemClock
from regulars.kit.errors import DatabaseRefused
from regulars.kit.settings import Settings
from regulars.store import Store, embedded
from regulars.store.place import locate
from regulars.store.store import check
from tests.store.conftest import kill_all, wait_until

KILLS = 6
ACKNOWLEDGED_BETWEEN_KILLS = 40


class Writer:
    """Commits numbers one by one and remembers which commits were acknowledged; goes on after every fault."""

    def __init__(self, insert: Callable[[int], None]) -> None:
        self._insert = insert
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[int] = []

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._insert(number)
            except psycopg.OperationalError:
                continue
            self.acknowledged.append(number)


def numbers(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        return [number for (number,) in connection.execute("select number from written order by number")]


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed_under_a_writer(home: Path) -> None:
    with Store.open(Settings(home=str(home))) as store:
        with store.transaction() as connection:
            connection.execute("create table written (number int)")

        def insert(number: int) -> None:
            with store.transaction() as inside:
                inside.execute("insert into written values (%s)", [number])

        with Writer(insert) as writer:
            for _ in range(KILLS):
                goal = len(writer.acknowledged) + ACKNOWLEDGED_BETWEEN_KILLS
                wait_until(lambda goal=goal: len(writer.acknowledged) >= goal)
                kill_all(locate(home))

        store.ensure_running()  # the last kill may have met nobody who needed it
        stored = numbers(store.dsn)

    assert len(writer.acknowledged) >= KILLS * ACKNOWLEDGED_BETWEEN_KILLS
    assert set(writer.acknowledged) - set(stored) == set()
    assert len(stored) == len(set(stored))


def test_the_same_harness_flags_a_server_that_acknowledges_before_it_writes(home: Path) -> None:
    with embedded.serving(home) as dsn:
        forget_quickly(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table written (number int)")
            connection.execute("checkpoint")

            def insert(number: int) -> None:
                connection.execute("insert into written values (%s)", [number])

            with Writer(insert) as writer:
                wait_until(lambda: len(writer.acknowledged) >= ACKNOWLEDGED_BETWEEN_KILLS)
                kill_all(locate(home))
                wait_until(lambda: connection.broken)

        embedded.ensure_running(home)
        assert set(writer.acknowledged) - set(numbers(dsn)) != set()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_could_lose_what_it_acknowledges_is_refused_at_start(home: Path, setting: str) -> None:
    with embedded.serving(home) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
        SystemClock().sleep(0.2)

        with pytest.raises(DatabaseRefused, match=f"{setting} off"):
            check(dsn)


def test_a_standby_and_another_encoding_are_refused_together(home: Path) -> None:
    with embedded.serving(home) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "create database latin encoding 'LATIN1' template template0 locale_provider libc locale 'C'"
            )
            connection.execute("alter database latin set default_transaction_read_only = on")

        with pytest.raises(DatabaseRefused, match=r"LATIN1.*only takes reads"):
            check(dsn.replace("/regulars?", "/latin?"))


def forget_quickly(dsn: str) -> None:
    """Make the server answer before it writes, and write as late as it can."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("alter system set synchronous_commit = off")
        connection.execute("alter system set wal_writer_delay = '10s'")
        connection.execute("select pg_reload_conf()")
    SystemClock().sleep(0.2)
