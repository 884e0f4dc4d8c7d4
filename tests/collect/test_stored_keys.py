"""Who holds a write key may write: no table keeps one, whatever a client sends and whatever becomes of it."""

import gzip
import json
import re
from typing import Any

import httpx
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.keys import SQL as KEYS_SQL
from regulars.kit.clock import ManualClock
from tests.collect.door_server import Door, basic, post

CLOUD = {"specversion": "1.0", "id": "c-1", "source": "/till", "type": "Till Opened", "userid": "ann"}
SNOW = {"e": "se", "se_ca": "a", "se_ac": "Opened", "eid": "s-1", "uid": "ann"}


def dump(app: App) -> str:
    """Every row of every table as text."""
    with app.transaction() as inside:
        tables = inside.db.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
        ).fetchall()
        rows = [inside.db.execute(f"select t::text from {name} t").fetchall() for (name,) in tables]  # pyright: ignore
    return "\n".join(row[0] for each in rows for row in each)


def leaks(app: App, key: str) -> list[str]:
    """What a full dump holds of the secret part of a key."""
    secret = key.rpartition("_")[2]
    text = dump(app)
    assert secret[:12] not in text.replace("\\", ""), re.findall(f".{{0,120}}{secret[:12]}.{{0,40}}", text)[:3]
    return [each for each in (key, secret, secret[:12]) if each in text]


