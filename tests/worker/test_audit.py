"""With nothing else to do the worker reads the lake for the audit; where it cannot, events go on all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable

from regulars import collect
from regulars.app import App
from regulars.kit.clock import SystemClock
from regulars.worker import Worker
from tests.engage.town import person, tell
from tests.worker.place import drain

WAIT_SECONDS = 30.0
STEP_SECONDS = 0.05


def test_an_idle_worker_makes_the_audit(app: App) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)
    collect.flush(app)

    work_until(app, lambda: count(app, "select count(*) from match_measure") == 1)

    assert count(app, "select count(*) from audit_cell where field = 'traits.email'") == 1


def test_a_file_that_cannot_be_read_stops_the_audit_and_nothing_else(app: App) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    drain(app)
    collect.flush(app)
    for path in app.lake.root.rglob("*.parquet"):
        path.write_bytes(b"torn")

    tell(app, "crm", [person("eve", app.clock.now())])
    work_until(app, lambda: carried(app))

    assert count(app, "select count(*) from audit_stretch") == 0


def work_until(app: App, done: Callable[[], bool]) -> None:
    """A worker in a thread of its own until this holds."""
    worker = Worker(app)
    thread = threading.Thread(target=worker.run)
    thread.start()
    clock, waited = SystemClock(), 0.0
    while not done() and thread.is_alive() and waited < WAIT_SECONDS:
        clock.sleep(STEP_SECONDS)
        waited += STEP_SECONDS
    is_alive = thread.is_alive()
    worker.stop()
    thread.join()
    assert is_alive
    assert done()


def carried(app: App) -> bool:
    return count(app, "select c.seq - (select max(seq) from journal) from checkpoint c where reader = 'flow'") == 0


def count(app: App, sql: str) -> int:
    with app.transaction() as inside:
        return inside.db.execute(sql).fetchall()[0][0]  # pyright: ignore[reportArgumentType]
