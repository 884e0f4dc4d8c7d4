"""F12: what is meant to break a decoder gets through no entrance, breaks none, and everything behind it goes on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import openpyxl
import pyarrow
import pyarrow.parquet as parquet
import pytest
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from regulars import collect
from regulars.app import App
from regulars.collect import feeds, payload
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.files.mapping import Mapping
from regulars.collect.formats import Dialect, FileRow, Place, formats
from regulars.collect.hooks import Hooks
from regulars.collect.http import wire
from regulars.collect.streams import Feed, kafka, mqtt
from regulars.collect.wires import Request
from tests.collect.door_server import Door, basic
from tests.collect.vendors import SECRET, SHOPIFY_ORDER, headers, raw

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


def stream_poison(app: App, source: collect.Source, folder: Path) -> None:
    """All poisons and a good one over a topic and from a device."""
    bodies = [*CORPUS.values(), GOOD]
    told = [
        SimpleNamespace(topic=lambda: "t", partition=lambda: 0, offset=lambda n=n: n, value=lambda body=body: body)
        for n, body in enumerate(bodies)
    ]
    packets = [SimpleNamespace(topic="a/d", payload=body, mid=n + 1, dup=False) for n, body in enumerate(bodies)]
    read = feeds.reading(Mapping(), app.settings.zone)
    connect = mqtt.MqttSettings(host="h", topics=["a/{device}"])
    for kind, given in (("kafka", 'brokers = "b"\ntopics = ["t"]'), ("mqtt", 'host = "h"\ntopics = ["a/{device}"]')):
        (folder / f"{kind}.toml").write_text(f'kind = "{kind}"\nsource = "till"\n[connect]\n{given}')
        with app.transaction() as inside:
            collect.feeds.add_stream(inside, kind, folder / f"{kind}.toml")
    kafka._take(app, Feed("kafka", source, None, read), told)  # pyright: ignore[reportPrivateUsage]
    mqtt._take(app, Feed("mqtt", source, connect, read), packets)  # pyright: ignore[reportPrivateUsage]


def test_f12_no_poison_stops_a_stream(app: App, source: collect.Source, tmp_path: Path) -> None:
    stream_poison(app, source, tmp_path)

    assert "good" in readable(app)
    with app.transaction() as inside:
        assert inside.db.execute("select next_offset from stream_offset").fetchall() == [(len(CORPUS) + 1,)]
        assert len(collect.refusals(inside, limit=500)) > len(CORPUS)


def test_f12_a_stream_whose_decoder_breaks_on_poison_is_caught(
    app: App, source: collect.Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_UNREADABLE", ())

    with pytest.raises(msgspec.DecodeError):
        stream_poison(app, source, tmp_path)

    assert readable(app) == set()


def deliver_poison(app: App) -> list[str]:
    """Orders that are known once every poison and one good delivery behind them was posted and mapped."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    for n, body in enumerate([*CORPUS.values(), raw(SHOPIFY_ORDER)]):
        sent = headers("shopify", "orders/create", body, delivery=f"d{n}")
        given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
        Hooks()(app, "shop", Request("POST", "", b"", given, body))
    while collect.map_deliveries(app):
        pass
    with app.transaction() as inside:
        return [row[0] for row in inside.db.execute("select distinct name from journal where kind = 'track'")]


def test_f12_no_poison_holds_up_the_deliveries_behind_it(app: App) -> None:
    assert "Order Completed" in deliver_poison(app)

    with app.transaction() as inside:
        states = dict(inside.db.execute("select state, count(*) from delivery group by 1").fetchall())
    assert states.keys() <= {"mapped", "silent", "refused"}
    assert sum(states.values()) == len(CORPUS) + 1


class Broke(BaseException):
    """What nobody catches: the process is gone."""


def test_f12_a_mapper_whose_decoder_breaks_on_poison_is_caught(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = payload.read

    def breaking(body: bytes) -> dict[str, Any]:
        try:
            return honest(body)
        except DeliveryUnreadable:
            raise Broke from None

    monkeypatch.setattr(payload, "read", breaking)

    with pytest.raises(Broke):
        deliver_poison(app)

    assert readable(app) == set()


def poisoned(path: Path) -> Path:
    """A file of this kind with a row for each poison, and a good one at its end."""
    write = {".jsonl": poisoned_lines, ".csv": poisoned_csv, ".parquet": poisoned_table, ".xlsx": poisoned_workbook}
    write[path.suffix](path)
    return path


def poisoned_lines(path: Path) -> None:
    lines = [body.replace(b"\n", b" ").replace(b"\r", b" ") or b" " for body in CORPUS.values()]
    path.write_bytes(b"\n".join([*lines, GOOD, b""]))


def poisoned_csv(path: Path) -> None:
    cells = [b'"' + body[:1_000_000].replace(b'"', b'""').replace(b"\x00", b"?") + b'"' for body in CORPUS.values()]
    rows = [b",".join([b"ann", b"Seen", b"m%d" % n, cell]) for n, cell in enumerate(cells)]
    path.write_bytes(b"\n".join([b"user_id,event,message_id,x", *rows, b"ann,Seen,good,1", b""]))


def poisoned_table(path: Path) -> None:
    """Bytes as they are, and numbers that JSON does not have."""
    values = [*CORPUS.values(), b"1"]
    odd = [float("nan"), float("inf"), float("-inf"), 1e308]
    ids = [*(f"m{n}" for n in range(len(CORPUS))), "good"]
    columns = {"user_id": ["ann"] * len(ids), "event": ["Seen"] * len(ids), "message_id": ids}
    numbers = [odd[n % len(odd)] for n in range(len(CORPUS))]
    parquet.write_table(
        pyarrow.table(columns | {"x": pyarrow.array(values, pyarrow.binary()), "y": [*numbers, 1.0]}), path
    )


def poisoned_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["user_id", "event", "message_id", "x"])
    for n, body in enumerate(CORPUS.values()):
        text = ILLEGAL_CHARACTERS_RE.sub("?", body[:30_000].decode("utf-8", "replace"))
        sheet.append(["ann", "Seen", f"m{n}", text])
    sheet.append(["ann", "Seen", "good", 1])
    book.save(path)


ENDINGS = ["jsonl", "csv", "parquet", "xlsx"]


def missing(app: App, source: collect.Source, file: Path) -> list[str]:
    """What an import of it lost: rows of which nobody was told, and the good one behind the poison."""
    report = collect.import_file(app, file, source)
    found = [] if "good" in readable(app) else ["the good row"]
    told = report.accepted + report.duplicates + report.refused
    # A line that is empty is no row.
    return found + (["rows"] if report.rows < len(CORPUS) or told != report.rows else [])


@pytest.mark.parametrize("ending", ENDINGS)
def test_f12_no_poison_hides_the_good_rows_of_a_file(
    app: App, source: collect.Source, tmp_path: Path, ending: str
) -> None:
    assert missing(app, source, poisoned(tmp_path / f"poison.{ending}")) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_f12_a_reader_of_files_that_ends_at_a_poison_is_caught(
    app: App, source: collect.Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    honest = formats[ending]

    def ends(path: Path, dialect: Dialect, after: Place) -> Iterator[FileRow]:
        yield from islice(honest.read(path, dialect, after), 3)

    monkeypatch.setitem(formats._found, ending, honest._replace(read=ends))  # pyright: ignore[reportPrivateUsage]

    assert missing(app, source, poisoned(tmp_path / f"poison.{ending}")) == ["the good row", "rows"]
