"""F5: the n-th call of the database fails, for every n: what a command does is there wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from regulars import analyze, collect
from regulars.app import App
from regulars.collect import feeds
from regulars.collect.feeds import Item, put
from regulars.collect.files import imports
from regulars.collect.files.mapping import Mapping
from regulars.collect.hooks import Hooks
from regulars.collect.journal import append
from regulars.collect.streams import Feed, kafka
from regulars.collect.wires import Request
from regulars.worker.follow import Follower
from tests.collect.vendors import SECRET, SHOPIFY_ORDER, headers, raw
from tests.engage import town

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


def keep_a_delivery(app: App, folder: Path) -> None:
    """What a vendor posts, kept raw."""
    body = raw(SHOPIFY_ORDER)
    sent = headers("shopify", "orders/create", body, delivery="d1")
    given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    Hooks()(app, "shop", Request("POST", "", b"", given, body))


def map_what_was_delivered(app: App, folder: Path) -> None:
    """A delivery becomes events."""
    collect.map_deliveries(app)


def withdraw_events(app: App, folder: Path) -> None:
    """Two events are taken back; what was taken back before is left alone."""
    with app.transaction() as inside:
        collect.withdraw(inside, [(1, 2)], "Ann", "wrong")


def follow_what_was_withdrawn(app: App, folder: Path) -> None:
    """Customers, points and traits without the events that were taken back."""
    Follower().step(app)


def expect_deliveries(app: App) -> None:
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)


def have_a_delivery(app: App) -> None:
    expect_deliveries(app)
    keep_a_delivery(app, Path())


def have_customers(app: App) -> None:
    at = app.clock.now() - timedelta(days=3)
    town.tell(app, "crm", [town.person("ann", at), town.order("ann", at), town.person("bob", at)])
    town.carry(app)


def have_withdrawn(app: App) -> None:
    have_customers(app)
    withdraw_events(app, Path())


BEFORE: dict[Command, Callable[[App], None]] = {
    keep_a_delivery: expect_deliveries,
    map_what_was_delivered: have_a_delivery,
    withdraw_events: have_customers,
    follow_what_was_withdrawn: have_withdrawn,
}
COMMANDS = [accept, take_from_a_stream, *BEFORE]


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
                "select delivery_id, state, events from delivery order by 1",
                "select key, delivery, message_id, revision from delivery_event order by 1",
                "select id, events, followed_at from withdrawal order by 1",
                "select * from withdrawn_range order by 1",
                "select seq, customer from event_customer order by 1",
                "select customer, field, source, value, rule from profile_field order by 1, 2, 3, 4",
                "select id, known from customer order by 1",
                "select customer, available, pending, debt from wallet order by 1",
                "select customer, spend_cents from trait_state order by 1",
            )
        )


def halves(app: App, monkeypatch: pytest.MonkeyPatch, folder: Path, command: Command) -> list[int]:
    """The n at which this command left something half done."""
    analyze.ensure_schema(app)
    with app.transaction() as inside:
        collect.register(inside, "till", "tills")
        definition = folder / "orders.toml"
        definition.write_text('kind = "kafka"\nsource = "till"\n[connect]\nbrokers = "b"\ntopics = ["orders"]')
        collect.feeds.add_stream(inside, "orders", definition)
    BEFORE.get(command, lambda _: None)(app)
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
    assert found or state(app) != before
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
        if not self.autocommit:  # there is nothing to commit, so nothing fails
            count()
        commit(self)

    patch.setattr(psycopg.Connection, "execute", execute)
    patch.setattr(psycopg.Connection, "commit", commit_or_fail)
    try:
        act()
    except psycopg.OperationalError:
        return False
    return calls < n


@pytest.mark.parametrize("command", COMMANDS)
def test_f5_whichever_call_fails_a_command_has_done_all_or_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: Command
) -> None:
    assert halves(app, monkeypatch, tmp_path, command) == []


def test_f5_a_command_that_commits_half_way_is_caught(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert halves(app, monkeypatch, tmp_path, accept_in_two_parts) != []


ROWS = 4


def people(path: Path, name: str) -> Path:
    """A file of people of this name; one row names nobody."""
    rows = [f"{name}-{row},Ann" for row in range(1, ROWS)]
    path.write_text("\n".join(["id,first_name", rows[0], ",Nobody", *rows[1:], ""]))
    return path


def count_of(app: App, name: str) -> int:
    """Events of this file's people."""
    with psycopg.connect(app.store.dsn) as other:
        found = other.execute("select count(*) from journal where body->>'userId' like %s", [f"{name}-%"]).fetchone()
    assert found is not None
    return found[0]


def faults_of_imports(app: App, monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """Import a file for every n, broken at the n-th call and then again; what was half done or ended otherwise."""
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
    who = Mapping(kind="identify", fields={"id": "userId", "first_name": "traits.first_name"})
    found: list[str] = []
    for n in range(1, CALLS_MAX):
        path = people(folder / f"{n}.csv", f"n{n}")
        with monkeypatch.context() as patch:
            is_whole = run_failing_at(n, patch, lambda path=path: collect.import_file(app, path, source, who))
        with app.transaction() as inside:
            run = next((each for each in collect.list_imports(inside) if each.file_name == path.name), None)
        if count_of(app, f"n{n}") != (run.accepted if run else 0):
            found.append(f"{n}: it does not know what it brought")
        report = collect.import_file(app, path, source, who)
        if (count_of(app, f"n{n}"), report.rows, report.refused) != (ROWS - 1, ROWS, 1):
            found.append(
                f"{n}: it ended with {count_of(app, f'n{n}')} people, {report.rows} rows, {report.refused} refused"
            )
        if is_whole or found:
            return found
    pytest.fail("the import never ends")


def test_f5_an_import_that_broke_at_any_call_knows_what_it_brought_and_ends_as_if_it_had_not(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert faults_of_imports(app, monkeypatch, tmp_path) == []


def test_f5_an_import_that_commits_its_rows_before_its_place_is_caught(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    honest = imports._write  # pyright: ignore[reportPrivateUsage]

    def in_two_parts(app: App, run: int, chunk: Any) -> Any:
        with app.transaction() as inside:
            append(inside, chunk.entries, chunk.rejected)
        return honest(app, run, chunk)

    monkeypatch.setattr(imports, "_write", in_two_parts)

    assert any("does not know" in fault for fault in faults_of_imports(app, monkeypatch, tmp_path))
