"""What clients in the field rely on, line by line: keys, pages, limits, rates, and answers they can act on."""

import base64
import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import collect
from regulars.app import App
from regulars.collect.errors import RateExceeded
from regulars.collect.http import intake, keyring, limits
from regulars.collect.keys import Source
from regulars.collect.write_keys import Holder
from regulars.kit.clock import ManualClock
from tests.collect.door_server import Door, basic, post
from tests.collect.test_gateway import EVENT, reasons, stored
from tests.conftest import START

SHOP, OTHER = "https://shop.example", "https://other.example"


def till(app: App) -> Source:
    with app.transaction() as inside:
        source = collect.source_by_name(inside, "till")
    assert source is not None
    return source


def allow(app: App, **given: int) -> None:
    """Set the limits of the source of tills."""
    with app.transaction() as inside:
        collect.set_limits(inside, till(app), collect.Limits(**given))


@pytest.mark.parametrize("where", ["bare_basic", "api_key_in_body", "api_key_in_address"])
def test_keys_are_found_where_less_careful_clients_put_them(app: App, door: Door, write_key: str, where: str) -> None:
    headers = {"Authorization": "Basic " + base64.b64encode(write_key.encode()).decode()} if "basic" in where else {}
    body = EVENT | ({"api_key": write_key} if "body" in where else {})
    path = "/v1/track" + (f"?api_key={write_key}" if "address" in where else "")

    assert post(door.url, path, body, headers=headers).status_code == 200
    assert write_key not in json.dumps(stored(app)[0][3])


def test_the_users_key_of_basic_goes_before_the_bodys(app: App, door: Door, write_key: str) -> None:
    answer = post(door.url, "/v1/track", EVENT | {"writeKey": "another"}, headers=basic(write_key))

    assert answer.status_code == 200


@pytest.fixture
def shop_key(app: App, write_key: str) -> str:
    """A key that only the shop's pages may send with."""
    assert write_key
    with app.transaction() as inside:
        return collect.add_key(inside, "till", "The shop's pages", ["HTTPS://Shop.example:443/"])


def test_a_page_that_is_not_on_the_keys_list_is_refused_and_its_request_kept(
    app: App, door: Door, shop_key: str
) -> None:
    answer = post(door.url, "/v1/track", EVENT, headers=basic(shop_key) | {"Origin": OTHER})

    assert (answer.status_code, answer.json()["code"], answer.json()["success"]) == (403, "RG-1141", False)
    assert "message" in answer.json()
    assert reasons(app) == ["RG-1141"]
    assert stored(app) == []


def test_a_page_on_the_list_may_send_and_read_and_programs_have_no_page(app: App, door: Door, shop_key: str) -> None:
    from_page = post(door.url, "/v1/track", EVENT, headers=basic(shop_key) | {"Origin": SHOP})
    from_program = post(door.url, "/v1/track", EVENT | {"messageId": "b"}, headers=basic(shop_key))

    assert from_page.status_code == from_program.status_code == 200
    assert (from_page.headers["access-control-allow-origin"], from_page.headers["vary"]) == (SHOP, "origin")
    assert from_program.headers["vary"] == "origin"


