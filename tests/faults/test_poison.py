"""F12: what is meant to break a decoder gets through no entrance, breaks none, and everything behind it goes on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import feeds
from regulars.collect.files.mapping import Mapping
from regulars.collect.http import wire
from regulars.collect.streams import Feed, kafka, mqtt
from tests.collect.door_server import Door, basic
from tests.collect.vendors import SECRET, headers

GOOD = b'{"type":"track","event":"Seen","userId":"ann","messageId":"good","properties":{"n":1}}'


def event(value: bytes) -> bytes:
    """A message that is good but for one value."""
    return b'{"type":"track","event":"Seen","userId":"ann","properties":{"x":' + value + b"}}"


CORPUS = {
    "nothing": b"",
    "no JSON": b"{",
    "binary": bytes(range(256)),
    "a bare value": b"7",
    "a list": b"[1,2]",
    "deep lists": event(b"[" * 100_000 + b"]" * 100_000),
    "deep objects": event(b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "never closed": b'{"a":' * 50_000,
    "NUL": event(b'"a\\u0000b"'),
    "raw NUL": event(b'"a\x00b"'),
    "half a pair": event(b'"\\ud800"'),
    "not UTF-8": event(b'"\xff\xfe"'),
    "NaN": event(b"NaN"),
    "infinite": event(b"1e400"),
    "long digits": event(b"9" * 5_000),
    "the same key twice": b'{"type":"track","type":"identify","event":"Seen","userId":"ann","userId":"bob"}',
    "10 MB of text": event(b'"' + b"x" * 10_000_000 + b'"'),
    "many keys": event(b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}"),
    "types wrong": b'{"type":{"a":1},"event":[],"userId":{},"properties":7,"context":"x","messageId":3.5}',
    "gzip that is none": b"\x1f\x8b" + bytes(50),
}


@pytest.fixture
def source(app: App) -> collect.Source:
    with app.transaction() as inside:
        return collect.register(inside, "till", "tills")[0]


def readable(app: App) -> set[str]:
    """Ids of what the flow reads: it decodes every row of the journal."""
    with app.transaction() as inside:
        batch = collect.claim(inside, 10_000)
    return {each.message_id for each in batch.events} if batch else set()


def posts(url: str, key: str) -> dict[str, Callable[[httpx.Client, bytes], httpx.Response]]:
    """Each entrance over HTTP."""
    json_type = {"content-type": "application/json"}
    cloud = {"content-type": "application/cloudevents+json"}
    named = {"ce-id": "1", "ce-source": "/x", "ce-type": "Seen", "ce-specversion": "1.0"} | json_type

    def query(body: bytes) -> str:
        return quote(base64.urlsafe_b64encode(body[:4_000]).decode())

    return {
        "track": lambda http, body: http.post("/v1/track", content=body, headers=basic(key)),
        "batch": lambda http, body: http.post("/v1/batch", content=b'{"batch":[' + body + b"]}", headers=basic(key)),
        "cloudevents": lambda http, body: http.post("/v1/cloudevents", content=body, headers=basic(key) | cloud),
        "cloudevents binary": lambda http, body: http.post("/v1/cloudevents", content=body, headers=basic(key) | named),
        "snowplow": lambda http, body: http.post(
            "/com.snowplowanalytics.snowplow/tp2", content=body, headers=basic(key) | json_type
        ),
        "beacon": lambda http, body: http.post("/beacon/v1/batch", content=body, headers=basic(key)),
        "pixel": lambda http, body: http.get(f"/pixel/v1/track?data={query(body)}&writeKey={key}"),
        "webhook": lambda http, body: http.post(
            "/hooks/shop", content=body, headers=headers("shopify", "orders/create", body, delivery="d1")
        ),
    }


def faults_of(app: App, poisons: dict[str, bytes]) -> list[str]:
    """Entrances and poisons that were answered as a fault of ours."""
    with app.transaction() as inside:
        key = collect.rotate(inside, "till")
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    found: list[str] = []
    with Door(app) as door, httpx.Client(base_url=door.url, timeout=60) as http:
        for entrance, post in posts(door.url, key).items():
            for name, body in poisons.items():
                try:
                    status = post(http, body).status_code
                except httpx.TransportError:
                    continue  # hung up on while it still sent what is too large
                if status >= 500:
                    found.append(f"{entrance}: {name}: {status}")
        assert http.post("/v1/track", content=GOOD, headers=basic(key)).status_code == 200
    return found


def test_f12_no_poison_is_a_fault_of_ours_at_any_entrance_over_http(app: App, source: collect.Source) -> None:
    assert faults_of(app, CORPUS) == []

    collect.map_deliveries(app)
    assert "good" in readable(app)


def test_f12_a_gateway_whose_decoder_breaks_on_poison_is_caught(
    app: App, source: collect.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_UNREADABLE", ())

    assert "track: no JSON: 500" in faults_of(app, {"no JSON": CORPUS["no JSON"]})


def test_f12_no_poison_stops_a_stream(app: App, source: collect.Source, tmp_path: Path) -> None:
    bodies = [*CORPUS.values(), GOOD]
    told = [
        SimpleNamespace(topic=lambda: "t", partition=lambda: 0, offset=lambda n=n: n, value=lambda body=body: body)
        for n, body in enumerate(bodies)
    ]
    packets = [SimpleNamespace(topic="a/d", payload=body, mid=n + 1, dup=False) for n, body in enumerate(bodies)]
    read = feeds.reading(Mapping(), app.settings.zone)
    connect = mqtt.MqttSettings(host="h", topics=["a/{device}"])
    for kind, given in (("kafka", 'brokers = "b"\ntopics = ["t"]'), ("mqtt", 'host = "h"\ntopics = ["a/{device}"]')):
        (tmp_path / f"{kind}.toml").write_text(f'kind = "{kind}"\nsource = "till"\n[connect]\n{given}')
        with app.transaction() as inside:
            collect.add_stream(inside, kind, tmp_path / f"{kind}.toml")

    kafka._take(app, Feed("kafka", source, None, read), told)  # pyright: ignore[reportPrivateUsage]
    mqtt._take(app, Feed("mqtt", source, connect, read), packets)  # pyright: ignore[reportPrivateUsage]

    assert "good" in readable(app)
    with app.transaction() as inside:
        assert inside.db.execute("select next_offset from stream_offset").fetchall() == [(len(bodies),)]
        assert len(collect.refusals(inside, limit=500)) > len(CORPUS)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_f12_no_poison_hides_the_good_rows_of_a_file(
    app: App, source: collect.Source, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"poison.{ending}"
    lines = [body.replace(b"\n", b" ").replace(b"\r", b" ") for body in CORPUS.values()]
    if ending == "csv":
        cells = [b'"' + line[:1_000_000].replace(b'"', b'""').replace(b"\x00", b"?") + b'"' for line in lines]
        lines = [b"user_id,event,message_id,x", *(b"ann,Seen,m%d," % n + cell for n, cell in enumerate(cells))]
        file.write_bytes(b"\n".join([*lines, b"ann,Seen,good,1", b""]))
    else:
        file.write_bytes(b"\n".join([*lines, GOOD, b""]))

    report = collect.import_file(app, file, source)

    assert report.refused > 0
    assert "good" in readable(app)