def track(**more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Opened", "userId": "ann", "messageId": "m-1", **more}


def segment(door: Door, key: str) -> None:
    """Once, again, with another body, refused; with the key wherever a client may have put it."""
    everywhere = {"writeKey": key, "api_key": key, "context": {"page": {"url": f"https://x.example/?writeKey={key}"}}}
    for more in ({}, {}, {"properties": {"n": 1}}, {"type": "odd"}, {"type": key}, {"timestamp": key}):
        message = track(**(everywhere | more))
        post(door.url, "/v1/track", message, headers=basic(key))
        post(door.url, "/v1/batch", {"batch": [message, 7], "context": {"key": key}, "writeKey": key})
    post(door.url, "/v1/track", track(writeKey=key, messageId=key, event=key, userId=key))
    post(door.url, "/v1/identify", {"api_key": key, "messageId": key, "traits": {key: [key]}})
    for whole in (b'{"batch": 7, "writeKey": "%b"}', b'{"batch": [], "writeKey": "%b", ', b'"%b"'):
        body = whole % key.encode()
        post(door.url, "/v1/batch", body, headers=basic(key))
        post(door.url, "/v1/batch", gzip.compress(body), headers=basic(key))
        post(door.url, "/v1/batch", gzip.compress(body * 400)[:-9], headers=basic(key))
    large = json.dumps({"batch": [track(writeKey=key)] * 3_000, "writeKey": key}).encode()
    post(door.url, "/v1/batch", large, headers=basic(key))


def cloudevents(door: Door, key: str) -> None:
    """All three modes; in binary mode any header with ce- is an attribute."""
    kinds = {"content-type": "application/cloudevents+json"} | basic(key)
    for more in (
        {},
        {},
        {"data": {"n": 1}},
        {"data": {"writeKey": key, "api_key": key}},
        {"type": ""},
        {"writekey": key},
    ):
        post(door.url, "/v1/cloudevents", CLOUD | {"data": {"key": key}, "writeKey": key} | more, headers=kinds)
    attributes = {f"ce-{name}": value for name, value in CLOUD.items()} | {"ce-writekey": key, "ce-id": "c-2"}
    post(door.url, f"/v1/cloudevents?writeKey={key}", {"writeKey": key}, headers=attributes)
    post(door.url, f"/v1/cloudevents?writeKey={key}", b"{" + key.encode(), headers=kinds)


def snowplow(door: Door, key: str) -> None:
    """The app id is the key; it may be said in the address or the header as well."""
    path = "/com.snowplowanalytics.snowplow/tp2"
    for more in ({}, {}, {"se_la": "other"}, {"e": "odd"}, {"ue_pr": key, "e": "ue"}, {"url": f"/?aid={key}"}):
        event = SNOW | {"aid": key} | more
        post(door.url, path, {"schema": "x", "data": [event]})
        post(door.url, f"{path}?writeKey={key}", {"schema": "x", "data": [event]})
        httpx.get(door.url + "/i", params=event)
    post(door.url, path, b'{"data": "%b"' % key.encode(), headers=basic(key))


def pixel(door: Door, key: str) -> None:
    """Everything stands in the address."""
    for more in ({}, {}, {"event": "Other"}, {"userId": ""}, {"properties.writeKey": key}, {"properties.key": key}):
        given = {"writeKey": key, "userId": "ann", "event": "Mail Opened", "messageId": "p-1"}
        httpx.get(door.url + "/pixel/v1/track", params=given | more)
    httpx.get(door.url + "/pixel/v1/track", params={"writeKey": key} | {f"f{n}": "x" for n in range(300)})


def beacon(door: Door, key: str) -> None:
    """A batch as plain text."""
    for body in (b"{", b'{"batch": [{"writeKey": "%b"}]}' % key.encode(), key.encode()):
        post(door.url, f"/beacon/v1/batch?writeKey={key}", body, headers={"content-type": "text/plain"})


@pytest.mark.parametrize("client", [segment, cloudevents, snowplow, pixel, beacon])
def test_no_table_keeps_the_key_that_a_client_wrote_with(
    app: App, door: Door, write_key: str, client: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    client(door, write_key)

    with app.transaction() as inside:
        counted = inside.db.execute("select count(*) from refusal").fetchone()
        known = inside.db.execute(KEYS_SQL.keys_of, {"source": 1}).fetchall()
    assert counted is not None
    assert counted[0] > 0
    assert leaks(app, write_key) == []
    said = capfd.readouterr()
    assert write_key not in said.out + said.err
    assert [each[0] for each in known] == [write_key.split("_")[3]]


def test_a_message_whose_key_was_taken_out_is_still_sent_again_with_its_own_clock(
    app: App, door: Door, write_key: str, clock: ManualClock
) -> None:
    sent = clock.now().replace(tzinfo=None).isoformat() + "Z"
    message = track(writeKey=write_key, type="odd", sentAt=sent, timestamp=sent, properties={"n": 1})
    post(door.url, "/v1/batch", {"batch": [message], "writeKey": write_key})
    with app.transaction() as inside:
        like = collect.refusal_groups(inside, collect.RefusalSearch())[0].like
        kept = json.loads(collect.one_refusal(inside, like).refusal.body)
        became = collect.send_by_hand(inside, like, json.dumps(kept | {"type": "track"}))

    assert kept == {key: value for key, value in message.items() if key != "writeKey"}
    assert became == "accepted"


def test_a_key_inside_an_event_leaves_only_the_part_that_may_be_shown(app: App, door: Door, write_key: str) -> None:
    post(door.url, "/v1/track", track(properties={"url": f"/?k={write_key}&n=1"}), headers=basic(write_key))

    with app.transaction() as inside:
        body = collect.stored_event(inside, 1).message
    assert body["properties"] == {"url": f"/?k=(key {write_key.split('_')[3]})&n=1"}


@pytest.mark.parametrize("ids", ["{0}1 {0}2", "rk_live_write_beef_1 rk_live_write_beef_2"])
def test_two_messages_whose_ids_differ_only_beside_or_inside_a_key_are_two_events(
    app: App, door: Door, write_key: str, ids: str
) -> None:
    messages = [track(messageId=ident) for ident in ids.format(write_key).split()]
    odd = [each | {"type": "odd"} for each in messages]

    for batch in (messages, odd, messages):
        post(door.url, "/v1/batch", {"batch": batch}, headers=basic(write_key))

    with app.transaction() as inside:
        assert collect.stored_event(inside, 2).message_id != collect.stored_event(inside, 1).message_id
        assert collect.refusal_states(inside)["open"] == 2
    assert leaks(app, write_key) == []