def test_a_key_without_a_list_takes_any_page(door: Door, write_key: str) -> None:
    answer = post(door.url, "/v1/track", EVENT, headers=basic(write_key) | {"Origin": OTHER})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def of_size(size: int, **more: Any) -> bytes:
    """A batch of about so many bytes."""
    events = [EVENT | more | {"messageId": str(n), "properties": {"x": "y" * 9_800}} for n in range(size // 10_000)]
    return json.dumps({"batch": events}).encode()


def test_a_request_over_500_kb_is_answered_413_and_kept_as_a_refusal(app: App, door: Door, write_key: str) -> None:
    fits = post(door.url, "/v1/batch", of_size(480_000), headers=basic(write_key))
    over = post(door.url, "/v1/batch", of_size(540_000), headers=basic(write_key))

    assert fits.json()["accepted"] == 48
    assert (over.status_code, over.json()["code"]) == (413, "RG-1132")
    assert reasons(app) == ["RG-1144"]
    assert len(stored(app)) == 48


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_request_over_4_mib_is_kept_as_a_refusal_by_its_beginning_alone(
    app: App, door: Door, write_key: str, is_chunked: bool
) -> None:
    pieces = [b'{"batch":[', *[b" " * 500_000] * 10]

    answer = httpx.post(
        door.url + "/v1/batch", content=iter(pieces) if is_chunked else b"".join(pieces), headers=basic(write_key)
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "RG-1132")
    with app.transaction() as inside:
        kept = [(each.code, len(each.body or "") < 100_000) for each in collect.refusals(inside)]
    assert kept == [("RG-1144", True)]


@pytest.mark.parametrize("said", ["channel", "library", "agent"])
def test_clients_of_rudderstack_may_send_4_mb(app: App, door: Door, write_key: str, said: str) -> None:
    more = {"channel": {"channel": "server"}, "library": {"context": {"library": {"name": "RudderLabs SDK"}}}}
    agent = {"User-Agent": "rudder/1"} if said == "agent" else {}

    answer = post(door.url, "/v1/batch", of_size(3_900_000, **more.get(said, {})), headers=basic(write_key) | agent)

    assert answer.status_code == 200
    assert len(stored(app)) == 390


def test_a_source_may_have_a_limit_of_its_own(app: App, door: Door, write_key: str) -> None:
    allow(app, request_max_bytes=1_000_000)
    assert post(door.url, "/v1/batch", of_size(900_000), headers=basic(write_key)).status_code == 200

    assert post(door.url, "/v1/batch", of_size(1_100_000, channel="x"), headers=basic(write_key)).status_code == 413


def test_a_batch_of_2500_events_is_taken_and_one_more_is_not(app: App, door: Door, write_key: str) -> None:
    batch = [{"type": "track", "event": "E", "userId": "a", "messageId": str(n)} for n in range(2_501)]

    over = post(door.url, "/v1/batch", {"batch": batch}, headers=basic(write_key))
    full = post(door.url, "/v1/batch", {"batch": batch[:-1]}, headers=basic(write_key))

    assert (over.status_code, full.json()["accepted"]) == (413, 2_500)
    assert reasons(app) == ["RG-1144"]


def test_a_key_that_sends_too_fast_is_told_when_to_come_again(
    app: App, door: Door, clock: ManualClock, write_key: str
) -> None:
    allow(app, requests_per_second=1)
    with httpx.Client(base_url=door.url, headers=basic(write_key)) as client:
        send = [client.post("/v1/track", json=EVENT | {"messageId": str(n)}) for n in range(limits.BURST_SECONDS + 1)]
        clock.move_to(clock.now() + timedelta(seconds=1))
        later = client.post("/v1/track", json=EVENT | {"messageId": "later"})

    assert [each.status_code for each in send] == [200] * limits.BURST_SECONDS + [429]
    slowed = send[-1]
    assert (slowed.json()["code"], slowed.json()["success"]) == ("RG-1140", False)
    assert (slowed.headers["retry-after"], slowed.headers["x-ratelimit-reset"]) == ("1", "1")
    assert later.status_code == 200
    assert len(stored(app)) == limits.BURST_SECONDS + 1


HOLDER = Holder(Source(1, "till", "tills", "till"), "k", frozenset(), None, 5, 20)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 100)), max_size=200), st.integers(1, 4))
def test_over_any_time_no_key_gets_more_than_its_rate_and_one_burst(
    steps: list[tuple[float, int]], processes: int
) -> None:
    meter, now, requests, events, largest = limits.Meter(processes), START, 0, 0, 0
    for seconds, count in steps:
        now += timedelta(seconds=seconds)
        try:
            meter.spend(HOLDER, count, now)
        except RateExceeded:
            continue
        requests, events, largest = requests + 1, events + count, max(largest, count)

    allowed = (now - START).total_seconds() + limits.BURST_SECONDS
    assert requests <= allowed * 5 / processes + 1e-6
    assert events <= allowed * 20 / processes + largest


def test_whoever_waits_as_long_as_told_is_served() -> None:
    meter, now = limits.Meter(), START
    for _ in range(5):
        meter.spend(HOLDER, 201, now)
        with pytest.raises(RateExceeded) as fault:
            meter.spend(HOLDER, 1, now)
        now += timedelta(seconds=fault.value.after_seconds)


