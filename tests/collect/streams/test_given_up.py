"""A stream that was removed stays so, and one that cannot run says why and is tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from regulars import collect
from regulars.app import App
from regulars.cli import streams as commands
from regulars.collect.errors import StreamRefused
from regulars.collect.streams import Feed, kafka
from tests.collect.streams.brokers import toml
from tests.collect.streams.runs import add, state

OUT = kafka.JournalOut(brokers="127.0.0.1:1", topic="journal")


class Producer:
    """One that sends all at once; `meanwhile` happens before it says so."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.sent: list[bytes] = []
        self._meanwhile = meanwhile

    def produce(self, topic: str, body: bytes, *_: object, **__: object) -> None:
        self.sent.append(body)

    def flush(self, seconds: float) -> int:
        self._meanwhile()
        return 0


def told(app: App, path: Path) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "shop", "other")
        sold = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m1"}
        collect.accept(inside, source, [sold], received_at=app.clock.now())
    add(app, path, "out", toml("kafka_out", "", {"brokers": OUT.brokers, "topic": OUT.topic}))


def removed(app: App) -> None:
    with app.transaction() as inside:
        collect.feeds.remove_stream(inside, "out")


def places(app: App) -> list[Any]:
    with app.transaction() as inside:
        return inside.db.execute("select seq from checkpoint where reader = 'kafka:out'").fetchall()


def given(app: App, producer: Producer) -> int | None:
    feed = Feed("out", None, OUT, lambda payload, found: None)
    return kafka._give_some(app, feed, producer)  # pyright: ignore[reportPrivateUsage]


def test_a_stream_that_is_removed_while_it_sends_leaves_no_place_and_sends_no_more(app: App, tmp_path: Path) -> None:
    told(app, tmp_path)
    producer = Producer(lambda: removed(app))

    assert [given(app, producer), given(app, producer)] == [None, None]

    assert (len(producer.sent), places(app)) == (1, [])


def test_a_stream_that_is_there_remembers_what_it_sent(app: App, tmp_path: Path) -> None:
    """The control of the test above."""
    told(app, tmp_path)
    producer = Producer(lambda: None)

    assert [given(app, producer), given(app, producer)] == [1, 0]

    assert (len(producer.sent), places(app)) == (1, [(1,)])


def test_a_stream_that_cannot_run_says_why(app: App, tmp_path: Path) -> None:
    connect = {"brokers": OUT.brokers, "topic": "journal", "user": "ann", "password_file": str(tmp_path / "none")}
    add(app, tmp_path, "out", toml("kafka_out", "", connect))

    with pytest.raises(StreamRefused):
        collect.feeds.run_stream(app, "out", threading.Event())

    assert state(app, "out").startswith("failed: The password_file")


def test_a_stream_that_was_given_up_is_started_anew_at_a_slow_pace(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, tmp_path, "out", toml("kafka_out", "", {"brokers": OUT.brokers, "topic": OUT.topic}))
    paces: list[tuple[float, ...]] = []

    def child(settings: object, command: object, *pace: float) -> Any:
        paces.append(pace)
        return SimpleNamespace(fault=None, end=lambda: None)

    monkeypatch.setattr(commands, "Child", child)
    running: dict[str, Any] = {}
    for fault in (None, None, "given up"):
        if running:
            running["out"][1].fault = fault
        commands._match(app, running)  # pyright: ignore[reportPrivateUsage]

    assert paces == [(), (commands.SLOW_PAUSE_SECONDS,)]
