"""Protocols besides Segment's, and deliveries of vendors, pass the same door."""

import json
from datetime import UTC, datetime
from importlib import import_module
from itertools import product

import httpx
import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import RequestTooLarge, RequestUnreadable
from regulars.collect.wires import Request, Wire, wires
from regulars.kit.errors import InputRefused
from tests.collect.door_server import Door, post
from tests.collect.test_gateway import EVENT, reasons, stored

gateway = import_module("regulars.collect.http.gateway")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GARBAGE = {
    "no text": b"\xff\x00{",
    "nothing": b"",
    "null": b"null",
    "a number": b"7",
    "half a character": b'"\\ud800"',
    "deep": b'{"a":' * 2_000,
}


def test_a_pixel_in_a_mail_is_an_event_and_a_picture(app: App, door: Door, write_key: str) -> None:
    asked = {"writeKey": write_key, "userId": "ann", "event": "Mail Opened", "properties.campaign": "june"}

    answer = httpx.get(door.url + "/pixel/v1/track", params=asked | {"messageId": "a", "properties.campaign.x": "y"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a\x01\x00\x01\x00")
    assert answer.headers["cache-control"] == "no-store"
    assert stored(app)[0][:3] == ("a", "track", "Mail Opened")
    assert stored(app)[0][3]["properties"] == {"campaign": "june"}
    assert write_key not in json.dumps(stored(app)[0][3])


def test_a_beacon_carries_a_batch_as_plain_text_with_the_key_in_its_address(
    app: App, door: Door, write_key: str
) -> None:
    answer = post(
        door.url,
        f"/beacon/v1/batch?writeKey={write_key}",
        {"batch": [EVENT, EVENT | {"messageId": "b"}]},
        headers={"content-type": "text/plain"},
    )

    assert answer.json() == {"success": True, "accepted": 2, "duplicates": 0, "refused": 0}
    assert [row[0] for row in stored(app)] == ["a", "b"]


def test_a_wire_answers_in_our_words_what_it_does_not_take(app: App, door: Door, write_key: str) -> None:
    with httpx.Client(base_url=door.url, params={"writeKey": write_key}) as client:
        wrong_method = client.post("/pixel/v1/page", json=EVENT)
        no_json = client.post("/beacon/v1/batch", content=b"{")
        no_key = httpx.get(door.url + "/pixel/v1/page?userId=ann")
        too_many = client.get("/pixel/v1/page", params={f"f{n}": "x" for n in range(300)})

    assert [each.status_code for each in (wrong_method, no_json, no_key, too_many)] == [405, 400, 401, 400]
    assert not any(each.json()["success"] for each in (wrong_method, no_json, no_key, too_many))
    assert reasons(app) == ["RG-1111"] * 2
    assert stored(app) == []


def test_every_path_of_a_wire_leads_to_it_and_to_no_other() -> None:
    by_path = gateway._by_path(wires.items())

    assert list(wires)
    assert [name for name, wire in wires.items() if not wire.paths or not wire.methods] == []
    assert [path for _, wire in wires.items() for path in wire.paths if by_path[path] is not wire] == []


@pytest.mark.parametrize("name", list(wires))
@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_what_no_wire_can_read_is_never_swallowed(name: str, sent: bytes) -> None:
    arrival = collect.Arrival(collect.Source(1, "shop", "web", "shop"), NOON, lambda: "minted")

    for path, method in product(wires[name].paths, wires[name].methods):
        try:
            delivery = wires[name].read(Request(method, path, sent, [], sent))
        except RequestUnreadable:
            continue
        judged = [collect.admit(message, arrival) for message in delivery.messages]
        assert judged, f"{method} {path} takes it and says nothing"
        assert all(isinstance(each, collect.Refused) for each in judged)


def test_two_wires_on_one_path_are_refused_at_the_start() -> None:
    plug_in = Wire(("/v1/batch",), ("POST",), wires["beacon"].read)

    with pytest.raises(InputRefused, match="/v1/batch"):
        gateway._by_path([("mine", plug_in)])


def hook(app: App, source: str, request: Request) -> bytes:
    """A vendor's hook as the gateway sees one."""
    if request.body == b"gone":
        raise psycopg.OperationalError("gone")
    if not request.is_whole:
        raise RequestTooLarge("It is too long", "Send less")
    if request.body != b"\x1f\x8b raw":
        raise RequestUnreadable("The signature is wrong", "Sign it")
    assert dict(request.headers)[b"x-signature"] == b"s"
    return json.dumps({"source": source}).encode()


def test_a_delivery_of_a_vendor_is_handed_on_as_received_and_its_refusal_answered(app: App) -> None:
    with Door(app, hook) as door, httpx.Client(base_url=door.url, headers={"X-Signature": "s"}) as client:
        taken = client.post("/hooks/webstore", content=b"\x1f\x8b raw")
        others = [client.post("/hooks/webstore", content=each) for each in (b"forged", b"gone")]
        others += [client.get("/hooks/webstore"), client.post("/hooks/webstore", content=b"x" * 5_000_000)]

    assert (taken.status_code, taken.json()) == (200, {"source": "webstore"})
    assert [each.status_code for each in others] == [400, 503, 405, 413]
    assert others[1].headers["retry-after"] == "2"


def test_deliveries_that_come_faster_than_they_are_taken_are_asked_to_come_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "HOOKS_WAITING_MAX", 0)

    with Door(app, hook) as door:
        answer = post(door.url, "/hooks/webstore", b"\x1f\x8b raw")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
