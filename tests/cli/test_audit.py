"""The audit and the inventory on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main

RUN = CliRunner()


@pytest.fixture
def shop(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """A source with two people in it, carried."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, "shop", "web")
        people = [
            {"type": "identify", "messageId": f"m{n}", "userId": f"u{n}", "traits": {"tier": "gold"}} for n in "ab"
        ]
        collect.accept(inside, source, people, received_at=app.clock.now())
        batch = collect.claim(inside, 10)
        assert batch is not None
        collect.advance(inside, batch)
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    return app


def run(*words: object, code: int = 0) -> Any:
    result = RUN.invoke(main, [*map(str, words), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_an_audit_is_complete_and_says_how_long_it_took(shop: App) -> None:
    found = run("audit")

    (source,) = found["sources"]
    assert {field["field"]: field["filled"] for field in source["fields"]} == {"userId": 2, "traits.tier": 2}
    assert found["read_until"] == found["journal_until"] == 2
    assert found["total_seconds"] > 0


def test_an_audit_of_a_source_that_is_not_there_says_so(shop: App) -> None:
    assert run("audit", "--source", "nobody", code=1)["error"]["code"] == "RG-1003"


def test_the_csv_goes_into_a_file(shop: App, tmp_path: Path) -> None:
    run("audit", "--csv", tmp_path / "audit.csv")

    lines = (tmp_path / "audit.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines] == ["Field", "traits.tier", "userId"]


def test_a_file_that_cannot_be_written_is_said(shop: App, tmp_path: Path) -> None:
    told = run("audit", "--csv", tmp_path / "nowhere" / "audit.csv", code=1)["error"]

    assert (told["code"], "cannot be written" in told["what"]) == ("RG-1004", True)


def test_a_system_is_stated_listed_and_removed(shop: App) -> None:
    made = run("system", "add", "Delivery", "--kind", "transactional", "--channel", "delivery", "--owner", "Ines")
    listed = run("system", "list")
    run("system", "remove", "Delivery")

    assert made["status"] == "wanted"
    assert [each["name"] for each in listed["systems"]] == ["Delivery", "shop"]
    assert "Delivery partner" not in [each["name"] for each in listed["missing"]]
    assert [each["name"] for each in run("system", "list")["systems"]] == ["shop"]
    assert run("system", "add", "X", "--kind", "till", "--channel", "store", code=1)["error"]["code"] == "RG-1180"
