"""Devices over MQTT 5: topics as a source.

    [connect]
    host = "broker.store.example"
    topics = ["store/{store}/scale/{device}"]      # {name}: one level, kept; + and # as MQTT has them

At least once in, once applied. A packet is acknowledged after the commit; until then the broker repeats it, also over
restarts of either side, because the session is persistent and its name fixed. A repeated reading is known

* by the id it brings (`messageId`);
* by topic and payload, where it brings a `timestamp` or a `sequence`: the same payload twice is then the same reading;
* else by its packet number, which the broker keeps when it repeats, and topic and payload: a thermometer may well say
  21.5 twice.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from hashlib import blake2b
from importlib import import_module
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect import feeds
from regulars.collect.errors import StreamAway, StreamLibraryMissing
from regulars.collect.feeds import Item, put
from regulars.collect.journal import mint
from regulars.collect.streams import Control, Feed, Stream, streams

IN_FLIGHT_MAX = 500
"""Packets the broker may send before it has our word on the first of them."""
TAKE_MAX_BYTES = 8 * 1024 * 1024
PACKET_MAX_BYTES = 16 * 1024 * 1024
POLL_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 30
CONNECT_SECONDS = 10.0
SESSION_DAYS = 7
"""So long the broker keeps for us what comes while we are not there."""
READING = "Reading Taken"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# What tells one reading of a device from the next.
SEQUENCES = ("sequence", "seq")


class MqttSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[connect]` of a stream of devices."""

    host: str
    port: int = 1883
    topics: list[str]
    client_id: str = ""
    """Name of our session there; empty: regulars-<stream>."""
    tls: bool = False
    ca_file: str = ""
    """Who signed the broker's certificate; empty: whom the machine trusts."""
    user: str = ""
    password_file: str = ""

    def __post_init__(self) -> None:
        for level in (level for topic in self.topics for level in topic.split("/")):
            if re.search(r"[{}+#]", level) and level not in ("+", "#") and not PLACEHOLDER.fullmatch(level):
                raise ValueError(f"'{level}' is no level of a topic: write a name, {{name}}, + or #")


def listen(app: App, feed: Feed, control: Control) -> None:
    """Append what devices say, until stopped."""
    library = _library()
    line = _Line(library, feed)
    line.open()
    try:
        while not control.stop.is_set():
            messages = line.receive()
            if messages:
                _take(app, feed, messages)
                line.acknowledge(messages)
            if line.is_subscribed:
                control.well()
    finally:
        line.close()


