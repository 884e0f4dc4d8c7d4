"""Topics of Kafka in and out: once, whoever is killed. Over TCP to a cluster in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from regulars import collect
from regulars.app import App
from regulars.collect.streams import kafka
from tests.collect.streams.brokers import kafka_broker, kafka_cluster, toml
from tests.collect.streams.runs import Runner, add, bodies, count, refusals, running, state, until

EVENT = {"type": "track", "event": "Order Completed", "userId": "ann", "properties": {"revenue": 5}}
MESSAGES = 4_000
KILLS = int(os.environ.get("REGULARS_TEST_KILLS", "2"))
# The negative control: a consumer that moves its offsets before it appends what stood there.
BROKEN = """
from regulars.collect.streams import kafka

honest = kafka._take

def hasty(app, feed, messages):
    reached = {(m.topic(), m.partition()): m.offset() + 1 for m in messages}
    with app.transaction() as inside:
        kafka._keep(inside, feed, reached)
    time.sleep(0.5)
    kafka._offsets = lambda app, feed: {}
    honest(app, feed, messages)

kafka._take = hasty
from regulars.cli import main
main()
"""


@pytest.fixture(scope="module", params=[kafka_cluster, kafka_broker], ids=["cluster", "broker"])
def brokers(request: pytest.FixtureRequest) -> Generator[str, None, None]:
    with request.param() as addresses:
        yield addresses


def send(brokers: str, topic: str, payloads: list[bytes | None], partition: int | None = None) -> None:
    # Tansu in memory counts batches, not messages, in what it says of a topic's end: so each batch is one message.
    producer = Producer({"bootstrap.servers": brokers, "log_level": 0, "batch.num.messages": 1})
    for payload in payloads:
        if partition is None:
            producer.produce(topic, payload)
        else:
            producer.produce(topic, payload, partition=partition)
    assert producer.flush(20) == 0


def numbered(first: int, beyond: int) -> list[bytes | None]:
    return [json.dumps(EVENT | {"properties": {"number": number}}).encode() for number in range(first, beyond)]


def numbers(app: App) -> list[int]:
    return sorted(body["properties"]["number"] for body in bodies(app))


def test_messages_of_a_topic_are_events_and_what_is_none_is_refused_with_its_reason(
    app: App, brokers: str, tmp_path: Path
) -> None:
    whole = [{**EVENT, "messageId": "own"}, {**EVENT, "messageId": "own"}, EVENT]
    payloads: list[bytes | None] = [json.dumps(each).encode() for each in whole]
    send(brokers, "orders", [*payloads, b"no json", None, b'{"type":"track"}'], partition=0)
    add(app, tmp_path, "orders", toml("kafka", "shop", {"brokers": brokers, "topics": ["orders"]}))

    with running(app, "orders"):
        until(lambda: count(app) == 2 and len(refusals(app)) == 3)

    with app.transaction() as inside:
        ids = [row[0] for row in inside.db.execute("select message_id from journal order by seq")]
    assert ids == ["own", "kafka:orders:orders:0:2"]
    assert [each.code for each in refusals(app)] == ["RG-1111", "RG-1111", "RG-1104"]
    assert state(app, "orders") == "stopped"


def test_a_mapping_makes_events_of_any_json_and_reaches_inside(app: App, brokers: str, tmp_path: Path) -> None:
    sale = {"id": 7, "at": "2026-03-01T10:00:00", "who": {"card": "4711"}, "total": "3.50", "till": 3}
    send(brokers, "sales", [json.dumps(sale).encode()])
    mapping = """[mapping]
