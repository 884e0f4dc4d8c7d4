"""Demo and serve look before they touch anything."""

from __future__ import annotations

import json
import socket
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars import demo, worker
from regulars.app import App
from regulars.cli import doctor, main
from regulars.cli.serve import ServedAlready, at_address, served_here
from regulars.kit import settings as kit_settings
from regulars.kit.settings import Settings
from tests.engage.town import person, tell

RUN = CliRunner()


def refused(*arguments: str) -> str:
    """The code of a refused command."""
    result = RUN.invoke(main, [*arguments, "--json"])
    assert result.exit_code == 1
    return json.loads(result.stdout)["error"]["code"]


@pytest.mark.parametrize("day", ["garbage", "2026-13-01", "0001-01-01"])
def test_a_day_that_is_none_is_refused_in_words(
    day: str, app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)

    assert refused("demo", "--no-serve", "--today", day, "--home", str(tmp_path / "home")) == "RG-1952"


def test_the_demo_does_not_come_to_a_brand_with_events_and_touches_nothing_there(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(app, "tills", [person("ada", app.clock.now())])
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    home = tmp_path / "home"

    assert refused("demo", "--no-serve", "--size", "small", "--home", str(home)) == "RG-1952"

    assert not (home / "settings.json").exists()
    assert not (home / "mail").exists()
    with app.transaction() as inside:
        assert inside.db.execute("select replaying from pace").fetchall() == [(False,)]


def test_a_plan_of_another_database_lets_no_demo_into_this_one(app: App, twin: App) -> None:
    demo.register_sources(twin)
    plan = demo.Plan("small", date(2026, 3, 2), twin.clock.now())
    path = app.settings.home_path / "demo" / "plan.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(json.dumps({"size": plan.size, "today": "2026-03-02", "begun_at": str(plan.begun_at)}).encode())
    tell(app, "web", [person("ada", app.clock.now())])

    with pytest.raises(demo.DemoRefused, match="not the demo's"):
        demo.admit(app, "small")


def test_another_size_is_refused_before_anything_is_touched(app: App) -> None:
    demo.load(app, "small", date(2026, 3, 2))

    with pytest.raises(demo.DemoRefused, match="small demo"):
        demo.admit(app, "full")
    plan = demo.admit(app, "small")

    assert plan is not None
    assert plan.is_loaded


def test_what_listens_on_another_port_links_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_HOME", str(tmp_path))

    assert at_address(kit_settings.load(), "127.0.0.1", 8831).base_url == "http://127.0.0.1:8831"
    kit_settings.keep(Settings(home=str(tmp_path), base_url="http://127.0.0.1:8001"))
    assert at_address(kit_settings.load(), "0.0.0.0", 8831).base_url == "http://127.0.0.1:8831"


def test_an_address_somebody_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_HOME", str(tmp_path))

    kit_settings.keep(Settings(home=str(tmp_path), base_url="https://crm.example.com"))
    assert at_address(kit_settings.load(), "127.0.0.1", 8831).base_url == "https://crm.example.com"
    monkeypatch.setenv("REGULARS_BASE_URL", "http://127.0.0.1:9000")
    assert at_address(kit_settings.load(), "127.0.0.1", 8831).base_url == "http://127.0.0.1:9000"


def test_a_port_that_is_taken_is_refused_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        result = RUN.invoke(main, ["serve", "--port", port, "--home", str(tmp_path / "home")])

    assert result.exit_code == 1
    assert "choose another --port. (RG-1911)" in result.stderr


def test_a_data_folder_is_served_once(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"))

    with served_here(settings), pytest.raises(ServedAlready, match="being served already"), served_here(settings):
        pass
    with served_here(settings):
        pass


def test_the_doctor_says_that_the_flow_stands_still_and_what_was_set_aside() -> None:
    now = worker.Standing(waiting=3, waiting_since=None, seen_at=None, set_aside=2, is_still=True)

    assert [(each.check, each.state) for each in doctor.flow(now)] == [("flow", "wrong"), ("events", "warning")]
