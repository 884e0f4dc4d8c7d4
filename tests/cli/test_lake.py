"""`regulars lake`: what a person gets to see."""

import json
from contextlib import nullcontext
from typing import Any

import pytest
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import lake
from regulars.cli.lake import commands
from tests.collect.test_withdrawals import page
from tests.conftest import START


@pytest.fixture(autouse=True)
def copied(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three page views, in the lake of the installation that commands open."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, "web", "web")
        collect.accept(inside, source, [page(number) for number in (1, 2, 3)], received_at=START)
        batch = collect.claim(inside, 10)
        assert batch is not None
        collect.advance(inside, batch)
    collect.flush(app)
    monkeypatch.setattr(lake, "opened", lambda: nullcontext(app))


def ask(*arguments: str) -> Any:
    return CliRunner().invoke(commands, arguments, prog_name="lake")


def test_a_damaged_lake_is_said_with_what_was_lost_and_is_repaired(app: App) -> None:
    for path, _ in list(app.lake.paths()):
        if path.startswith("journal/"):
            app.lake.remove(path)

    found, named = ask("verify"), ask("verify", "--json")
    repaired, after = ask("repair"), ask("verify")

    assert (found.exit_code, named.exit_code, after.exit_code) == (1, 1, 0)
    assert "missing" in found.stdout
    assert json.loads(named.stdout)["damages"][0]["lost"] == [[1, 3]]
    assert "rows read from the journal for them: 3" in repaired.stdout
    assert "The lake is the journal." in after.stdout


def test_pruning_says_that_the_journal_keeps_the_events() -> None:
    pruned = ask("prune", "--older-than", "3650")

    assert pruned.exit_code == 0
    assert "the journal keeps the events" in pruned.stdout
    assert json.loads(ask("compact", "--json").stdout) == {"before": 0, "after": 0}
