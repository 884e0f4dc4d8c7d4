"""People on the stop list do not come in by any door, and their names are not needed to keep them out."""

from __future__ import annotations

import ast
import json
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from regulars import collect, resolve
from regulars.app import App
from regulars.collect.errors import StopRefused
from regulars.collect.files.mapping import Mapping
from regulars.collect.stops import named, spelled
from tests.collect.door_server import Door, basic, post
from tests.house.reading import modules, named_queries

ADA = "Ada.L@Example.com"
WHO = Mapping(kind="identify", fields={"id": "userId", "email": "traits.email"})


def stop(app: App, *entries: collect.stops.Stop, reason: str = "erased") -> int:
    with app.transaction() as inside:
        order = collect.stops.order_stop(inside, reason, "test")
        collect.stops.stop(inside, order, entries)
    return order


def say(app: App, *messages: dict[str, Any], source: str = "crm", space: str = "crm") -> collect.Receipt:
    with app.transaction() as inside:
        known, _ = collect.register(inside, source, "crm", space)
        return collect.accept(inside, known, messages, received_at=app.clock.now())


def event(ident: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "messageId": ident, "userId": f"user-{ident}", **more}


def everything(app: App) -> str:
    """Every row of every table that could have kept something, as text."""
    with app.transaction() as inside:
        tables = ("journal", "refusal", "stopped", "stop_order", "stop_use", "delivery", "import_refusal")
        return "\n".join(str(inside.db.execute(f"select * from {table}").fetchall()) for table in tables)  # pyright: ignore


def uses(app: App) -> dict[str, int]:
    with app.transaction() as inside:
        return {use.source: use.messages for use in collect.stops.stop_uses(inside)}


def test_what_names_somebody_on_the_list_is_counted_and_leaves_nothing_else(app: App) -> None:
    stop(app, collect.stops.Stop("email", ADA), collect.stops.Stop("phone", "+1 212 555 0123"))

    told = say(
        app,
        event("1", properties={"email": "ada.l@EXAMPLE.com"}),
        event("2", properties={"note": "call (me)", "gift": {"to": ["+12125550123"]}}),
        event("3", properties={"email": "bob@example.com"}),
        {"type": "track", "messageId": "4", "event": 7, "properties": {"text": f"mail {ADA}, soon"}},
    )

    assert (told.accepted, told.stopped) == (1, 2)
    assert "ada" not in everything(app).lower()
    assert "5550123" not in everything(app)
    assert uses(app) == {"crm": 3}


def test_a_card_or_a_login_is_known_by_its_field_and_a_login_by_its_system(app: App) -> None:
    stop(app, collect.stops.Stop("card", "4471-0001"), collect.stops.Stop("login", "77", "crm"))

    told = say(
        app,
        event("1", properties={"loyalty_card": "44710001"}),
        event("2", userId="77"),
        event("3", properties={"sku": "77", "product_id": "44710001"}),
    )
    elsewhere = say(app, event("4", userId="77"), source="shop", space="shop")

    assert (told.accepted, told.stopped, elsewhere.stopped) == (1, 2, 0)


