"""Kafka topics: one as a source (`kafka`), and the journal as one (`kafka_out`).

In: how far a partition was read stands in our own database and moves in the transaction that appends what was read.
Partitions are assigned, all of them, not dealt out by a consumer group: whoever runs the stream, after a kill too, goes
on at once from where the database says. Where two run it, the second to commit skips what the first one took.

Out: at least once, in the order of the journal within a partition. A chunk that was not wholly acknowledged is sent
again; `messageId` (the key) and `seq` (a header) are the same each time, so a consumer can drop what it knows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from regulars.app import App
from regulars.collect import feeds
from regulars.collect.door import MESSAGE_ID_MAX_CHARACTERS
from regulars.collect.errors import StreamAway, StreamLibraryMissing
from regulars.collect.feeds import Item, put
from regulars.collect.journal import checkpoint_of
from regulars.collect.keys import SQL
from regulars.collect.streams import Control, Feed, Stream, streams
from regulars.kit.logging import logger

TAKE_MAX_MESSAGES = 1_000
GIVE_MAX_EVENTS = 1_000
POLL_SECONDS = 0.2
ASK_SECONDS = 10.0
PARTITIONS_EVERY = timedelta(minutes=1)
"""So often we look for partitions that were added."""
DELIVERY_SECONDS = 30
# What the library may read ahead of us.
AHEAD_MAX_KILOBYTES = 16 * 1024

Place = tuple[str, int]

log = logger("collect")


class Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to reach the brokers."""

    brokers: str
    """host:port, more of them after commas."""
    tls: bool = False
    ca_file: str = ""
    """Who signed the brokers' certificates; empty: whom the machine trusts."""
    user: str = ""
    password_file: str = ""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"


