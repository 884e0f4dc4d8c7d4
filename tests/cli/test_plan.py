"""The tracking plan on the command line: judged, tried, loaded, handed on."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main

RUN = CliRunner()
PLAN = "plan: Market\nevents:\n  Order Completed:\n    properties:\n      order_id: {type: string, required: true}\n"


@pytest.fixture
def file(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan, beside an installation with one event that breaks it."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    with app.transaction() as inside:
        source, _ = collect.register(inside, "till", "tills")
        event = {"type": "track", "event": "Order Completed", "userId": "a", "messageId": "1"}
        collect.accept(inside, source, [event], received_at=app.clock.now())
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_a_plan_is_tried_loaded_shown_and_exported(app: App, file: Path) -> None:
    tried = json.loads(RUN.invoke(main, ["plan", "check", str(file), "--latest", "10", "--json"]).stdout)
    loaded = json.loads(RUN.invoke(main, ["plan", "load", str(file), "--json"]).stdout)
    schema = file.with_suffix(".json")
    RUN.invoke(main, ["plan", "export", str(schema)])
    shown = json.loads(RUN.invoke(main, ["plan", "show", "--json"]).stdout)

    assert (tried["tried"], tried["violations"][0]["path"]) == (1, "order_id")
    assert (loaded["version"], loaded["from_seq"]) == (1, 2)
    assert json.loads(schema.read_text())["$defs"]["Order Completed"]["required"] == ["order_id"]
    assert [each["name"] for each in shown["versions"]] == ["Market"]


def test_a_plan_that_cannot_be_used_is_refused_with_its_code(file: Path) -> None:
    file.write_text("plan: A\nunplanned: never\n")

    result = RUN.invoke(main, ["plan", "check", str(file), "--json"])

    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, "RG-1185")


def test_exporting_without_a_plan_says_how_to_load_one(file: Path) -> None:
    result = RUN.invoke(main, ["plan", "export", str(file.with_suffix(".json")), "--home", str(file.parent)])

    assert result.exit_code == 1
    assert "regulars plan load" in result.stderr
