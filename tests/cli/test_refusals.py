"""Refusals on the command line: listed by reason, tried, mended and sent again."""

import json

import pytest
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main

RUN = CliRunner()


def test_a_group_is_found_tried_and_sent_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    with app.transaction() as inside:
        source, _ = collect.register(inside, "till", "tills")
        odd = [{"type": "odd", "event": "X", "userId": "a", "messageId": str(number)} for number in range(3)]
        collect.accept(inside, source, odd, received_at=app.clock.now())

    listed = json.loads(RUN.invoke(main, ["refusals", "list", "--json"]).stdout)["groups"]
    like = str(listed[0]["like"])
    tried = RUN.invoke(main, ["refusals", "replay", like, "--dry-run"])
    wrong = RUN.invoke(main, ["refusals", "replay", like, "--set", "type", "--json"])
    sent = RUN.invoke(main, ["refusals", "replay", like, "--set", "type=track", "--json"])

    assert (listed[0]["count"], tried.exit_code) == (3, 1)
    assert (wrong.exit_code, json.loads(wrong.stdout)["error"]["code"]) == (1, "RG-1004")
    assert (sent.exit_code, json.loads(sent.stdout)["accepted"]) == (0, 3)
