"""F5: the n-th call of the database fails, for every n: what a command does is there wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import feeds
from regulars.collect.feeds import Item, put
from regulars.collect.files.mapping import Mapping
from regulars.collect.streams import Feed, kafka

CALLS_MAX = 100
State = tuple[list[Any], ...]
Command = Callable[[App, Path], object]


def accept(app: App, folder: Path) -> None:
    """Three good events, one of them twice, one that contradicts, one that is refused."""
    with app.transaction() as inside:
        source = collect.source_by_name(inside, "till")
        assert source is not None
        messages: list[object] = [event("a"), event("b"), event("a"), event("b", userId="bob"), {"type": "nothing"}]
        collect.accept(inside, source, messages, received_at=app.clock.now())


def accept_in_two_parts(app: App, folder: Path) -> None:
    """The negative control: it commits between its refusals and its events."""
    with app.transaction() as inside:
        source = collect.source_by_name(inside, "till")
        assert source is not None
        collect.accept(inside, source, [{"type": "nothing"}], received_at=app.clock.now())
        inside.db.commit()
        collect.accept(inside, source, [event("a")], received_at=app.clock.now())


def take_from_a_stream(app: App, folder: Path) -> None:
    """Messages of a topic and how far it was read."""
    with app.transaction() as inside:
        feed = feed_of(inside)
        kafka._offsets(inside, feed)  # pyright: ignore[reportPrivateUsage]
        payloads = [b'{"type":"track","event":"Seen","userId":"u","context":{"device":{"id":"d"}}}', b"no json"]
        put(inside, feed, [Item(each, feed.read(each, {}), f"k{n}") for n, each in enumerate(payloads)])
        kafka._keep(inside, feed, {("orders", 0): 2})  # pyright: ignore[reportPrivateUsage]


def feed_of(app: App) -> Feed:
    source = collect.source_by_name(app, "till")
    return Feed("orders", source, None, feeds.reading(Mapping(), app.settings.zone))


def event(message_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Seen", "userId": "ann", "messageId": message_id} | more


def state(app: App) -> State:
    """Everything the commands write, as it is committed."""
    with psycopg.connect(app.store.dsn) as other:
        return tuple(
            other.execute(statement).fetchall()
            for statement in (
                "select message_id, body from journal order by seq",
                "select message_id, code from refusal order by id",
                "select source_id, events from source_use order by 1",
                "select stream, topic, partition, next_offset from stream_offset order by 1, 2, 3",
                "select id, readings, sample from device order by 1",
            )
        )


def halves(app: App, monkeypatch: pytest.MonkeyPatch, folder: Path, command: Command) -> list[int]:
    """The n at which this command left something half done."""
    with app.transaction() as inside:
        collect.register(inside, "till", "tills")
        definition = folder / "orders.toml"
        definition.write_text('kind = "kafka"\nsource = "till"\n[connect]\nbrokers = "b"\ntopics = ["orders"]')
        collect.add_stream(inside, "orders", definition)
    before = state(app)
    found: list[int] = []
    for n in range(1, CALLS_MAX):
        with monkeypatch.context() as patch:
            is_whole = run_failing_at(n, patch, lambda: command(app, folder))
        if is_whole:
            break
        if state(app) != before:
            found.append(n)
            break
    else:
        pytest.fail("the command never ends")
    assert n > 3
    command(app, folder)
    assert found or state(app)[0]
    return found


def run_failing_at(n: int, patch: pytest.MonkeyPatch, act: Callable[[], object]) -> bool:
    """Whether it went through: it made fewer than n calls."""
    calls = 0
    honest = psycopg.Connection.execute
    commit = psycopg.Connection.commit

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == n:
            raise psycopg.OperationalError("the server has gone")

    def execute(self: Any, *given: Any, **named: Any) -> Any:
        if given != ("",):  # with which the pool asks whether it is there
            count()
        return honest(self, *given, **named)

    def commit_or_fail(self: Any) -> None:
        count()
        commit(self)

    patch.setattr(psycopg.Connection, "execute", execute)
    patch.setattr(psycopg.Connection, "commit", commit_or_fail)
    try:
        act()
    except psycopg.OperationalError:
        return False
    return calls < n


@pytest.mark.parametrize("command", [accept, take_from_a_stream])
def test_f5_whichever_call_fails_a_command_has_done_all_or_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: Command
) -> None:
    assert halves(app, monkeypatch, tmp_path, command) == []


def test_f5_a_command_that_commits_half_way_is_caught(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert halves(app, monkeypatch, tmp_path, accept_in_two_parts) != []
