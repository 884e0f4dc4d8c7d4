"""F9 and F10 at the door: repeated, contradicting and future-dated messages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from regulars import collect
from regulars.app import App
from tests.collect.door_server import Door, basic, post

REPEATS = 100
EVENT = {
    "type": "track",
    "event": "Order Completed",
    "userId": "ann",
    "messageId": "once",
    "properties": {"revenue": 5},
}


def new_key(app: App) -> str:
    with app.transaction() as inside:
        _, key = collect.register(inside, "till", "tills")
    assert key is not None
    return key


def send_at_once(door: Door, key: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda body: post(door.url, "/v1/track", body, headers=basic(key)), bodies)
        return [answer.json() for answer in answers if answer.status_code == 200]


def journal(app: App) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return inside.db.execute("select message_id, body->'properties'->>'revenue' from journal").fetchall()


def test_f9_one_message_sent_a_hundred_times_at_once_has_one_effect(app: App) -> None:
    key = new_key(app)

    with Door(app) as door:
        answers = send_at_once(door, key, [EVENT] * REPEATS)

    assert len(answers) == REPEATS
    assert sum(answer["accepted"] for answer in answers) == 1
    assert sum(answer["duplicates"] for answer in answers) == REPEATS - 1
    assert journal(app) == [("once", "5")]


def test_f9_the_same_id_with_other_bodies_keeps_the_first_and_every_contradiction(app: App) -> None:
    key = new_key(app)
    bodies = [EVENT | {"properties": {"revenue": n}} for n in range(20)]

    with Door(app) as door:
        answers = send_at_once(door, key, bodies)
        with app.transaction() as inside:
            kept = collect.refusals(inside, limit=100)

    assert sum(answer["accepted"] for answer in answers) == 1
    assert len(journal(app)) == 1
    assert [row.code for row in kept] == ["RG-1110"] * 19
    assert {row.message_id for row in kept} == {"once"}


def test_f9_a_door_that_makes_its_own_ids_is_caught_doubling(app: App) -> None:
    key = new_key(app)
    without_id = {name: value for name, value in EVENT.items() if name != "messageId"}

    with Door(app) as door:
        answers = send_at_once(door, key, [without_id] * 5)

    assert sum(answer["accepted"] for answer in answers) == 5
    assert len(journal(app)) == 5


def test_f10_an_event_from_the_far_future_is_set_aside_with_its_reason_and_a_late_one_is_taken(app: App) -> None:
    key = new_key(app)
    now = app.clock.now()
    times = {"future": now + timedelta(days=2), "soon": now + timedelta(hours=2), "late": now - timedelta(days=30)}
    batch = [EVENT | {"messageId": name, "timestamp": at.isoformat()} for name, at in times.items()]

    with Door(app) as door:
        answer = post(door.url, "/v1/batch", {"batch": batch}, headers=basic(key)).json()

    assert (answer["accepted"], answer["refused"]) == (2, 1)
    assert sorted(row[0] for row in journal(app)) == ["late", "soon"]
    with app.transaction() as inside:
        refused = collect.refusals(inside)[0]
    assert (refused.code, refused.message_id) == ("RG-1108", "future")
    assert "2026-03-04" in refused.reason