class _Line:
    """One connection to the broker, driven by whoever calls: no thread but ours."""

    def __init__(self, library: Any, feed: Feed) -> None:
        self._settings: MqttSettings = feed.connect
        self._library = library
        self._inbox: deque[Any] = deque()
        self._why = ""
        self.is_subscribed = False
        client = library.client.Client(
            library.enums.CallbackAPIVersion.VERSION2,
            client_id=self._settings.client_id or f"regulars-{feed.name}",
            protocol=library.client.MQTTv5,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.on_message = self._came
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        if self._settings.user:
            client.username_pw_set(self._settings.user, feeds.password(self._settings.password_file))
        if self._settings.tls:
            client.tls_set(ca_certs=self._settings.ca_file or None)
        self._client = client

    def open(self) -> None:
        """Connect. Raises StreamAway."""
        wanted = self._library.properties.Properties(self._library.packettypes.PacketTypes.CONNECT)
        wanted.ReceiveMaximum = IN_FLIGHT_MAX
        wanted.MaximumPacketSize = PACKET_MAX_BYTES
        wanted.SessionExpiryInterval = SESSION_DAYS * 86_400
        there = self._settings.host, self._settings.port
        try:
            self._client.connect(*there, KEEP_ALIVE_SECONDS, clean_start=False, properties=wanted)
        except OSError as fault:
            raise StreamAway(
                f"No MQTT broker answers at {there[0]}:{there[1]} ({fault.strerror or type(fault).__name__})",
                "Check host, port, tls and that it is running",
            ) from None

    def receive(self) -> list[Any]:
        """What came within POLL_SECONDS, IN_FLIGHT_MAX packets or TAKE_MAX_BYTES at most. Raises StreamAway."""
        self._turn(POLL_SECONDS)
        taken: list[Any] = []
        size = 0
        while self._inbox and len(taken) < IN_FLIGHT_MAX and size < TAKE_MAX_BYTES:
            taken.append(self._inbox.popleft())
            size += len(taken[-1].payload)
            if not self._inbox:
                self._turn(0.0)
        return taken

    def acknowledge(self, messages: list[Any]) -> None:
        """Tell the broker that these are safe."""
        for message in messages:
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Leave; the broker keeps the session."""
        with suppress(OSError, ValueError):
            self._client.disconnect()

    def _turn(self, seconds: float) -> None:
        code = self._client.loop(seconds)
        if self._why or code != 0:
            raise StreamAway(self._why or "The MQTT broker hung up", "Check its log; it is tried again")

    def _came(self, client: Any, userdata: Any, message: Any) -> None:
        self._inbox.append(message)

    def _connected(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        if code.is_failure:
            self._why = f"The MQTT broker does not let us in: {code}"
            return
        # Retained messages are old news, and would be news again with every connection.
        options = self._library.subscribeoptions.SubscribeOptions(qos=1, retainHandling=2)
        client.subscribe([(_filter(topic), options) for topic in self._settings.topics])

    def _subscribed(self, client: Any, userdata: Any, mid: Any, codes: list[Any], properties: Any) -> None:
        refused = [topic for topic, code in zip(self._settings.topics, codes, strict=True) if code.is_failure]
        if refused:
            self._why = f"The MQTT broker does not let us read {', '.join(refused)}"
        self.is_subscribed = not refused


def _take(app: App, feed: Feed, messages: list[Any]) -> None:
    """Append these messages and remember their packets, both or neither."""
    patterns = [_pattern(topic) for topic in feed.connect.topics]
    repeated = [message.mid for message in messages if message.dup]
    packets: dict[int, str] = {}
    items: list[Item] = []
    with app.transaction() as inside:
        given = {"stream": feed.name, "packets": repeated}
        before = dict(inside.db.execute(feeds.SQL.deliveries, given).fetchall()) if repeated else {}
        for message in messages:
            made = feed.read(message.payload, _found(patterns, message.topic))
            own_id = _name_of(message.topic, message.payload)
            if made is not None and not _says_which(made):
                own_id = _of_packet(own_id, before.get(message.mid, "") if message.dup else "", mint(app))
                packets[message.mid] = own_id
            items.append(Item(message.payload, made, own_id))
        put(inside, feed, items)
        packets.pop(0, None)  # of a packet that is never repeated
        if packets:
            kept = {"packet": list(packets), "message_id": list(packets.values())}
            inside.db.execute(feeds.SQL.keep_deliveries, kept | {"stream": feed.name})


def _says_which(made: dict[str, Any]) -> bool:
    """Does the message tell itself from the next one of its device?"""
    inner = made.get("properties")
    return any(made.get(name) for name in ("messageId", "timestamp", "originalTimestamp")) or (
        isinstance(inner, dict) and any(name in inner for name in SEQUENCES)
    )


def _name_of(topic: str, payload: bytes) -> str:
    return f"mqtt:{blake2b(topic.encode() + bytes(1) + payload, digest_size=16).hexdigest()}"


def _of_packet(name: str, before: str, new: str) -> str:
    """The id of a packet's message: the one it had when it came first, if this is the same, else a new one."""
    return before if before.startswith(f"{name}:") else f"{name}:{new}"


def _filter(topic: str) -> str:
    """The topic filter as MQTT wants it."""
    return PLACEHOLDER.sub("+", topic)


def _pattern(topic: str) -> re.Pattern[str]:
    levels = [_level(level) for level in topic.split("/")]
    rest = "(?:/.*)?" if levels[-1] == ".*" and len(levels) > 1 else ""
    return re.compile("/".join(levels[:-1] if rest else levels) + rest, re.DOTALL)


def _level(level: str) -> str:
    if level == "#":
        return ".*"
    if hit := PLACEHOLDER.fullmatch(level):
        return f"(?P<{hit[1]}>[^/]*)"
    return "[^/]*" if level == "+" else re.escape(level)


def _found(patterns: list[re.Pattern[str]], topic: str) -> dict[str, str]:
    """What the topic says, by the names in the filter that it fits."""
    for pattern in patterns:
        if hit := pattern.fullmatch(topic):
            return hit.groupdict()
    return {}


def _library() -> Any:
    try:
        for module in ("client", "subscribeoptions"):
            import_module(f"paho.mqtt.{module}")
        return import_module("paho.mqtt")
    except ImportError:
        raise StreamLibraryMissing(
            "The library for MQTT is not installed", "pip install 'regulars[mqtt]', then start again"
        ) from None


streams.add("mqtt")(Stream(MqttSettings, listen, event=READING))
