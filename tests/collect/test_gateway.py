"""The HTTP door takes what clients in the field send and answers as they expect."""

import gzip
import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.http import keyring
from regulars.collect.write_keys import Holder, holder_of
from regulars.kit.clock import ManualClock
from tests.collect.door_server import Door, basic, post

EVENT = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "a"}


def stored(app: App) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return inside.db.execute("select message_id, kind, name, body from journal order by seq").fetchall()


def reasons(app: App) -> list[str]:
    with app.transaction() as inside:
        return sorted(row.code for row in collect.refusals(inside))


@pytest.mark.parametrize("where", ["basic", "body", "header", "query"])
def test_the_key_is_found_wherever_clients_put_it(app: App, door: Door, write_key: str, where: str) -> None:
    body = {"batch": [EVENT]} | ({"writeKey": write_key} if where == "body" else {})
    headers = {"basic": basic(write_key), "header": {"X-Write-Key": write_key}, "body": {"Authorization": "Bearer x"}}
    path = "/v1/batch" + (f"?writeKey={write_key}" if where == "query" else "")

    answer = post(door.url, path, body, headers=headers.get(where))

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "accepted": 1, "duplicates": 0, "refused": 0}
    assert [row[0] for row in stored(app)] == ["a"]
    assert write_key not in json.dumps(stored(app)[0][3])


def test_long_and_one_letter_paths_say_what_a_single_message_is(app: App, door: Door, write_key: str) -> None:
    paths = ["identify", "i", "track", "t", "page", "p", "screen", "s", "group", "g", "alias", "a"]

    with httpx.Client(base_url=door.url, headers=basic(write_key)) as client:
        for path in paths:
            body = {"userId": "ann", "event": "E", "groupId": "g", "previousId": "p", "messageId": path, "name": None}
            assert client.post(f"/v1/{path}", json=body).status_code == 200

    assert [row[1] for row in stored(app)] == [kind for kind in paths if len(kind) > 1 for _ in range(2)]


def test_gzip_is_recognized_by_its_first_bytes_and_bounded(app: App, door: Door, write_key: str) -> None:
    packed = gzip.compress(json.dumps({"batch": [EVENT]}).encode())
    bomb = gzip.compress(b" " * 50_000_000)

    assert post(door.url, "/v1/batch", packed, headers=basic(write_key)).status_code == 200
    answer = post(door.url, "/v1/batch", bomb, headers=basic(write_key))

    assert answer.status_code == 413
    assert answer.json()["success"] is False
    assert len(stored(app)) == 1


def test_faulty_events_become_refusals_and_their_batch_is_stored(app: App, door: Door, write_key: str) -> None:
    batch = [EVENT, EVENT | {"messageId": "b", "type": "purchase"}, 7, EVENT | {"messageId": "c"}]

    answer = post(door.url, "/v1/batch", {"batch": batch}, headers=basic(write_key))

    assert answer.json() == {"success": True, "accepted": 2, "duplicates": 0, "refused": 2}
    assert [row[0] for row in stored(app)] == ["a", "c"]
    assert reasons(app) == ["RG-1101", "RG-1102"]


def test_an_unknown_key_is_turned_away_and_guessing_is_slowed(app: App, door: Door) -> None:
    with httpx.Client(base_url=door.url) as client:
        answers = [client.post("/v1/track", json=EVENT, headers=basic("rk_guess")) for _ in range(70)]

    assert answers[0].status_code == 401
    assert answers[0].json()["code"] == "RG-1131"
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "60"
    assert answers[-1].headers["access-control-expose-headers"] == "retry-after, x-ratelimit-reset"
    assert stored(app) == []


