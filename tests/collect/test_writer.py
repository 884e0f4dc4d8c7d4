"""What happens when the journal cannot be written: nobody is told otherwise, and it mends itself."""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import door as door_module
from regulars.collect import writer
from tests.collect.door_server import Door, basic, post

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
    server: str, app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "DATABASE_WAIT_SECONDS", 0.5)
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