event = "Order Completed"
[mapping.fields]
id = "messageId"
at = "timestamp"
"who.card" = "context.traits.loyalty_card"
total = "properties.revenue"
"""
    add(app, tmp_path, "sales", toml("kafka", "tills", {"brokers": brokers, "topics": ["sales"]}, mapping))

    with running(app, "sales"):
        until(lambda: count(app) == 1)

    assert bodies(app) == [
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": "7",
            "timestamp": "2026-03-01T10:00:00+00:00",
            "context": {"traits": {"loyalty_card": "4711"}},
            "properties": {"revenue": 3.5},
        }
    ]


def test_a_consumer_killed_in_the_middle_again_and_again_has_applied_each_message_once(
    app: App, brokers: str, tmp_path: Path
) -> None:
    send(brokers, "killed", numbered(0, MESSAGES))
    add(app, tmp_path, "killed", toml("kafka", "shop", {"brokers": brokers, "topics": ["killed"]}))
    consumer = Runner(app, "killed")

    for share in range(KILLS):
        with consumer.running():
            until(lambda share=share: count(app) >= min(share, 3) * 1_000 + 1)
    with consumer.running():
        send(brokers, "killed", numbered(MESSAGES, MESSAGES + 10))
        until(lambda: count(app) >= MESSAGES + 10)
        assert consumer.end() == 0

    assert numbers(app) == list(range(MESSAGES + 10))
    assert refusals(app) == []


def test_two_that_run_one_stream_apply_each_message_once(app: App, brokers: str, tmp_path: Path) -> None:
    add(app, tmp_path, "twice", toml("kafka", "shop", {"brokers": brokers, "topics": ["twice"]}))
    send(brokers, "twice", numbered(0, 500))

    with running(app, "twice"), running(app, "twice"):
        until(lambda: count(app) >= 500)
        send(brokers, "twice", numbered(500, 1_000))
        until(lambda: count(app) >= 1_000)

    assert numbers(app) == list(range(1_000))


def test_a_consumer_that_moves_its_offsets_first_is_caught_losing(app: App, brokers: str, tmp_path: Path) -> None:
    send(brokers, "hasty", numbered(0, 2_000))
    add(app, tmp_path, "hasty", toml("kafka", "shop", {"brokers": brokers, "topics": ["hasty"]}))
    broken = tmp_path / "hasty.py"
    broken.write_text(BROKEN)
    consumer = Runner(app, "hasty", [str(broken)])

    with consumer.running():
        until(lambda: any(offset for offset in offsets(app, "hasty")))
    with running(app, "hasty"):
        until(lambda: sum(offsets(app, "hasty")) == 2_000)

    assert count(app) < 2_000


def offsets(app: App, name: str) -> list[int]:
    with app.transaction() as inside:
        rows = inside.db.execute("select next_offset from stream_offset where stream = %s", [name])
        return [row[0] for row in rows]


def test_a_stream_added_to_begin_at_the_end_takes_what_comes_while_it_is_down(
    app: App, brokers: str, tmp_path: Path
) -> None:
    send(brokers, "news", numbered(0, 3))
    add(app, tmp_path, "news", toml("kafka", "shop", {"brokers": brokers, "topics": ["news"], "begin": "end"}))

    with running(app, "news"):
        until(lambda: state(app, "news") == "running")
    send(brokers, "news", numbered(3, 6))
    with running(app, "news"):
        until(lambda: count(app) == 3)

    assert numbers(app) == [3, 4, 5]


def test_the_journal_goes_out_in_order_and_again_what_was_not_acknowledged(
    app: App, brokers: str, tmp_path: Path
) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "shop", "other")
        sold = [{**EVENT, "messageId": f"m{number}"} for number in range(5)]
        collect.accept(inside, source, sold, received_at=app.clock.now())
    add(app, tmp_path, "out", toml("kafka_out", "", {"brokers": brokers, "topic": "journal"}))

    with running(app, "out"):
        until(lambda: state(app, "out") == "running")
        first = received(brokers, "journal", 5)
        with app.transaction() as inside:
            inside.db.execute("update checkpoint set seq = 3 where reader = 'kafka:out'")
        again = received(brokers, "journal", 7)

    assert {seq: body["messageId"] for seq, body in first} == {n + 1: f"m{n}" for n in range(5)}
    assert dict(again) == dict(first)
    assert sorted(seq for seq, _ in again) == [1, 2, 3, 4, 4, 5, 5]


def received(brokers: str, topic: str, wanted: int) -> list[tuple[int, dict[str, Any]]]:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test", "log_level": 0})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    found: list[Any] = []
    until(lambda: len(found) >= wanted or bool(found.extend(consumer.consume(100, 0.1))))
    consumer.close()
    assert {message.key() for message in found} <= {f"m{n}".encode() for n in range(5)}
    return [(int(dict(message.headers())["seq"]), json.loads(message.value())) for message in found]


def test_a_cluster_that_is_not_there_is_waited_for_and_said(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "ASK_SECONDS", 0.3)
    add(app, tmp_path, "lost", toml("kafka", "shop", {"brokers": "127.0.0.1:1", "topics": ["orders"]}))

    with running(app, "lost"):
        until(lambda: state(app, "lost").startswith("waiting: Kafka says"))
