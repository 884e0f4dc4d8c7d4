"""Server keys on the command line: made, listed, rotated, revoked."""

import json

import pytest
from typer.testing import CliRunner

from regulars.app import App
from regulars.cli import main

RUN = CliRunner()


def test_a_server_key_is_made_listed_rotated_and_revoked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    made = json.loads(RUN.invoke(main, ["key", "add", "Till 3", "--scope", "moment:read", "--json"]).stdout)
    rotated = json.loads(RUN.invoke(main, ["key", "rotate", str(made["id"]), "--json"]).stdout)
    revoked = RUN.invoke(main, ["key", "revoke", str(made["id"])])
    wrong = RUN.invoke(main, ["key", "add", "Till 3", "--scope", "all"])
    listed = RUN.invoke(main, ["key", "list", "--json"]).stdout

    assert (revoked.exit_code, wrong.exit_code) == (0, 1)
    assert [(key["id"], key["scopes"]) for key in json.loads(listed)["keys"]] == [
        (rotated["id"], ["moment:read"]),
        (made["id"], ["moment:read"]),
    ]
    assert made["server_key"] != rotated["server_key"]
    assert made["server_key"] not in listed
