"""What happens when the journal cannot be written: nobody is told otherwise, and it mends itself."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import door as door_module
from regulars.collect import journal
from regulars.collect.http import intake, line, writer
from tests.collect.door_server import Door, basic, post
from tests.conftest import START

EVENT = {"type": "track", "event": "Seen", "userId": "ann", "messageId": "a"}


@contextmanager
def database_away(server: str, app: App) -> Generator[None, None, None]:
    """Nobody gets in, and whoever was in is thrown out."""
    name = psycopg.conninfo.conninfo_to_dict(app.store.dsn)["dbname"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"alter database {name} with allow_connections false")  # type: ignore[arg-type]
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(f"alter database {name} with allow_connections true")  # type: ignore[arg-type]


def ids(app: App) -> list[str]:
    with app.transaction() as inside:
        return [row[0] for row in inside.db.execute("select message_id from journal order by seq")]


def test_while_the_database_is_away_the_answer_is_503_and_afterwards_200(
    server: str, app: App, door: Door, write_key: str
) -> None:
    assert post(door.url, "/v1/t", EVENT, headers=basic(write_key)).status_code == 200

    with database_away(server, app):
        away = post(door.url, "/v1/t", EVENT | {"messageId": "b"}, headers=basic(write_key))
        health = httpx.get(door.url + "/health")
    statuses = [
        post(door.url, "/v1/t", EVENT | {"messageId": "c"}, headers=basic(write_key)).status_code for _ in "123"
    ]

    assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "RG-1135", "2")
    assert health.status_code == 503
    assert statuses[-1] == 200
    assert ids(app) == ["a", "c"]


@contextmanager
def journal_held(app: App) -> Generator[None, None, None]:
    """Somebody has the journal's lock and does nothing."""
    with psycopg.connect(app.store.dsn) as somebody:
        somebody.execute("select pg_advisory_xact_lock(%s)", [journal.JOURNAL_LOCK])
        yield
        somebody.rollback()


def health_becomes(door: Door, status: int) -> bool:
    """Ask until it does, ten seconds at most."""
    for _ in range(100):
        if httpx.get(door.url + "/health").status_code == status:
            return True
        time.sleep(0.1)
    return False


# PostgreSQL gives up on the lock; or, as where it is frozen, says nothing at all and the watchdog cuts.
@pytest.mark.parametrize(("lock_milliseconds", "cut_seconds"), [(600, 60.0), (0, 1.0)])
def test_a_hung_journal_is_answered_503_seen_by_health_and_mended_by_itself(
    app: App, write_key: str, monkeypatch: pytest.MonkeyPatch, lock_milliseconds: int, cut_seconds: float
) -> None:
    limits = {"LOCK_WAIT_MILLISECONDS": lock_milliseconds, "TRANSACTION_SECONDS": cut_seconds, "LOOK_SECONDS": 0.1}
    for name, value in limits.items():
        monkeypatch.setattr(line, name, value)
    monkeypatch.setattr(writer, "HEALTHY_SECONDS", 0.2)
    monkeypatch.setattr(writer, "PROBE_SECONDS", 0.1)

    with Door(app) as door, ThreadPoolExecutor(1) as pool:
        assert health_becomes(door, 200)
        with journal_held(app):
            waiting = pool.submit(post, door.url, "/v1/t", EVENT, headers=basic(write_key))
            assert health_becomes(door, 503)
            hung = waiting.result()
        assert health_becomes(door, 200)
        again = post(door.url, "/v1/t", EVENT | {"messageId": "b"}, headers=basic(write_key))

    assert (hung.status_code, hung.json()["code"], hung.headers["retry-after"]) == (503, "RG-1135", "2")
    assert again.status_code == 200
    assert ids(app) == ["b"]


def test_a_database_that_was_restarted_between_two_groups_costs_nobody_an_error(
    app: App, door: Door, write_key: str
) -> None:
    assert post(door.url, "/v1/t", EVENT, headers=basic(write_key)).status_code == 200
    with app.transaction() as inside:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        inside.db.execute(others + " and datname = current_database()")

    answer = post(door.url, "/v1/t", EVENT | {"messageId": "b"}, headers=basic(write_key))

    assert answer.status_code == 200
    assert ids(app) == ["a", "b"]


def test_each_sender_is_told_its_own_duplicates_when_many_are_written_together(app: App) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "till", "tills")
        collect.accept(inside, source, [EVENT | {"messageId": str(n)} for n in range(3)], received_at=START)
        arrival = collect.Arrival(source, START, lambda: "minted")
        groups = [["0", "new", "1"], ["other"], [], ["2", "2", "0"]]
        waiting = [
            writer._Waiting(  # pyright: ignore[reportPrivateUsage]
                [journal.Entry(source, START, row) for row in rows if isinstance(row, collect.Row)],
                *([], None, None),  # type: ignore[arg-type]
            )
            for rows in ([collect.admit(EVENT | {"messageId": each}, arrival) for each in ids] for ids in groups)
        ]

        counts = writer._write_together(inside, waiting)  # pyright: ignore[reportPrivateUsage]

    assert [each[:2] for each in counts] == [(1, 2), (1, 0), (0, 0), (0, 3)]


def test_a_sender_who_cannot_be_told_costs_the_others_of_its_group_no_answer(app: App) -> None:
    heard: list[object] = []

    def breaks(result: object) -> None:
        raise ConnectionResetError

    commit = writer.GroupCommit(app)
    counts = writer.Counts(1, 0, 0)
    commit._tell([(breaks, counts), (heard.append, counts)], 2)  # pyright: ignore[reportPrivateUsage]

    assert heard == [counts]
    assert commit.held == -2


def test_a_fault_among_the_notes_of_keys_does_not_end_them(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(intake, "NOTES_SECONDS", 0.01)
    taking = intake.Intake(app)

    def broken() -> object:
        asked.append(True)
        raise ZeroDivisionError

    monkeypatch.setattr(taking.meter, "take", broken)
    taking.start()
    deadline = time.monotonic() + 10
    while len(asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    taking.stop()

    assert len(asked) >= 3


def test_a_full_queue_asks_to_come_again(app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "QUEUE_MAX_EVENTS", 2)

    answer = post(door.url, "/v1/batch", {"batch": [EVENT] * 3}, headers=basic(write_key))

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "RG-1134", "2")
    assert ids(app) == []


def test_what_postgresql_refuses_behind_the_door_becomes_a_refusal_of_one(
    app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "_is_suspicious", lambda body: False)
    batch = [EVENT | {"messageId": str(n), "properties": {"x": "\x00" if n == 3 else "y"}} for n in range(8)]

    answer = post(door.url, "/v1/batch", {"batch": batch}, headers=basic(write_key))

    assert answer.json() == {"success": True, "accepted": 7, "duplicates": 0, "refused": 1}
    assert ids(app) == ["0", "1", "2", "4", "5", "6", "7"]
    with app.transaction() as inside:
        assert [(row.code, row.message_id) for row in collect.refusals(inside)] == [("RG-1109", "3")]
