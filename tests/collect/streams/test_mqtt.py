"""Devices over MQTT, with a real mosquitto: at least once in, once applied, and nobody's devices in sight."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from regulars import collect, resolve
from regulars.app import App
from regulars.collect.errors import MappingRefused, StreamRefused
from regulars.collect.streams import mqtt
from tests.collect.streams.brokers import Mosquitto, toml
from tests.collect.streams.runs import Runner, add, bodies, count, refusals, running, state, until

RUN = "from regulars.cli import main\nmain()\n"
# It never says that it has anything, as one that is killed between its commit and its word.
MUTE = "from regulars.collect.streams import mqtt\nmqtt._Line.acknowledge = lambda self, messages: None\n" + RUN
# Negative controls: one that cannot tell a repeated packet from a new one, one that says yes before it appends.
FORGETFUL = """
from regulars.collect.streams import mqtt
mqtt._of_packet = lambda name, before, new: f"{name}:{new}"
"""
HASTY = """
import sys, time
from regulars.collect.streams import mqtt

def take(app, feed, messages):
    mqtt.line.acknowledge(messages)
    mqtt.line._turn(0.0)
    open(feed.connect.password_file, "w").close()
    time.sleep(60)

def open_line(self, honest=mqtt._Line.open):
    mqtt.line = self
    honest(self)