def test_importing_the_same_file_again_brings_nobody_back(app: App, tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text(f"id,email\n1,{ADA}\n2,bob@example.com\n")
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
    stop(app, collect.stops.Stop("email", ADA))

    first, again = (collect.import_file(app, file, source, WHO) for _ in range(2))

    assert (first.accepted, [(each.row, each.code) for each in first.refusals]) == (1, [(1, "RG-1113")])
    assert (again.accepted, again.duplicates) == (0, 1)
    assert "ada" not in everything(app).lower()


def test_a_sender_does_not_learn_who_is_on_the_list(app: App, door: Door, write_key: str) -> None:
    stop(app, collect.stops.Stop("email", ADA))

    body = {"batch": [event("1", context={"traits": {"email": ADA}})]}

    answer = post(door.url, "/v1/batch", body, headers=basic(write_key))

    assert answer.json() == {"success": True, "accepted": 1, "duplicates": 0, "refused": 0}
    assert "ada" not in everything(app).lower()


def test_once_an_order_is_undone_its_people_come_in_again_and_others_do_not(app: App) -> None:
    order = stop(app, collect.stops.Stop("email", ADA))
    other = stop(app, collect.stops.Stop("email", "bob@example.com"), reason="objection")

    with app.transaction() as inside:
        assert collect.stops.undo_stop(inside, order, "test") == 1
        states = {one.id: (one.entries, one.undone_by) for one in collect.stops.stop_orders(inside)}

    told = say(app, event("1", properties={"email": ADA}), event("2", properties={"email": "bob@example.com"}))
    assert (told.accepted, told.stopped) == (1, 1)
    assert states == {order: (0, "test"), other: (1, None)}


def test_a_file_holds_identifiers_or_hashes_and_only_hashes_are_kept(app: App, tmp_path: Path) -> None:
    with app.transaction() as inside:
        key = collect.stops.secret(inside)
    hashed = collect.stops.stop_hash(key, collect.stops.Stop("email", "cyd@example.com"), "US")
    assert hashed is not None
    file = tmp_path / "stop.csv"
    file.write_text(f"type,value\n{ADA}\n+12125550123\ncard,4471 0001\n{hashed.hex()}\nemail,nobody\n")

    loaded = collect.stop_files.load_stops(app, file, "asked by letter", "test")

    assert (loaded.lines, loaded.entries) == (5, 4)
    assert say(app, event("1", properties={"email": "cyd@example.com"})).stopped == 1
    assert "ada" not in everything(app).lower()


@pytest.mark.parametrize("text", ["", "just words\n", "type,value\n"])
def test_a_file_that_names_nobody_is_refused(app: App, tmp_path: Path, text: str) -> None:
    file = tmp_path / "stop.txt"
    file.write_text(text)

    with pytest.raises(StopRefused):
        collect.stop_files.load_stops(app, file, "asked", "test")


def test_nothing_slips_in_between_the_look_and_the_commit(app: App) -> None:
    done = threading.Event()

    def late() -> None:
        say(app, event("late", properties={"email": ADA}))
        done.set()

    with app.transaction() as inside:
        order = collect.stops.order_stop(inside, "erased", "test")
        collect.stops.stop(inside, order, [collect.stops.Stop("email", ADA)])
        sender = threading.Thread(target=late)
        sender.start()
        assert not done.wait(0.2), "it got past a list that was about to be committed"
    sender.join(10)

    assert "ada" not in everything(app).lower()


def test_an_empty_list_costs_no_statement_and_no_hash(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    original = psycopg.Connection.execute
    say(app, event("0"))

    with monkeypatch.context() as patch:
        patch.setattr(
            psycopg.Connection, "execute", lambda self, *a, **k: (said.append(str(a[0])), original(self, *a, **k))[1]
        )
        say(app, event("1"), event("2"))

    assert [text for text in said if "stop_secret" in text or "hash = any" in text] == []
    assert sum("insert into journal" in text for text in said) == 1


def test_every_door_leads_through_the_one_that_asks_the_list() -> None:
    writers = {query.name for query in named_queries() if "insert into journal (" in query.sql}
    callers = {
        module.place
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("append", "publish", "refuse")
        and isinstance(node.value, ast.Name) and node.value.id == "SQL"
    }  # fmt: skip

    assert writers == {"append", "publish"}
    assert callers == {"regulars/collect/journal.py"}


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (" Ada.L@Example.COM ", "ada.l@example.com"),
        ("ada@XN--BCHER-KVA.example", "ada@bücher.example"),
        ("ada@bücher.example", "ada@bücher.example"),
        ("ada at example", None),
        ("ada@example.com, bob@example.com", None),
    ],
)
def test_an_address_has_one_spelling_that_the_resolver_gives_it_too(raw: str, kept: str | None) -> None:
    assert spelled("email", raw, "US") == kept
    assert resolve.normalize.email(raw.strip()) == kept


def test_names_are_found_in_what_is_no_json_too() -> None:
    assert collect.stops.Stop("email", "ada@example.com") in set(named('{"broken": "ada@example.com', ""))
    assert collect.stops.Stop("login", "77", "crm") in set(named(json.dumps({"userId": 77}), "crm"))
    assert set(named(json.dumps({"context": {"device": {"id": "d1"}}}), "")) == {collect.stops.Stop("device", "d1")}