class TopicsIn(Cluster, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[connect]` of a topic as a source."""

    topics: list[str]
    begin: Literal["beginning", "end"] = "beginning"
    """Where to start in a partition never read before."""


class JournalOut(Cluster, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[connect]` of the journal as a topic."""

    topic: str
    begin: Literal["beginning", "now"] = "beginning"
    """With the whole journal, or with what comes from now on."""


def listen(app: App, feed: Feed, control: Control) -> None:
    """Append what comes on the topics, until stopped."""
    library, trouble = _library(), _Trouble()
    consumer = library.Consumer(
        _configuration(feed.connect)
        | {
            "group.id": f"regulars-{feed.name}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # Where the broker has thrown away what we want, we are to hear of it.
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": AHEAD_MAX_KILOBYTES,
            "error_cb": trouble.hear,
        }
    )
    held: set[Place] = set()
    looked_at: datetime | None = None
    try:
        while not control.stop.is_set():
            now = app.clock.now()
            if looked_at is None or now - looked_at >= PARTITIONS_EVERY:
                looked_at = now
                held |= _take_up(app, feed, consumer, _partitions(consumer, feed.connect.topics) - held)
            messages = consumer.consume(TAKE_MAX_MESSAGES, POLL_SECONDS)
            trouble.check([message.error() for message in messages if message.error() is not None])
            if messages:
                _take(app, feed, messages)
            control.well()
    except library.KafkaException as fault:
        raise StreamAway(f"Kafka says: {fault.args[0].str()}", "Check brokers, user and topics") from None
    finally:
        consumer.close()


def _partitions(consumer: Any, topics: list[str]) -> set[Place]:
    """All partitions of these topics as they are now."""
    found: set[Place] = set()
    for topic in topics:
        told = consumer.list_topics(topic, timeout=ASK_SECONDS).topics[topic]
        if told.error is not None:
            raise StreamAway(f"Kafka has no topic {topic} for us: {told.error.str()}", "Make it, or mend its name")
        found |= {(topic, partition) for partition in told.partitions}
    return found


def _take_up(app: App, feed: Feed, consumer: Any, places: set[Place]) -> set[Place]:
    """Begin each of these partitions where we left it; gives them back."""
    if not places:
        return places
    library = _library()
    ends = {
        place: consumer.get_watermark_offsets(library.TopicPartition(*place), timeout=ASK_SECONDS)
        for place in sorted(places)
    }
    with app.transaction() as inside:
        offsets = _offsets(inside, feed)
        start = {place: _start(feed, place, offsets.get(place), *ends[place]) for place in ends}
        # Kept at once: what comes between two starts is not to be skipped because nothing came before it.
        _keep(inside, feed, start)
    consumer.incremental_assign([library.TopicPartition(*place, offset) for place, offset in start.items()])
    return places


def _start(feed: Feed, place: Place, kept: int | None, first: int, end: int) -> int:
    """Where to begin a partition that holds the offsets from `first` to below `end`."""
    if kept is None:
        return end if feed.connect.begin == "end" else first
    if kept > end:
        raise StreamAway(
            f"Partition {place[1]} of {place[0]} ends at {end} and was read up to {kept}: the topic was made anew",
            "Remove this stream and add it under another name",
        )
    if kept < first:
        log.error("offsets_lost", stream=feed.name, topic=place[0], partition=place[1], lost=first - kept)
    return max(kept, first)


def _take(app: App, feed: Feed, messages: list[Any]) -> None:
    """Append these messages and move the offsets past them, both or neither."""
    reached: dict[Place, int] = {}
    with app.transaction() as inside:
        offsets = _offsets(inside, feed)
        items: list[Item] = []
        for message in messages:
            place = (message.topic(), message.partition())
            if message.offset() >= offsets.get(place, 0):
                items.append(_item(feed, message))
            reached[place] = message.offset() + 1
        put(inside, feed, items)
        _keep(inside, feed, reached)


def _item(feed: Feed, message: Any) -> Item:
    payload: bytes = message.value() or b""
    own_id = f"kafka:{feed.name}:{message.topic()}:{message.partition()}:{message.offset()}"
    if len(own_id) > MESSAGE_ID_MAX_CHARACTERS:
        own_id = f"kafka:{blake2b(own_id.encode(), digest_size=16).hexdigest()}"
    return Item(payload, feed.read(payload, {}), own_id)


def _offsets(app: App, feed: Feed) -> dict[Place, int]:
    rows = app.db.execute(feeds.SQL.lock_offsets, {"stream": feed.name})
    return {(topic, partition): offset for topic, partition, offset in rows}


def _keep(app: App, feed: Feed, offsets: dict[Place, int]) -> None:
    if offsets:
        topics, partitions = map(list, zip(*offsets, strict=True))
        given = {"topic": topics, "partition": partitions, "next_offset": list(offsets.values())}
        app.db.execute(feeds.SQL.keep_offsets, given | {"stream": feed.name})


def reader(name: str) -> str:
    """The place in the journal of an outgoing stream."""
    return f"kafka:{name}"


def give(app: App, feed: Feed, control: Control) -> None:
    """Send the journal to the topic, and what comes new, until stopped."""
    library, trouble = _library(), _Trouble()
    settings: JournalOut = feed.connect
    producer = library.Producer(
        _configuration(settings)
        | {
            "enable.idempotence": True,
            "delivery.timeout.ms": DELIVERY_SECONDS * 1000,
            "error_cb": trouble.hear,
        }
    )
    try:
        producer.list_topics(settings.topic, timeout=ASK_SECONDS)
        while not control.stop.is_set():
            trouble.check([])
            control.well()
            given = _give_some(app, feed, producer)
            if given is None:
                control.stop.set()
            elif not given:
                producer.poll(POLL_SECONDS)
    except library.KafkaException as fault:
        raise StreamAway(f"Kafka says: {fault.args[0].str()}", "Check brokers, user and topic") from None
    finally:
        producer.purge()
        producer.flush(0)


def _give_some(app: App, feed: Feed, producer: Any) -> int | None:
    """Send the next events; the place in the journal moves once all of them are acknowledged.

    Gives their number; None: the stream was removed, and its place in the journal must not be made again.
    """
    place = reader(feed.name)
    with app.transaction() as inside:
        if not _is_there(inside, feed):
            return None
        if feed.connect.begin == "now":
            inside.db.execute(SQL.begin_at_the_end, {"reader": place})
        after = checkpoint_of(inside, place)
        rows = inside.db.execute(SQL.claim, {"after": after, "limit": GIVE_MAX_EVENTS}).fetchall()
        names = {row[0]: row[1] for row in inside.db.execute(SQL.all_sources)} if rows else {}
    if not rows:
        return 0
    faults: list[Any] = []

    def heard(fault: Any, _: Any) -> None:
        if fault is not None:
            faults.append(fault)

    for seq, source, message_id, kind, _, occurred_at, received_at, body in rows:
        if kind == "aside":
            continue  # belongs to nobody and says nothing
        headers = {
            "seq": str(seq),
            "source": names[source],
            "messageId": message_id,
            "occurredAt": occurred_at.isoformat(),
            "receivedAt": received_at.isoformat(),
        }
        told = [(name, value.encode()) for name, value in headers.items()]
        producer.produce(feed.connect.topic, body.encode(), message_id.encode(), headers=told, on_delivery=heard)
    left = producer.flush(DELIVERY_SECONDS + ASK_SECONDS)
    if left or faults:
        why = str(faults[0]) if faults else "no answer in time"
        raise StreamAway(f"Kafka did not take {left + len(faults)} events: {why}", "They are sent again")
    with app.transaction() as inside:
        if not _is_there(inside, feed):
            return None
        if checkpoint_of(inside, place) == after:
            inside.db.execute(SQL.advance, {"reader": place, "seq": rows[-1][0]})
    return len(rows)


def _is_there(app: App, feed: Feed) -> bool:
    return app.db.execute(feeds.SQL.stream_is_there, {"name": feed.name}).fetchone() is not None


class _Trouble:
    """What the library's threads say of the brokers."""

    def __init__(self) -> None:
        self._fault: Any = None

    def hear(self, fault: Any) -> None:
        """One broker of many may come and go; all of them gone, or a door that stays shut, is news."""
        if fault.name() in ("_ALL_BROKERS_DOWN", "_AUTHENTICATION") or fault.fatal():
            self._fault = fault

    def check(self, faults: list[Any]) -> None:
        """Raise StreamAway where there is any."""
        fault = faults[0] if faults else self._fault
        if fault is not None:
            raise StreamAway(f"Kafka says: {fault.str()}", "Check brokers, user and topics")


def _configuration(cluster: Cluster) -> dict[str, Any]:
    made: dict[str, Any] = {"bootstrap.servers": cluster.brokers, "client.id": "regulars", "log_level": 0}
    made["security.protocol"] = ("SASL_" if cluster.user else "") + ("SSL" if cluster.tls else "PLAINTEXT")
    if cluster.ca_file:
        made["ssl.ca.location"] = cluster.ca_file
    if cluster.user:
        made["sasl.mechanism"] = cluster.mechanism
        made["sasl.username"] = cluster.user
        made["sasl.password"] = feeds.password(cluster.password_file)
    return made


def _library() -> Any:
    try:
        import confluent_kafka
    except ImportError:
        raise StreamLibraryMissing(
            "The library for Kafka is not installed", "pip install 'regulars[kafka]', then start again"
        ) from None
    return confluent_kafka


streams.add("kafka")(Stream(TopicsIn, listen))
streams.add("kafka_out")(Stream(JournalOut, give, has_source=False, reader=reader))
