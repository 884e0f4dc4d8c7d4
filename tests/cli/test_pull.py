"""Pulls on the command line and beside `serve`: one that fails or hangs is no other's trouble."""

import json
import socket
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main, pull, timed
from regulars.cli.pull import pulling
from regulars.collect.errors import PullBusy
from regulars.collect.hold import held
from regulars.collect.pulling import PULL_LOCK
from tests.collect.streams.runs import until

RUN = CliRunner()
DEFINITION = """kind = "{kind}"
source = "shop"
[connect]
url = "{url}"
{where} = "orders"
key = "id"
cursor = "at"
[mapping]
event = "Order Completed"
fields = {{id = "properties.order_id", who = "userId"}}
"""


@pytest.fixture(autouse=True)
def home(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run on the test's own installation."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)


def add(app: App, folder: Path, name: str, url: str, kind: str = "sql") -> None:
    path = folder / f"{name}.toml"
    path.write_text(DEFINITION.format(kind=kind, url=url, where="table" if kind == "sql" else "path"))
    with app.transaction() as inside:
        collect.pulling.add_pull(inside, name, path)


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The address of a database with one order."""
    with sqlite3.connect(tmp_path / "shop.db") as base:
        base.execute("create table orders (id integer, who text, at integer)")
        base.execute("insert into orders values (1, 'ann', 1)")
    base.close()
    return f"sqlite:///{tmp_path}/shop.db"


def test_those_that_are_due_run_whatever_becomes_of_one_of_them(app: App, tmp_path: Path, shop: str) -> None:
    add(app, tmp_path, "a-gone", f"sqlite:///{tmp_path}/nowhere.db")
    add(app, tmp_path, "b-here", shop)

    ran = RUN.invoke(main, ["pull", "run", "--due", "--json"])
    listed = RUN.invoke(main, ["pull", "list", "--json"])

    told = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert [(each["pull"], each["accepted"]) for each in told["pulls"]] == [("b-here", 1)]
    assert [(each["pull"], each["code"]) for each in told["failed"]] == [("a-gone", "RG-1168")]
    states = [(each["name"], each["state"], each["fault"] is None) for each in json.loads(listed.stdout)["pulls"]]
    assert states == [("a-gone", "failed", False), ("b-here", "waiting", True)]
    assert RUN.invoke(main, ["pull", "run", "--due"]).exit_code == 0


def test_beside_serve_a_service_that_never_answers_holds_up_no_other_pull(app: App, tmp_path: Path, shop: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        add(app, tmp_path, "a-silent", f"http://127.0.0.1:{silent.getsockname()[1]}/", "rest")
        add(app, tmp_path, "b-here", shop)

        with pulling(app):
            until(lambda: states(app) == ["running", "waiting"])

        until(lambda: states(app) == ["cut off", "waiting"])


def test_one_that_others_began_meanwhile_is_no_failure(
    app: App, tmp_path: Path, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, tmp_path, "a-begun", shop)
    add(app, tmp_path, "b-here", shop)
    names = pull.due_pulls(app)
    monkeypatch.setattr(pull, "due_pulls", lambda app: names)

    with app.transaction() as inside:
        id = collect.pulling.list_pulls(inside)[0].id
    with held(app, PULL_LOCK, id, PullBusy("It runs", "Wait")):
        reports, failed = pull.run_due(app)

    assert ([each.pull for each in reports], failed) == (["b-here"], [])


def test_a_service_whose_list_takes_over_a_day_says_that_it_begins_again(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "LOOK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        add(app, tmp_path, "a-silent", f"http://127.0.0.1:{silent.getsockname()[1]}/", "rest")

        with pulling(app):
            until(lambda: states(app) == ["running"])
            monkeypatch.setattr(timed, "RUN_MAX", -timed.RUN_MAX)
            until(lambda: fault(app) is not None)

    assert "was cut off. It begins again where it began: ask for less" in str(fault(app))


def fault(app: App) -> str | None:
    with app.transaction() as inside:
        return collect.pulling.list_pulls(inside)[0].fault


def states(app: App) -> list[str]:
    with app.transaction() as inside:
        return [use.state for use in collect.pulling.list_pulls(inside)]