def test_an_address_that_guesses_does_not_make_us_ask_for_every_guess(
    app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def asking(inside: App, key: str) -> Holder | None:
        asked.append(key)
        return holder_of(inside, key)

    monkeypatch.setattr(keyring, "holder_of", asking)
    monkeypatch.setattr(keyring, "UNKNOWN_KEYS_PER_MINUTE", 3)

    keys = [write_key, *(f"guess{n}" for n in range(6)), write_key]
    answers = [post(door.url, "/v1/track", EVENT, headers=basic(key)).status_code for key in keys]

    assert answers == [200, 401, 401, 401, 429, 429, 429, 200]
    assert asked == keys[:4]


def test_while_keys_cannot_be_looked_up_known_ones_go_on_and_others_are_asked_to_come_again(
    app: App, clock: ManualClock, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "LOOK_UP_SECONDS", 0.3)
    assert post(door.url, "/v1/track", EVENT, headers=basic(write_key)).status_code == 200
    clock.move_to(clock.now() + timedelta(seconds=keyring.KEY_CACHE_SECONDS + 1))

    with psycopg.connect(app.store.dsn) as somebody:
        somebody.execute("lock table write_key in access exclusive mode")
        strangers = [post(door.url, "/v1/track", EVENT, headers=basic(f"guess{n}")) for n in range(6)]
        known = post(door.url, "/v1/track", EVENT | {"messageId": "b"}, headers=basic(write_key))
        somebody.rollback()

    assert [answer.status_code for answer in strangers] == [503] * 6
    assert (strangers[0].json()["code"], strangers[0].headers["retry-after"]) == ("RG-1135", "2")
    assert known.status_code == 200
    assert [row[0] for row in stored(app)] == ["a", "b"]
    assert post(door.url, "/v1/track", EVENT, headers=basic("guess")).status_code == 401


def test_what_is_no_json_is_answered_400_and_kept_for_whoever_looks_for_it(
    app: App, door: Door, write_key: str
) -> None:
    bodies = [b"{", b'{"batch": 7}', b"[]", b"\xff\xfe", b'{"batch":[' + b"[" * 100_000]

    for body in bodies:
        answer = post(door.url, "/v1/batch", body, headers=basic(write_key))
        assert (answer.status_code, answer.json()["code"]) == (400, "RG-1130")

    assert reasons(app) == ["RG-1111"] * len(bodies)
    assert stored(app) == []


def test_browsers_may_send_from_any_page(door: Door) -> None:
    answer = httpx.options(door.url + "/v1/t", headers={"Origin": "https://shop.example"})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"]
    for header in ("authorization", "content-type", "anonymousid", "sentat", "x-retry-count"):
        assert header in allowed


def test_browsers_may_send_again_with_whatever_headers_their_clients_add(door: Door) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization,rsa-retry-attempt"}

    answer = httpx.options(door.url + "/v1/track", headers=asked)

    assert answer.headers["access-control-allow-headers"] == "authorization,rsa-retry-attempt"


def test_batch_context_stands_under_each_message(app: App, door: Door, write_key: str) -> None:
    batch = [EVENT | {"context": {"locale": "de"}}]
    body = {"batch": batch, "context": {"locale": "en", "app": {"name": "till"}}}

    post(door.url, "/v1/batch", body, headers=basic(write_key))

    assert stored(app)[0][3]["context"] == {"locale": "de", "app": {"name": "till"}}


@pytest.mark.parametrize(
    ("context", "code"),
    [
        ('{"x":"\\ud800"}', "RG-1109"),
        ('{"x":"\\u0000"}', "RG-1109"),
        ('{"x":NaN}', "RG-1109"),
        ('{"x":' + "[" * 2_000 + "]" * 2_000 + "}", "RG-1109"),
        ('{"x":' + '{"y":' * 31 + "1" + "}" * 31 + "}", "RG-1109"),
        ('{"x":"' + "y" * 9_000 + '"}', "RG-1106"),
    ],
)
def test_a_batch_context_that_cannot_be_stored_refuses_its_events_with_the_reason(
    app: App, door: Door, write_key: str, context: str, code: str
) -> None:
    body = '{"batch":[%s,%s],"context":%s}' % (json.dumps(EVENT), json.dumps(EVENT | {"messageId": "b"}), context)  # noqa: UP031

    answer = post(door.url, "/v1/batch", body.encode(), headers=basic(write_key))

    assert answer.json() == {"success": True, "accepted": 0, "duplicates": 0, "refused": 2}
    assert reasons(app) == [code, code]
    assert stored(app) == []


def test_an_event_that_is_too_large_with_its_batchs_context_is_refused_alone(
    app: App, door: Door, write_key: str
) -> None:
    large = EVENT | {"messageId": "b", "properties": {"x": "y" * 30_000}}

    body = {"batch": [EVENT, large], "context": {"x": "y" * 8_000}}
    answer = post(door.url, "/v1/batch", body, headers=basic(write_key))

    assert (answer.json()["accepted"], reasons(app)) == (1, ["RG-1106"])


def test_settings_health_and_wrong_doors_answer(door: Door) -> None:
    settings = httpx.get(door.url + "/v1/projects/k/settings").json()
    assert settings["integrations"]["Segment.io"]["apiKey"] == "k"
    assert httpx.get(door.url + "/sourceConfig/?writeKey=k").json()["source"]["writeKey"] == "k"
    assert httpx.get(door.url + "/health").json()["success"] is True
    assert httpx.get(door.url + "/v1/nothing").status_code == 404
    assert httpx.get(door.url + "/v1/batch").status_code == 405
