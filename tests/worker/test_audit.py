"""With nothing else to do the worker reads the lake for the audit; where it cannot, events go on all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from regulars import collect, resolve, worker
from regulars.app import App
from regulars.kit.clock import SystemClock
from regulars.worker import Worker, loop, pace
from tests.engage.town import person, tell
from tests.worker.place import drain

WAIT_SECONDS = 30.0
STEP_SECONDS = 0.05


def test_an_idle_worker_makes_the_audit(app: App) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)
    collect.flush(app)

    with at_work(app) as until:
        until(lambda: count(app, "select count(*) from match_measure") == 1)

    assert count(app, "select count(*) from audit_cell where field = 'traits.email'") == 1


def test_a_file_that_cannot_be_read_stops_the_audit_and_nothing_else(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)
    collect.flush(app)
    for path in app.lake.root.rglob("*.parquet"):
        path.write_bytes(b"torn")
    met = faults_of_the_audit(monkeypatch)

    with at_work(app) as until:
        until(lambda: bool(met))
        tell(app, "crm", [person("eve", app.clock.now())])
        until(lambda: carried(app))

    assert all("Parquet" in str(fault) or "parquet" in str(fault) for fault in met)
    assert count(app, "select count(*) from audit_stretch") == 0


def faults_of_the_audit(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What the worker's reading of the lake breaks at, as it happens."""
    met: list[Exception] = []
    read = resolve.prepare

    def reading(app: App, most: int | None = None) -> int:
        try:
            return read(app, most)
        except Exception as fault:
            met.append(fault)
            raise

    monkeypatch.setattr(resolve, "prepare", reading)
    return met


def test_a_reading_that_was_asked_for_does_not_wait_until_there_is_nothing_else_to_do(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "eve"):
        tell(app, "crm", [person(name, app.clock.now())])
        drain(app)
    monkeypatch.setattr(loop.Round, "was_idle", False)
    with app.transaction() as inside:
        worker.ask_reading(inside)
        assert worker.reading(inside) is not None

    with at_work(app) as until:
        until(lambda: is_over(app))

    assert count(app, "select sum(filled) from audit_cell where field = 'traits.email'") == 2
    assert count(app, "select count(*) from match_measure") == 1


def test_a_reading_that_breaks_is_over_for_whoever_asked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(resolve, "prepare", broken)
    with app.transaction() as inside:
        worker.ask_reading(inside)

    with at_work(app) as until:
        until(lambda: is_over(app))

    assert count(app, "select count(*) from audit_stretch") == 0


def test_a_worker_without_anything_to_read_ends_no_reading_of_another(app: App) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)
    collect.flush(app)
    other = Worker(app)
    with app.transaction() as inside:
        worker.ask_reading(inside)
        inside.db.execute("update pace set flushed_at = %s", [app.clock.now()])
    other.round()
    other._unread = False  # pyright: ignore[reportPrivateUsage]
    other._read_lake()  # pyright: ignore[reportPrivateUsage]

    assert not is_over(app)


def test_who_asks_while_the_lake_is_brought_up_to_date_has_it_brought_up_again(app: App) -> None:
    with app.transaction() as inside:
        worker.ask_reading(inside)
        inside.db.execute(pace.SQL.set_flushed, {"at": app.clock.now() - timedelta(seconds=1)})
        assert inside.db.execute("select flushed_at from pace").fetchall() == [(None,)]

        inside.db.execute(pace.SQL.set_flushed, {"at": app.clock.now()})
        assert inside.db.execute("select flushed_at from pace").fetchall() == [(app.clock.now(),)]


def is_over(app: App) -> bool:
    """Nobody waits for a reading any more."""
    with app.transaction() as inside:
        return worker.reading(inside) is None


@contextmanager
def at_work(app: App) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """A worker in a thread of its own, and what waits until something holds."""
    runner = Worker(app)
    thread = threading.Thread(target=runner.run)
    thread.start()

    def until(done: Callable[[], bool]) -> None:
        clock, waited = SystemClock(), 0.0
        while not done() and thread.is_alive() and waited < WAIT_SECONDS:
            clock.sleep(STEP_SECONDS)
            waited += STEP_SECONDS
        assert thread.is_alive()
        assert done()

    try:
        yield until
    finally:
        runner.stop()
        thread.join()


def carried(app: App) -> bool:
    return count(app, "select c.seq - (select max(seq) from journal) from checkpoint c where reader = 'flow'") == 0


def count(app: App, sql: str) -> int:
    with app.transaction() as inside:
        return inside.db.execute(sql).fetchall()[0][0]  # pyright: ignore[reportArgumentType]
