"""F3 and F4: PostgreSQL is killed, stopped at once, restarted, or has no room on its disk. On a cluster of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from regulars import collect
from regulars.app import App, open_app
from regulars.collect.http.writer import Counts, GroupCommit, Tell
from regulars.collect.journal import Entry, Rejected
from regulars.kit.settings import Settings
from tests.collect.door_server import Door, basic, post
from tests.faults.parts import kill_postgres
from tests.faults.senders import acknowledged, lost_and_doubled, sending

FULL = os.environ.get("REGULARS_TEST_LOAD_SIZE") == "full"
ROUNDS = 4 if FULL else 1
BETWEEN_SECONDS = 1.0
RECOVERY_SECONDS = 60.0
DISK_MEGABYTES = 192
EVENT = {"type": "track", "event": "Seen", "userId": "ann"}


@contextmanager
def own_cluster(folder: Path) -> Generator[tuple[App, str, Path], None, None]:
    """An installation with its own server, a write key, and the folder of its data."""
    folder.chmod(0o755)
    with open_app(Settings(home=str(folder / "home"), log_level="error")) as app:
        with app.transaction() as inside:
            _, key = collect.register(inside, "till", "tills")
        assert key is not None
        yield app, key, folder / "home" / "postgres" / "data"


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    """Not pytest's own: as root the server runs as another user, who must be able to reach it."""
    made = Path(tempfile.mkdtemp(prefix="regulars-fault-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def tell_postgres(data: Path, what: signal.Signals) -> None:
    """A signal to the postmaster: SIGQUIT stops it at once, SIGINT in good order."""
    psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0])).send_signal(what)


def until_answered(door: Door, key: str, status: int = 200) -> None:
    """Until an event is answered so."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while answered(door, key) != status:
        assert time.monotonic() < deadline, f"nobody is answered {status}"
        time.sleep(0.1)


def answered(door: Door, key: str) -> int:
    try:
        return post(door.url, "/v1/t", EVENT, headers=basic(key)).status_code
    except httpx.TransportError:
        return 0


def test_f3_nothing_acknowledged_is_lost_while_postgresql_is_killed_stopped_and_restarted(folder: Path) -> None:
    with own_cluster(folder) as (app, key, data), Door(app) as door:
        faults: list[Callable[[], object]] = [
            lambda: kill_postgres(data),
            lambda: tell_postgres(data, signal.SIGQUIT),
            lambda: tell_postgres(data, signal.SIGINT),
        ]

        def one_after_the_other() -> None:
            for fault in faults * ROUNDS:
                until_answered(door, key)
                time.sleep(BETWEEN_SECONDS)
                fault()
            until_answered(door, key)

        senders = sending([lambda: door.url], key, one_after_the_other)

        assert {status for sender in senders for status in sender.statuses} <= {200, 503}
        assert len(acknowledged(senders)) > 50
        assert lost_and_doubled(app, acknowledged(senders)) == (0, 0)


def test_f3_a_server_that_acknowledges_before_it_is_on_the_disk_is_caught_losing(folder: Path) -> None:
    with own_cluster(folder) as (app, key, data):
        with psycopg.connect(app.store.dsn, autocommit=True) as admin:
            admin.execute("alter system set synchronous_commit = off")
            admin.execute("alter system set wal_writer_delay = '10s'")
            admin.execute("select pg_reload_conf()")
        time.sleep(0.3)
        with Door(app) as door:
            senders = sending([lambda: door.url], key, lambda: time.sleep(1.0))
            kill_postgres(data)

            assert lost_and_doubled(app, acknowledged(senders))[0] > 0


@pytest.fixture
def small_disk(folder: Path) -> Generator[Path, None, None]:
    """A disk of DISK_MEGABYTES; only root may mount one."""
    mount = folder / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", mount], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = disk / "filler"
    piece = bytes(64 * 1024)
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(piece):
                pass
        except OSError:
            pass
    return filler


def test_f4_a_full_disk_is_answered_503_never_a_false_200_and_mends_itself(small_disk: Path) -> None:
    with own_cluster(small_disk) as (app, key, _), Door(app) as door:

        def full_for_a_while() -> None:
            until_answered(door, key)
            filler = fill(small_disk)
            until_answered(door, key, 503)
            time.sleep(BETWEEN_SECONDS)
            filler.unlink()
            until_answered(door, key)

        senders = sending([lambda: door.url], key, full_for_a_while)

        statuses = {status for sender in senders for status in sender.statuses}
        assert statuses == {200, 503}
        assert lost_and_doubled(app, acknowledged(senders)) == (0, 0)


def test_f4_a_gateway_that_acknowledges_before_it_is_stored_is_caught_losing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = GroupCommit.submit

    def hasty(self: GroupCommit, entries: list[Entry], rejected: list[Rejected], tell: Tell) -> None:
        honest(self, entries, rejected, lambda told: None)
        tell(Counts(len(entries), 0, len(rejected)))

    monkeypatch.setattr(GroupCommit, "submit", hasty)
    with own_cluster(small_disk) as (app, key, _), Door(app) as door:

        def full_for_a_while() -> None:
            filler = fill(small_disk)
            time.sleep(BETWEEN_SECONDS)
            filler.unlink()

        senders = sending([lambda: door.url], key, full_for_a_while)
        # What waited is written or given up before the count.
        until_answered(door, key)

    with open_app(Settings(home=str(small_disk / "home"), log_level="error")) as app:
        assert lost_and_doubled(app, acknowledged(senders))[0] > 0
