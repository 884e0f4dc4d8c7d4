"""Customers and segments on the command line, from events that went through every room."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regulars import collect, flow
from regulars.app import App
from regulars.cli import main
from regulars.cli.terminal import plain

RUN = CliRunner()


@pytest.fixture
def ann(app: App, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ann Miller, who bought once yesterday; her e-mail."""
    yesterday = (app.clock.now() - timedelta(days=1)).isoformat()
    products = [{"product_id": "1", "category": "CHEESE", "department": "DAIRY", "quantity": 2, "revenue": "19.90"}]
    traits = {"first_name": "Ann", "last_name": "Miller", "email": "ann@example.com", "email_verified": True}
    order = {"order_id": "A-1", "revenue": "19.90", "currency": "USD", "channel": "web", "products": products}
    messages: list[dict[str, Any]] = [
        {"type": "identify", "messageId": "1", "userId": "ann", "timestamp": yesterday, "traits": traits},
        {"type": "track", "messageId": "2", "userId": "ann", "timestamp": yesterday, "properties": order},
    ]
    messages[1]["event"] = "Order Completed"
    with app.transaction() as inside:
        source, _ = collect.register(inside, "shop", "web")
        collect.accept(inside, source, messages, received_at=app.clock.now())
    with app.transaction() as inside:
        batch = collect.claim(inside, 100)
        assert batch is not None
        flow.on_events(inside, batch)
        collect.advance(inside, batch)
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    return "ann@example.com"


@pytest.fixture
def asked(ann: str) -> Callable[..., Any]:
    """Runs a command with --json and gives its answer."""

    def ask(*words: str) -> Any:
        result = RUN.invoke(main, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return ask


def test_an_export_is_a_file_that_its_owner_alone_may_read(ann: str, tmp_path: Path) -> None:
    path = tmp_path / "ann.zip"

    result = RUN.invoke(main, ["customer", "export", ann, "--out", str(path)])

    assert result.exit_code == 0, result.output
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as archive:
        assert ann in archive.read("data/profile_field.jsonl").decode()


def test_a_customer_is_found_by_the_beginning_of_her_name(asked: Callable[..., Any]) -> None:
    [hit] = asked("customer", "search", "mil")["customers"]

    assert hit["name"] == "Ann Miller"


def test_a_customer_is_found_by_her_id(asked: Callable[..., Any]) -> None:
    [known] = asked("customer", "search", "mil")["customers"]

    assert asked("customer", "search", str(known["customer"]))["customers"] == [known]


@pytest.mark.usefixtures("ann")
def test_odd_words_find_nobody_and_break_nothing() -> None:
    for text in ("[/x]", "[red]", "²", "99999999999999999999", "\udcff"):
        found = RUN.invoke(main, ["customer", "search", text])
        shown = RUN.invoke(main, ["customer", "show", text])

        assert (found.exit_code, shown.exit_code) == (0, 1)
        assert f"0 found for '{plain(text)}'" in found.stdout
        assert "RG-1003" in shown.stderr


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("text", ["99999999999999999999", "²", "ann", "\udcff"])
def test_a_trait_is_explained_to_nobody_where_the_id_can_be_none(text: str) -> None:
    told = RUN.invoke(main, ["trait", "explain", "orders", "--customer", text])

    assert told.exit_code == 1
    assert "RG-1003" in told.stderr


def test_a_trait_is_explained_for_a_customer(asked: Callable[..., Any]) -> None:
    [known] = asked("customer", "search", "mil")["customers"]

    told = asked("trait", "explain", "orders", "--customer", str(known["customer"]))

    assert (told["customer"], told["value"]) == (known["customer"], "1")


def test_she_is_shown_by_mail_or_id_with_what_every_room_knows(asked: Callable[..., Any], ann: str) -> None:
    by_mail = asked("customer", "show", ann)
    by_id = asked("customer", "show", str(by_mail["customer"]))

    assert by_id == by_mail
    assert by_mail["profile"]["name"] == "Ann Miller"
    assert {each["value"] for each in by_mail["identifiers"]} >= {ann}
    assert "Order Completed" in {event["name"] for event in by_mail["events"]}
    assert by_mail["traits"]


def test_people_get_tables(ann: str) -> None:
    shown = RUN.invoke(main, ["customer", "show", ann])

    assert shown.exit_code == 0, shown.output
    assert "Ann Miller" in shown.stdout


def test_segments_have_sizes_and_members(asked: Callable[..., Any]) -> None:
    sizes = {each["name"]: each["size"] for each in asked("segment", "list")["segments"]}
    inside = next(name for name, size in sizes.items() if size == 1)

    assert asked("segment", "count", inside)["count"] == 1
    assert [member["name"] for member in asked("segment", "members", inside)["members"]] == ["Ann Miller"]


@pytest.mark.usefixtures("ann")
def test_a_mailing_file_says_who_is_on_it_and_why_others_are_not(asked: Callable[..., Any], tmp_path: Path) -> None:
    inside = next(each["name"] for each in asked("segment", "list")["segments"] if each["size"] == 1)
    path = tmp_path / "letters.csv"

    done = asked("segment", "export", inside, "--out", str(path), "--one-per-household")

    assert (done["lines"], done["left_out"]) == (0, {"No usable address known": 1})
    assert path.read_text().startswith("customer,first_name")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("ann")
def test_a_rule_can_be_counted(asked: Callable[..., Any]) -> None:
    assert asked("segment", "count", '{"kind": "trait", "trait": "orders", "is": ">=", "value": 3}')["count"] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["customer", "show", "nobody@example.com"], "RG-1003"),
        (["segment", "members", "nonsense"], "RG-1403"),
        (["segment", "count", "nonsense"], "RG-1403"),
        (["segment", "count", "{not json"], "RG-1402"),
        (["segment", "count", '{"not": ' * 3_000 + "{}" + "}" * 3_000], "RG-1402"),
        (["segment", "count", '{"all": [], "any": []}'], "RG-1402"),
    ],
)
@pytest.mark.usefixtures("ann")
def test_what_does_not_exist_is_refused(words: list[str], code: str) -> None:
    result = RUN.invoke(main, [*words, "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == code
