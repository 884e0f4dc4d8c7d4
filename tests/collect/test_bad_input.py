"""Bad input gets the documented answer, on every path that takes events; nothing of it reaches the journal."""

import base64
import gzip
import json
from typing import Any, NamedTuple

import httpx
import pytest

from regulars import collect
from regulars.app import App
from tests.collect.door_server import Door, basic

TRACK = {"type": "track", "event": "Seen", "userId": "ann", "messageId": "a"}
CLOUD = {"specversion": "1.0", "id": "1", "source": "//till/3", "type": "Seen", "data": {"userId": "ann"}}
TP2 = "/com.snowplowanalytics.snowplow/tp2"
OVER = 4 * 1024 * 1024 + 1


class Case(NamedTuple):
    """A request, with a key of a source unless it says no, and what it is told."""

    what: str
    method: str
    path: str
    body: Any
    status: int
    code: str | None = None
    key: bool = True
    refusals: tuple[str, ...] = ()


def many(event: Any) -> list[Any]:
    return [event] * 2_501


def plow(*events: Any) -> Any:
    return {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": list(events)}


CASES = [
    Case("no key", "POST", "/v1/track", TRACK, 401, "RG-1131", key=False),
    Case("a key nobody has in the body", "POST", "/v1/track", TRACK | {"writeKey": "x"}, 401, "RG-1131", key=False),
    Case("no JSON", "POST", "/v1/batch", b"{", 400, "RG-1130", refusals=("RG-1111",)),
    Case("an empty body", "POST", "/v1/batch", b"", 400, "RG-1130", refusals=("RG-1111",)),
    Case("a list", "POST", "/v1/batch", [], 400, "RG-1130", refusals=("RG-1111",)),
    Case("no list named batch", "POST", "/v1/batch", {"batch": 7}, 400, "RG-1130", refusals=("RG-1111",)),
    Case("gzip that is none", "POST", "/v1/batch", b"\x1f\x8bnothing", 400, "RG-1130", refusals=("RG-1111",)),
    Case("half of a gzip", "POST", "/v1/batch", gzip.compress(b"{}" * 99)[:-9], 400, "RG-1130", refusals=("RG-1111",)),
    Case("over 4 MiB", "POST", "/v1/batch", b" " * OVER, 413, "RG-1132", refusals=("RG-1144",)),
    Case("over 4 MiB, no key", "POST", "/v1/batch", b" " * OVER, 413, "RG-1132", key=False),
    Case("over 4 MiB unpacked", "POST", "/v1/batch", gzip.compress(b" " * OVER), 413, "RG-1132", refusals=("RG-1144",)),
    Case("2,501 events", "POST", "/v1/batch", {"batch": many(TRACK)}, 413, "RG-1132", refusals=("RG-1144",)),
    Case("2,501 events, the key in the body", "POST", "/v1/batch", {"batch": many(TRACK), "writeKey": "KEY"}, 413,
         "RG-1132", key=False, refusals=("RG-1144",)),
    Case("GET", "GET", "/v1/batch", b"", 405, "RG-1145"),
    Case("hook: NUL in its name", "POST", "/hooks/%00", b"{}", 404, "RG-1157"),
    Case("PUT", "PUT", "/v1/track", TRACK, 405, "RG-1145"),
    Case("no such path", "POST", "/v1/nothing", TRACK, 404, "RG-1143"),
    Case("nobody", "POST", "/v1/track", {"event": "Seen"}, 200, refusals=("RG-1103",)),
    Case("no event", "POST", "/v1/track", {"userId": "ann"}, 200, refusals=("RG-1104",)),
    Case("no type", "POST", "/v1/batch", {"batch": [{"userId": "ann"}]}, 200, refusals=("RG-1102",)),
    Case("a number", "POST", "/v1/batch", {"batch": [7]}, 200, refusals=("RG-1101",)),
    Case("userId is an object", "POST", "/v1/track", TRACK | {"userId": {}}, 200, refusals=("RG-1105",)),
    Case("a long id", "POST", "/v1/track", TRACK | {"messageId": "i" * 100}, 200, refusals=("RG-1105",)),
    Case("over 32 KiB", "POST", "/v1/track", TRACK | {"properties": {"x": "y" * 33_000}}, 200, refusals=("RG-1106",)),
    Case("no time", "POST", "/v1/track", TRACK | {"timestamp": "soon"}, 200, refusals=("RG-1107",)),
    Case("far future", "POST", "/v1/track", TRACK | {"timestamp": "2099-01-01T00:00:00Z"}, 200, refusals=("RG-1108",)),
    Case("cloud: no key", "POST", "/v1/cloudevents", CLOUD, 401, "RG-1131", key=False),
    Case("cloud: no JSON", "POST", "/v1/cloudevents", b"{c", 400, "RG-1130", refusals=("RG-1111",)),
    Case("cloud: GET", "GET", "/v1/cloudevents", b"", 405, "RG-1145"),
    Case("cloud: 2,501 events", "POST", "/v1/cloudevents", many(CLOUD), 413, "RG-1132", refusals=("RG-1144",)),
    Case("cloud: over 4 MiB", "POST", "/v1/cloudevents", b"\n" * OVER, 413, "RG-1132", refusals=("RG-1144",)),
    Case("cloud: no type", "POST", "/v1/cloudevents", CLOUD | {"type": None}, 200, refusals=("RG-1104",)),
    Case("cloud: a number", "POST", "/v1/cloudevents", [8], 200, refusals=("RG-1101",)),
    Case("cloud: nobody", "POST", "/v1/cloudevents", CLOUD | {"data": {}}, 200, refusals=("RG-1103",)),
    Case("plow: no key", "POST", TP2, plow({"e": "pv", "uid": "ann"}), 401, "RG-1131", key=False),
    Case("plow: no JSON", "POST", TP2, b"{p", 400, "RG-1130", refusals=("RG-1111",)),
    Case("plow: no data", "POST", TP2, {"schema": "x"}, 400, "RG-1130", refusals=("RG-1111",)),
    Case("plow: two app ids", "POST", TP2, plow({"aid": "a"}, {"aid": "b"}), 401, "RG-1131", key=False),
    Case("plow: PUT", "PUT", TP2, plow(), 405, "RG-1145"),
    Case("plow: 2,501 events", "POST", TP2, plow(*many({"e": "pv", "uid": "ann"})), 413, "RG-1132",
         refusals=("RG-1144",)),
    Case("plow: no event", "POST", TP2, plow({"e": "??", "uid": "ann"}), 200, refusals=("RG-1102",)),
    Case("plow: nobody", "POST", TP2, plow({"e": "pv"}), 200, refusals=("RG-1103",)),
    Case("plow: an address of no event", "GET", "/i?uid=ann", b"", 200, refusals=("RG-1102",)),
    Case("plow: a POST to the picture", "POST", "/i", plow(), 405, "RG-1145"),
    Case("pixel: no key", "GET", "/pixel/v1/track?userId=ann&event=Seen", b"", 401, "RG-1131", key=False),
    Case("pixel: no event", "GET", "/pixel/v1/track?userId=bob", b"", 200, refusals=("RG-1104",)),
    Case("pixel: POST", "POST", "/pixel/v1/track", TRACK, 405, "RG-1145"),
    Case("pixel: 201 fields", "GET", "/pixel/v1/page?" + "&".join(f"f{n}=1" for n in range(201)), b"", 400, "RG-1130",
         refusals=("RG-1111",)),
    Case("beacon: no key", "POST", "/beacon/v1/batch", {"batch": [TRACK]}, 401, "RG-1131", key=False),
    Case("beacon: no JSON", "POST", "/beacon/v1/batch", b"}", 400, "RG-1130", refusals=("RG-1111",)),
    Case("beacon: GET", "GET", "/beacon/v1/batch", b"", 405, "RG-1145"),
]  # fmt: skip


def test_bad_input_gets_the_documented_answer_and_its_refusal(app: App, door: Door, write_key: str) -> None:
    told: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    with httpx.Client(base_url=door.url, timeout=30) as client:
        for case in CASES:
            before = refusals(app)
            content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
            content = content.replace(b'"KEY"', json.dumps(write_key).encode())
            headers = basic(write_key) if case.key else {}
            answer = client.request(case.method, case.path, content=content, headers=headers)
            is_json = answer.headers["content-type"] == "application/json"
            code = answer.json().get("code") if is_json else None
            told[case.what] = (answer.status_code, code, refusals(app)[len(before) :])
            wanted[case.what] = (case.status, case.code, list(case.refusals))

    assert told == wanted
    with app.transaction() as inside:
        assert inside.db.execute("select count(*) from journal").fetchone() == (0,)


def test_what_is_told_of_bad_input_says_what_to_do(door: Door, write_key: str) -> None:
    answer = httpx.post(door.url + "/v1/batch", content=b"{", headers=basic(write_key)).json()

    assert answer["success"] is False
    assert answer["message"].startswith("The body is not valid JSON")
    assert "Send one JSON object" in answer["message"]


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !", "Basic " + base64.b64encode(b":").decode(), "Bearer x", "Digest y", "Basic " + "A" * 5_000],
)
def test_an_authorization_that_says_nothing_is_no_key(door: Door, header: str) -> None:
    answer = httpx.post(door.url + "/v1/track", json=TRACK, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "RG-1131")


def refusals(app: App) -> list[str]:
    """Codes of all refusals, oldest first."""
    with app.transaction() as inside:
        return [each.code for each in reversed(collect.refusals(inside))]
