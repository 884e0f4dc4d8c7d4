"""What the door lets in, what it refuses, and when it thinks something happened."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.app import App
from regulars.collect import Source, accept, claim, register
from regulars.collect.door import EVENT_MAX_BYTES, REFUSAL_KEPT_BYTES, Arrival, Refused, Row, admit, check_context
from regulars.collect.errors import RequestUnreadable
from regulars.collect.http.wire import read
from regulars.model import Body

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TILL = Source(1, "till", "tills", "till")
WEB = Source(2, "web", "web", "web")
GOOD: dict[str, Any] = {"type": "track", "event": "Seen", "userId": "ann", "messageId": "m"}


def knock(message: object, source: Source = TILL, **given: Any) -> Row | Refused:
    return admit(message, Arrival(source, NOW, lambda: "minted", **given))


@pytest.mark.parametrize("told", ['{"%s@": 1}' % ("a" * 31_000), "a" * 1_500 + "@example.com", "4" * 2_000])
def test_a_faulty_value_too_long_to_be_judged_shows_its_ends_alone(told: str) -> None:
    item = knock(GOOD | {"timestamp": told})

    assert isinstance(item, Refused)
    assert item.code == "RG-1107"
    assert "aaa" not in item.reason
    assert "444" not in item.reason


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "purchase"}, "RG-1102"),
        ({"type": None}, "RG-1102"),
        ({"userId": None}, "RG-1103"),
        ({"userId": ""}, "RG-1103"),
        ({"event": None}, "RG-1104"),
        ({"type": "alias"}, "RG-1104"),
        ({"type": "group"}, "RG-1104"),
        ({"userId": True}, "RG-1105"),
        ({"properties": [1]}, "RG-1105"),
        ({"messageId": "x" * 100}, "RG-1105"),
        ({"event": "x" * 501}, "RG-1105"),
        ({"properties": {"x": "y" * EVENT_MAX_BYTES}}, "RG-1106"),
        ({"timestamp": "yesterday"}, "RG-1107"),
        ({"timestamp": "0021-03-02T00:00:00Z"}, "RG-1107"),
        ({"timestamp": 10**17}, "RG-1107"),
        ({"timestamp": "2026-03-03T16:00:00Z"}, "RG-1108"),
        ({"properties": {"x": "a\x00b"}}, "RG-1109"),
        ({"properties": {"x": "\ud800"}}, "RG-1109"),
        ({"userId": "\ud800"}, "RG-1109"),
        ({"properties": {"x": float("nan")}}, "RG-1109"),
        ({"properties": {"x": [float("inf")]}}, "RG-1109"),
        ({"properties": {"x": 1e300}}, "RG-1109"),
        ({"properties": {"x": -(10**40)}}, "RG-1109"),
        ({"properties": deep(60)}, "RG-1109"),
        ({"properties": deep(5_000)}, "RG-1109"),
        ({"properties": {"x": object()}}, "RG-1109"),
        ({"userId": float("nan")}, "RG-1105"),
        ({"groupId": float("-inf")}, "RG-1105"),
        ({"anonymousId": 10**18}, "RG-1105"),
        ({"type": deep(5_000)}, "RG-1102"),
        ({"timestamp": deep(20)}, "RG-1107"),
        ({"type": 10**5_000}, "RG-1102"),
    ],
)
def test_a_faulty_message_is_refused_with_its_reason(change: dict[str, Any], code: str) -> None:
    item = knock(GOOD | change)

    assert isinstance(item, Refused), item
    assert item.code == code
    assert item.reason
    assert item.fix
    item.body.encode()
    assert "\x00" not in item.body


@pytest.mark.parametrize("field", ["type", "timestamp"])
def test_a_reason_names_no_person_although_the_message_does(field: str) -> None:
    somebody, nobody = knock(GOOD | {field: "jane.doe@example.com"}), knock(GOOD | {field: "soonish"})

    assert isinstance(somebody, Refused)
    assert isinstance(nobody, Refused)
    assert ("jane.doe" in somebody.reason, "jane.doe" in somebody.body, "'soonish'" in nobody.reason) == (
        False,
        True,
        True,
    )


def test_a_second_body_under_an_address_as_its_id_is_refused_without_saying_it(app: App) -> None:
    with app.transaction() as inside:
        source, _ = register(inside, "crm", "crm")
        one, other = (GOOD | {"messageId": "john.roe@example.com", "event": name} for name in ("Seen", "Heard"))
        told = accept(inside, source, [one, other], received_at=NOW)

    assert [("john.roe" in each.reason, each.code) for each in told.refusals] == [(False, "RG-1110")]


def test_an_event_happened_when_the_sender_says_by_a_repaired_clock() -> None:
    wrong_by_a_year = {"timestamp": "2027-03-02T15:00:00Z"}

    item = knock(GOOD | wrong_by_a_year, sent_at="2027-03-02T15:10:00Z")

    assert isinstance(item, Row)
    assert item.occurred_at == NOW - timedelta(minutes=10)
    assert knock(GOOD | {"timestamp": "2026-02-01"}).occurred_at == datetime(2026, 2, 1, tzinfo=UTC)  # type: ignore[union-attr]
    assert knock(GOOD | {"timestamp": 1_772_000_000_000}).occurred_at.year == 2026  # type: ignore[union-attr]
    assert knock(GOOD).occurred_at == NOW  # type: ignore[union-attr]


def test_an_anonymous_receipt_comes_from_a_till_but_never_from_a_browser() -> None:
    receipt = {"type": "track", "event": "Order Completed", "properties": {"revenue": 3.5}}
    opened = {"type": "track", "event": "Email Opened", "properties": {"email": "ann@example.com"}}

    assert isinstance(knock(receipt), Row)
    assert isinstance(knock(opened), Row)
    assert isinstance(knock(receipt, WEB), Refused)
    assert isinstance(knock(opened, WEB), Refused)
    assert isinstance(knock(opened | {"properties": {}}), Refused)


def test_two_deliveries_of_one_message_have_one_hash_and_other_content_has_another() -> None:
    first = knock(GOOD | {"properties": {"a": 1, "b": None}})
    second = knock({**dict(reversed((GOOD | {"properties": {"b": None, "a": 1}}).items())), "sentAt": "2026-03-02"})
    other = knock(GOOD | {"properties": {"a": 2, "b": None}})

    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert isinstance(other, Row)
    assert first.body_hash == second.body_hash != other.body_hash


def test_a_browsers_address_is_noted_and_a_servers_is_not() -> None:
    web, till = knock(GOOD, WEB, address="192.0.2.7"), knock(GOOD, TILL, address="192.0.2.7")

    assert isinstance(web, Row)
    assert isinstance(till, Row)
    assert '"ip":"192.0.2.7"' in web.body
    assert "192.0.2.7" not in till.body


def test_a_whole_number_given_as_an_id_is_that_number_however_it_is_written() -> None:
    ids = [msgspec.json.decode(knock(GOOD | {"userId": value}).body)["userId"] for value in (123, 123.0, "123", 0.5)]

    assert ids == ["123", "123", "123", "0.5"]


def test_what_is_refused_is_kept_up_to_a_limit_and_named_by_all_of_it() -> None:
    long = GOOD | {"type": "purchase", "x": "é" * 40_000}

    first, again, other = knock(long), knock(long | {"sentAt": "2026-03-02"}), knock(long | {"y": 1})

    assert isinstance(first, Refused)
    assert isinstance(again, Refused)
    assert isinstance(other, Refused)
    assert len(first.body.encode()) < REFUSAL_KEPT_BYTES + 100
    assert first.body.endswith(f"… (cut: the first {REFUSAL_KEPT_BYTES} of {len(json.dumps(long))} bytes)")
    assert first.body_hash == again.body_hash != other.body_hash


@pytest.mark.parametrize(
    "poison",
    [
        b'{"name":"x","properties":{"x":1e400}}',
        b'{"userId":"\\ud800"}',
        b'{"properties":{"x":NaN}}',
        b'{"properties":{"x":"\xff"}}',
        b'{"properties":{"x":' + b"9" * 5_000 + b"}}",
        b'{"properties":{"x":' + b"[" * 2_000 + b'"]"' + b"]" * 2_000 + b"}}",
        b'{"properties":' + b'{"]":' * 2_000 + b"1" + b"}" * 2_000 + b',"name":"]"}',
        b'{"type":' + b"[" * 2_000 + b"]" * 2_000 + b"}",
    ],
)
def test_one_unreadable_message_does_not_take_its_batch_with_it(poison: bytes) -> None:
    good = msgspec.json.encode(GOOD)

    delivery = read(b'{"batch":[' + b",".join([good, poison, good]) + b"]}", "batch")

    items = [knock(GOOD | message) for message in delivery.messages]  # type: ignore[operator]
    assert [type(item) for item in items] == [Row, Refused, Row]


def test_a_hostile_body_is_given_up_in_one_pass() -> None:
    for body in (b"[" * 1_000_000, b'{"a":' * 300_000, b"[" * 2_000 + b'"\\"' * 500_000, b"[" * 2_000 + b'"' * 999_999):
        with pytest.raises(RequestUnreadable):
            read(body, "batch")


def test_two_unreadable_messages_in_one_batch_leave_the_third() -> None:
    poison = [b'{"name":"x","properties":{"x":1e400}}', b'{"userId":"\\ud800"}']
    body = b'{"batch":[' + b",".join([*poison, msgspec.json.encode(GOOD)]) + b"]}"

    delivery = read(body, "batch")

    items = [knock(GOOD | message) for message in delivery.messages]  # type: ignore[operator]
    assert [type(item) for item in items] == [Refused, Refused, Row]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["type", "event", "userId", "messageId", "timestamp", "sentAt", "properties", "context", "traits", "name"]


@given(
    st.dictionaries(st.sampled_from(FIELDS), anything),
    st.sampled_from([TILL, WEB]),
    st.dictionaries(st.text(st.characters(codec=None), max_size=5), anything, max_size=4),
)
def test_whatever_comes_is_a_row_that_can_be_read_back_or_a_refusal(
    change: dict[str, Any], source: Source, around: dict[str, Any]
) -> None:
    refused = check_context(around)

    item = refused(GOOD | change) if refused else knock(GOOD | change, source, context=around)

    if isinstance(item, Row):
        msgspec.json.decode(item.body, type=Body)
        assert "\\u0000" not in item.body.replace("\\\\", "")
    else:
        item.body.encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.dictionaries(st.sampled_from(FIELDS), anything, max_size=3), min_size=1, max_size=20))
def test_what_the_door_lets_in_postgresql_stores_and_the_flow_can_claim(app: App, values: list[Any]) -> None:
    messages = [
        GOOD | {"properties": value} | value | {"messageId": str(n), "context": {"x": value}}
        for n, value in enumerate(values)
    ]

    with app.transaction() as inside:
        source, _ = register(inside, "till", "tills")
        receipt = accept(inside, source, messages, received_at=NOW)
        batch = claim(inside, 100)
        inside.db.rollback()

    assert receipt.accepted == (len(batch.events) if batch else 0)
    assert receipt.accepted + len(receipt.refusals) == len(messages)