mqtt._Line.open = open_line
mqtt._take = take
"""
VALUES = [*range(300), *[7] * 5]
LAST = 1_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[Mosquitto, None, None]:
    folder = tmp_path_factory.mktemp("broker")
    for place in (folder, *list(folder.parents)[:2]):
        place.chmod(0o755)
    with Mosquitto(folder).running() as running_broker:
        yield running_broker


def publish(broker: Mosquitto, messages: list[tuple[str, Any]], user: str = "", password: str = "") -> None:
    """Over one connection, each acknowledged by the broker; what is no text is sent as JSON."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if user:
        client.username_pw_set(user, password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for topic, payload in messages:
        content = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        client.publish(topic, content, qos=1).wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def stream(app: App, folder: Path, name: str, broker: Mosquitto, topics: list[str], mapping: str = "") -> None:
    connect = {"host": "127.0.0.1", "port": broker.port, "topics": topics}
    add(app, folder, name, toml("mqtt", "devices", connect, mapping))


def is_up(app: App, name: str) -> bool:
    return state(app, name) == "running"


def test_readings_are_events_of_their_device_and_what_is_none_is_refused(
    app: App, broker: Mosquitto, tmp_path: Path
) -> None:
    stream(app, tmp_path, "scales", broker, ["store/{store_id}/scale/{device}"])
    with running(app, "scales"):
        until(lambda: is_up(app, "scales"))
        told = [
            ("store/12/scale/s-1", {"grams": 512, "timestamp": "2026-03-02T14:59:00Z"}),
            ("store/12/scale/s-1", "21.5"),
            ("store/12/scale/s-1", b"\xff no json"),
            ("store/12/other/s-1", "1"),
        ]
        publish(broker, told)
        until(lambda: count(app) == 2 and len(refusals(app)) == 1)

    first, second = bodies(app)
    assert first["event"] == second["event"] == "Reading Taken"
    assert first["context"] == {"device": {"id": "s-1"}}
    assert first["properties"] == {"store_id": "12", "device_id": "s-1", "grams": 512}
    assert second["properties"] == {"store_id": "12", "device_id": "s-1", "value": 21.5}
    assert refusals(app)[0].code == "RG-1111"


def test_a_reading_told_twice_is_one_and_a_value_measured_twice_is_two(
    app: App, broker: Mosquitto, tmp_path: Path
) -> None:
    stream(app, tmp_path, "twice", broker, ["home/{device}"])
    with running(app, "twice"):
        until(lambda: is_up(app, "twice"))
        dated = {"value": 3, "timestamp": "2026-03-02T14:00:00Z"}
        named = {"value": 4, "messageId": "m-4"}
        publish(broker, [("home/t1", each) for each in (dated, dated, named, named, "21.5", "21.5")])
        until(lambda: count(app) == 4)

    assert sorted(body["properties"]["value"] for body in bodies(app)) == [3, 4, 21.5, 21.5]


def test_a_stream_killed_before_it_acknowledges_gets_its_readings_again_and_applies_them_once(
    app: App, broker: Mosquitto, tmp_path: Path
) -> None:
    deliver(app, broker, tmp_path, "killed")
    run_until_kept(app, tmp_path, "killed")

    with running(app, "killed"):
        publish(broker, [("killed/d", str(LAST))])
        until(lambda: LAST in values(app))

    assert sorted(values(app)) == sorted([*VALUES, LAST])


def test_a_stream_that_forgets_its_packets_is_caught_doubling(app: App, broker: Mosquitto, tmp_path: Path) -> None:
    deliver(app, broker, tmp_path, "forgetful")
    run_until_kept(app, tmp_path, "forgetful")

    with program(app, tmp_path, "forgetful", FORGETFUL + RUN).running():
        publish(broker, [("forgetful/d", str(LAST))])
        until(lambda: LAST in values(app))

    assert len(values(app)) > len(VALUES) + 1


def test_a_stream_that_acknowledges_before_it_appends_is_caught_losing(
    app: App, broker: Mosquitto, tmp_path: Path
) -> None:
    deliver(app, broker, tmp_path, "hasty")
    mark = tmp_path / "acknowledged"

    with program(app, tmp_path, "hasty", HASTY + RUN).running():
        until(mark.exists)
    with running(app, "hasty"):
        publish(broker, [("hasty/d", str(LAST))])
        until(lambda: LAST in values(app))

    assert len(values(app)) < len(VALUES) + 1


def deliver(app: App, broker: Mosquitto, folder: Path, name: str) -> None:
    """A session that was there once; then, while nobody is, 300 numbers and a 7 five times more."""
    connect = {"host": "127.0.0.1", "port": broker.port, "topics": [f"{name}/{{device}}"]}
    add(app, folder, name, toml("mqtt", "devices", connect | {"password_file": str(folder / "acknowledged")}))
    with running(app, name):
        until(lambda: is_up(app, name))
    publish(broker, [(f"{name}/d", str(value)) for value in VALUES])


def run_until_kept(app: App, folder: Path, name: str) -> None:
    """Everything is appended, nothing acknowledged, and the process is gone."""
    with program(app, folder, name, MUTE).running():
        until(lambda: len(values(app)) >= len(VALUES))


def program(app: App, folder: Path, name: str, text: str) -> Runner:
    file = folder / "program.py"
    file.write_text(text)
    return Runner(app, name, [str(file)])


def values(app: App) -> list[float]:
    return [body["properties"]["value"] for body in bodies(app)]


def test_devices_nobody_knows_are_listed_with_their_last_reading(app: App, broker: Mosquitto, tmp_path: Path) -> None:
    stream(app, tmp_path, "known", broker, ["{device}/known"])
    with running(app, "known"):
        until(lambda: is_up(app, "known"))
        publish(broker, [("anns/known", "1"), ("strange/known", "2"), ("strange/known", "3")])
        until(lambda: count(app) == 3)
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
        ann = {
            "type": "identify",
            "userId": "ann",
            "context": {"device": {"id": "anns"}},
            "traits": {"first_name": "A"},
        }
        collect.accept(inside, source, [ann], received_at=app.clock.now())
    with app.transaction() as inside:
        batch = collect.claim(inside, 100)
        assert batch is not None
        resolve.identify(inside, batch)

    with app.transaction() as inside:
        listed = collect.feeds.devices(inside)

    assert [(each.id, each.stream, each.readings, each.is_known) for each in listed] == [
        ("strange", "known", 2, False),
        ("anns", "known", 1, True),
    ]
    assert json.loads(listed[0].sample)["value"] == 3


def test_a_broker_that_goes_is_waited_for_and_what_came_meanwhile_is_there(app: App, tmp_path: Path) -> None:
    for place in (tmp_path, *list(tmp_path.parents)[:2]):
        place.chmod(0o755)
    own = Mosquitto(tmp_path)
    own.start()
    stream(app, tmp_path, "patient", own, ["a/{device}"])
    with running(app, "patient"):
        until(lambda: is_up(app, "patient"))
        own.end()
        until(lambda: state(app, "patient").startswith("waiting: "))
        with own.running():
            publish(own, [("a/d", "1")])
            until(lambda: count(app) == 1)


def test_a_broker_that_wants_a_password_gets_it_from_a_file(app: App, tmp_path: Path) -> None:
    for place in (tmp_path, *list(tmp_path.parents)[:2]):
        place.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    (tmp_path / "accounts").write_text(account("till", "right"))
    (tmp_path / "accounts").chmod(0o644)
    with Mosquitto(tmp_path, f"allow_anonymous false\npassword_file {tmp_path}/accounts").running() as closed:
        connect = {"host": "127.0.0.1", "port": closed.port, "topics": ["a/{device}"], "user": "till"}
        add(app, tmp_path, "closed", toml("mqtt", "devices", connect | {"password_file": str(secret)}))
        with running(app, "closed"):
            until(lambda: "does not let us in" in state(app, "closed"))
            secret.write_text("right\n")
            until(lambda: is_up(app, "closed"))
            publish(closed, [("a/d", "1")], "till", "right")
            until(lambda: count(app) == 1)


def account(user: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2 over SHA-512."""
    salt, rounds = b"salt-of-12-b", 101
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 64)
    return f"{user}:$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ('kind = "pigeon"', "no kind of stream 'pigeon'"),
        ('kind = "mqtt"\nsource = "s"\n[connect]\ntopics = ["a"]', "host"),
        ('kind = "mqtt"\n[connect]\nhost = "h"\ntopics = ["a"]', "names no source"),
        ('kind = "mqtt"\nsource = "s"\n[connect]\nhost = "h"\ntopics = ["a/{x}-{y}"]', "no level of a topic"),
        ('kind = "mqtt"\nsource = "s"\n[connect]\nhost = "h"\ntopics = ["a"]\ncolour = 1', "colour"),
        ('kind = "mqtt"\nsource = "s"\n[connect]\nhost = "h"\ntopics = ["a"]\n[mapping.fields]\na = "b"', "'b'"),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused_in_words(
    app: App, tmp_path: Path, definition: str, said: str
) -> None:
    with pytest.raises((StreamRefused, MappingRefused), match=re.escape(said)):
        add(app, tmp_path, "wrong", definition)


@pytest.mark.parametrize(
    ("filter_", "topic", "found"),
    [
        ("store/{store}/scale/{device}", "store/12/scale/s-1", {"store": "12", "device": "s-1"}),
        ("store/+/{device}/#", "store/1/d/x/y", {"device": "d"}),
        ("store/+/{device}/#", "store/1/d", {"device": "d"}),
        ("store/{device}", "store/1/2", {}),
        ("a.c/{device}", "abc/d", {}),
        ("#", "anything/at/all", {}),
    ],
)
def test_a_topic_says_what_the_names_in_its_filter_mean(filter_: str, topic: str, found: dict[str, str]) -> None:
    assert mqtt._found([mqtt._pattern(filter_)], topic) == found  # pyright: ignore[reportPrivateUsage]
