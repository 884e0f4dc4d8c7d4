"""Protocols besides Segment's: one suite for the whole shelf, and what each of ours makes of its events."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.app import App
from regulars.collect.door import Arrival, Refused, Row, admit
from regulars.collect.errors import RequestTooLarge, RequestUnreadable
from regulars.collect.http.wire import BATCH_MAX_EVENTS, KIND_BY_PATH
from regulars.collect.keys import Source
from regulars.collect.wires import Request, Wire, wires
from tests.collect.door_server import Door, post
from tests.conftest import START

WIRES = wires.items()
SOURCE = Source(1, "till", "tills", "till")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "data",
        "type",
        "id",
        "source",
        "e",
        "aid",
        "eid",
        "ue_pr",
        "ue_px",
        "co",
        "cx",
        "schema",
        "batch",
        "subject",
        "dtm",
    ]
)
KINDS = st.sampled_from(["ue", "se", "pv", "tr", "identify", "iglu:a/b/jsonschema/1-0-0", "iglu:a", "%7B", "e30="])
events = st.dictionaries(
    FIELDS, KINDS | json_values | st.dictionaries(FIELDS, json_values | KINDS, max_size=3), max_size=6
)
bodies = st.binary(max_size=40) | (
    events | st.lists(events, max_size=3) | st.builds(lambda data: {"data": data}, st.lists(events, max_size=3))
).map(lambda content: json.dumps(content).encode())
queries = st.dictionaries(FIELDS, KINDS | st.text(max_size=9), max_size=6).map(
    lambda q: urlencode(q, errors="replace").encode()
)
headers = st.lists(
    st.tuples(
        st.sampled_from([b"content-type", b"ce-id", b"ce-type", b"ce-source", b"ce-time"]),
        st.sampled_from([b"application/json", b"text/plain", b"application/cloudevents+json", b"%ff\xff", b"track"]),
    ),
    max_size=4,
)


def judged(messages: list[object]) -> list[Row | Refused]:
    return [admit(each, Arrival(SOURCE, START, lambda: "minted")) for each in messages]


def rows(name: str, body: object = None, query: str = "", given: list[tuple[bytes, bytes]] | None = None) -> list[Any]:
    """Kind, name and body of the journal rows that this request would make."""
    plug_in = wires[name]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(plug_in.methods[0], plug_in.paths[0], query.encode(), given or [], raw)
    made = judged(plug_in.read(request).messages)
    assert all(isinstance(row, Row) for row in made), made
    return [(row.kind, row.name, json.loads(row.body)) for row in made if isinstance(row, Row)]


@pytest.mark.parametrize(("name", "plug_in"), WIRES)
def test_a_wire_has_paths_of_its_own_and_methods_that_exist(name: str, plug_in: Wire) -> None:
    others = [path for other, each in WIRES if other != name for path in each.paths]

    assert plug_in.paths
    assert set(plug_in.methods) <= {"GET", "POST"}
    assert not set(plug_in.paths) & {*others, *KIND_BY_PATH, "/health", "/sourceConfig"}


@pytest.mark.parametrize(("name", "plug_in"), WIRES)
@given(body=bodies, query=queries, given=headers)
def test_whatever_is_sent_a_wire_gives_messages_that_the_door_can_judge_or_says_why_not(
    name: str, plug_in: Wire, body: bytes, query: bytes, given: list[tuple[bytes, bytes]]
) -> None:
    for method in plug_in.methods:
        try:
            delivery = plug_in.read(Request(method, plug_in.paths[0], query, given, body))
        except (RequestUnreadable, RequestTooLarge):
            continue
        assert len(judged(delivery.messages)) == len(delivery.messages) <= BATCH_MAX_EVENTS


@pytest.mark.parametrize(("name", "plug_in"), WIRES)
@given(body=bodies, query=queries, given=headers)
def test_the_same_request_is_read_the_same_way_twice(
    name: str, plug_in: Wire, body: bytes, query: bytes, given: list[tuple[bytes, bytes]]
) -> None:
    request = Request(plug_in.methods[0], plug_in.paths[0], query, given, body)
    try:
        first, second = plug_in.read(request), plug_in.read(request)
    except (RequestUnreadable, RequestTooLarge):
        return

    # Not ==: a NaN is not equal to itself.
    assert repr(first) == repr(second)


# CloudEvents

EVENT = {"specversion": "1.0", "id": "7", "source": "//till.example/3", "type": "Order Completed"}
STRUCTURED = [(b"content-type", b"application/cloudevents+json; charset=utf-8")]


def cloud(**given: Any) -> Any:
    return EVENT | given


def test_the_three_modes_of_a_cloudevent_say_the_same() -> None:
    data = {"order_id": "o1", "userId": "ann"}
    time = "2026-03-02T14:00:00Z"
    binary = [(b"content-type", b"application/json"), (b"ce-time", time.encode())] + [
        (f"ce-{name}".encode(), value.encode()) for name, value in EVENT.items()
    ]

    structured = rows("cloudevents", cloud(data=data, time=time), given=STRUCTURED)

    assert structured == rows("cloudevents", [cloud(data=data, time=time)])
    assert structured == rows("cloudevents", data, given=binary)
    kind, name, body = structured[0]
    assert (kind, name, body["userId"], body["messageId"]) == ("track", "Order Completed", "ann", "//till.example/3 7")
    assert body["properties"] == {"order_id": "o1"}
    assert body["timestamp"] == time


def test_a_cloudevent_names_its_person_by_extension_or_data_and_never_by_its_subject() -> None:
    by_extension = cloud(userid="ann", data={"userId": "bob"})
    by_subject = cloud(subject="receipt-17", data={"order_id": "o1"})

    assert rows("cloudevents", by_extension)[0][2]["userId"] == "ann"
    body = rows("cloudevents", by_subject)[0][2]
    assert "userId" not in body
    assert body["context"]["cloudevent"] == {"source": "//till.example/3", "subject": "receipt-17"}


def test_a_cloudevent_of_one_of_the_six_kinds_is_that_message() -> None:
    event = cloud(type="identify", data={"userId": "ann", "traits": {"email": "ann@example.com"}})

    kind, _, body = rows("cloudevents", event)[0]

    assert (kind, body["userId"], body["traits"]) == ("identify", "ann", {"email": "ann@example.com"})


def test_ids_of_cloudevents_are_told_apart_by_their_sources_however_long_they_are() -> None:
    ids = {
        rows("cloudevents", cloud(id=own, source=source))[0][2]["messageId"]
        for source in ("a", "a b", "b", "s" * 300)
        for own in ("c", "b c", "i" * 300)
    }

    assert len(ids) == 12
    assert max(len(each) for each in ids) < 100


def test_data_of_a_cloudevent_that_is_no_json_is_kept_as_text_or_base64() -> None:
    head = [(f"ce-{name}".encode(), value.encode()) for name, value in EVENT.items()]

    text = rows("cloudevents", b"21.5", given=[*head, (b"content-type", b"text/plain")])
    picture = rows("cloudevents", b"\xff\xd8", given=[*head, (b"content-type", b"image/jpeg")])

    assert text[0][2]["properties"] == {"data": "21.5"}
    assert picture[0][2]["properties"] == {"data": "/9g="}


# Snowplow

KEY = "rk_live_write_1_2"


def plow(**fields: str) -> Any:
    given = {"aid": KEY, "eid": "e-1", "uid": "ann", "dtm": "1772460000000", "stm": "1772461800000"}
    return given | fields


def payload(*events: Any) -> Any:
    return {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": list(events)}


def described(name: str, data: Any, vendor: str = "example.shop") -> Any:
    return {"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-0", "data": data}


def self_describing(inner: Any, *entities: Any) -> Any:
    event = json.dumps(described("unstruct_event", inner))
    beside = json.dumps(described("contexts", list(entities)))
    return plow(e="ue", ue_px=base64.urlsafe_b64encode(event.encode()).decode().rstrip("="), co=beside)


def test_a_page_view_of_snowplow_is_a_page_of_her_who_looked() -> None:
    event = plow(e="pv", url="https://shop.example/", page="Home", duid="cookie-9", ua="Firefox", lang="en")

    kind, name, body = rows("snowplow", payload(event))[0]

    assert (kind, name, body["userId"], body["anonymousId"]) == ("page", "Home", "ann", "cookie-9")
    assert (body["messageId"], body["properties"]["url"]) == ("e-1", "https://shop.example/")
    assert (body["context"]["userAgent"], body["context"]["locale"]) == ("Firefox", "en")


def test_the_app_id_is_the_key_and_is_kept_nowhere() -> None:
    plug_in = wires["snowplow"]
    body = json.dumps(payload(plow(e="se", se_ac="add"), plow(e="??"))).encode()

    delivery = plug_in.read(Request("POST", plug_in.paths[0], b"", [], body))

    assert delivery.write_key == KEY
    assert KEY not in json.dumps(delivery.messages)


def test_beside_a_key_in_the_address_the_app_id_is_the_name_of_the_app() -> None:
    plug_in = wires["snowplow"]
    body = json.dumps(payload(plow(e="se", se_ac="add", aid="shop"), plow(e="se", se_ac="add", aid="app"))).encode()

    delivery = plug_in.read(Request("POST", plug_in.paths[0], b"writeKey=k", [], body))

    assert delivery.write_key is None
    assert [message["context"]["app"]["name"] for message in delivery.messages] == ["shop", "app"]  # pyright: ignore


def test_a_structured_event_is_named_by_its_action() -> None:
    kind, name, body = rows("snowplow", payload(plow(e="se", se_ca="shop", se_ac="add", se_va="2.5")))[0]

    assert (kind, name, body["properties"]) == ("track", "add", {"category": "shop", "value": "2.5"})


def test_a_self_describing_event_is_named_by_its_schema_and_a_screen_view_is_a_screen() -> None:
    seen = self_describing(described("coupon_seen", {"n": 4}), described("client_session", {"userId": "phone-1"}))
    screen = self_describing(described("screen_view", {"name": "Start"}, "com.snowplowanalytics.mobile"))

    first, second = rows("snowplow", payload(seen, screen))

    assert (first[:2], first[2]["properties"], first[2]["anonymousId"]) == (
        ("track", "coupon_seen"),
        {"n": 4},
        "phone-1",
    )
    assert second[:2] == ("screen", "Start")


def test_an_order_of_the_ecommerce_schemas_is_an_order_with_its_products() -> None:
    event = self_describing(
        described("snowplow_ecommerce_action", {"type": "transaction"}),
        described("transaction", {"transaction_id": "o1", "revenue": 19.9, "currency": "USD"}),
        described("product", {"id": "42", "price": 9.95, "quantity": 2}),
    )

    kind, name, body = rows("snowplow", payload(event))[0]

    assert (kind, name) == ("track", "Order Completed")
    assert body["properties"] == {
        "order_id": "o1",
        "revenue": 19.9,
        "currency": "USD",
        "products": [{"product_id": "42", "price": 9.95, "quantity": 2}],
    }


def test_the_older_transaction_and_its_items_are_told_apart_by_name() -> None:
    order = plow(e="tr", tr_id="o2", tr_tt="8.50")
    item = plow(e="ti", ti_id="o2", ti_sk="7", ti_pr="8.50", eid="e-2")

    made = rows("snowplow", payload(order, item))

    assert [(row[1], row[2]["properties"]["order_id"]) for row in made] == [
        ("Order Completed", "o2"),
        ("Transaction Item", "o2"),
    ]


def test_a_trackers_clock_is_repaired_unless_it_says_that_its_time_is_true() -> None:
    repaired, true = plow(e="pv"), plow(e="pv", ttm="1772460000000")
    body = json.dumps(payload(repaired, true)).encode()

    made = judged(wires["snowplow"].read(Request("POST", "", b"", [], body)).messages)

    # dtm and ttm are 14:00 and stm is 14:30; it came at 15:00 by our clock.
    assert [row.occurred_at.isoformat()[11:16] for row in made if isinstance(row, Row)] == ["14:30", "14:00"]


def test_what_a_tracker_sends_broken_is_refused_alone(app: App, door: Door, write_key: str) -> None:
    events = [
        plow(e="pv", aid=write_key),
        plow(e="ue", ue_px="%%", aid=write_key, eid="e-2"),
        plow(e="xx", aid=write_key),
    ]

    answer = post(door.url, "/com.snowplowanalytics.snowplow/tp2", payload(*events))

    assert answer.json() == {"success": True, "accepted": 1, "duplicates": 0, "refused": 2}