def test_what_clients_had_to_send_again_and_when_a_key_was_used_is_known(app: App, write_key: str) -> None:
    allow(app, requests_per_second=1)
    with Door(app) as door, httpx.Client(base_url=door.url, headers=basic(write_key)) as client:
        for number in range(limits.BURST_SECONDS + 2):
            client.post("/v1/track", json=EVENT, headers={"X-Retry-Count": str(number % 2)})

    with app.transaction() as inside:
        trouble = collect.trouble_of(inside, till(app))
        (key,) = collect.write_keys(inside, "till")
    assert (trouble.repeated, trouble.slowed) == (limits.BURST_SECONDS // 2, 2)
    assert key.used_at == trouble.last_repeated_at == START


def test_using_a_key_costs_no_write_a_request(app: App, door: Door, write_key: str) -> None:
    for number in range(5):
        assert post(door.url, "/v1/t", EVENT | {"messageId": str(number)}, headers=basic(write_key)).status_code == 200

    with app.transaction() as inside:
        assert collect.write_keys(inside, "till")[0].used_at is None


def test_a_revoked_key_opens_nothing_after_the_stated_time(
    app: App, door: Door, clock: ManualClock, write_key: str
) -> None:
    assert post(door.url, "/v1/t", EVENT, headers=basic(write_key)).status_code == 200
    with app.transaction() as inside:
        collect.revoke(inside, "till", write_key.split("_")[3])

    clock.move_to(clock.now() + timedelta(seconds=keyring.KEY_CACHE_SECONDS + 0.1))

    assert keyring.KEY_CACHE_SECONDS <= 5
    assert post(door.url, "/v1/t", EVENT | {"messageId": "b"}, headers=basic(write_key)).status_code == 401
    assert [row[0] for row in stored(app)] == ["a"]


@contextmanager
def disk_full(app: App, table: str = "journal") -> Generator[None, None, None]:
    """PostgreSQL says of every insert what it says when its disk is full."""
    with psycopg.connect(app.store.dsn, autocommit=True) as admin:
        admin.execute(
            "create function full_disk() returns trigger language plpgsql as "
            "$$ begin raise exception using errcode = 'disk_full'; end $$"
        )
        admin.execute(
            f"create trigger full_disk before insert on {table} for each statement execute function full_disk()"  # type: ignore[arg-type]
        )
        try:
            yield
        finally:
            admin.execute("drop function full_disk cascade")


def test_while_the_disk_is_full_the_answer_is_503_nothing_is_kept_and_it_mends_itself(
    app: App, door: Door, write_key: str
) -> None:
    assert post(door.url, "/v1/t", EVENT, headers=basic(write_key)).status_code == 200

    with disk_full(app):
        full = post(door.url, "/v1/t", EVENT | {"messageId": "b"}, headers=basic(write_key))
        health = httpx.get(door.url + "/health")
    again = post(door.url, "/v1/t", EVENT | {"messageId": "c"}, headers=basic(write_key))

    assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (503, "RG-1135", "2")
    assert (health.status_code, health.headers["retry-after"]) == (503, "2")
    assert (again.status_code, httpx.get(door.url + "/health").status_code) == (200, 200)
    assert [row[0] for row in stored(app)] == ["a", "c"]


def test_a_fault_of_ours_is_said_in_words_a_client_can_read(
    app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(intake, "check_size", broken)

    answer = post(door.url, "/v1/t", EVENT, headers=basic(write_key))

    assert (answer.status_code, answer.json()["code"], answer.json()["success"]) == (500, "RG-1142", False)
    assert "ZeroDivision" not in answer.text
    assert stored(app) == []


def test_every_error_has_code_message_and_success(door: Door, write_key: str) -> None:
    with httpx.Client(base_url=door.url) as client:
        errors = [
            client.post("/v1/track", content=b"{", headers=basic(write_key)),
            client.post("/v1/track", json=EVENT),
            client.get("/v1/batch"),
            client.delete("/v1/anything"),
            client.post("/v1/track", content=b"x" * 5_000_000, headers=basic(write_key)),
        ]

    assert [each.status_code for each in errors] == [400, 401, 405, 404, 413]
    for each in errors:
        assert set(each.json()) == {"code", "message", "success"}
        assert each.json()["success"] is False


def test_browser_clients_are_told_what_satisfied_them_when_it_was_captured(door: Door) -> None:
    segment = httpx.get(door.url + "/v1/projects/k/settings").json()
    rudder = httpx.get(door.url + "/sourceConfig/?p=npm&v=3.34.1&writeKey=k").json()

    assert segment["integrations"]["Segment.io"]["apiKey"] == "k"
    assert segment["plan"]["track"]["__default"]["enabled"] is True
    assert segment["remotePlugins"] == []
    assert set(rudder["source"]) >= {
        "id",
        "writeKey",
        "enabled",
        "workspaceId",
        "config",
        "destinations",
        "connections",
    }
    assert rudder["source"]["enabled"] is True
