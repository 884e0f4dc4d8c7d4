"""`regulars report` and `regulars bench` as people and programs use them."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner, Result

from regulars.app import App
from regulars.bench import flow, resolve
from regulars.cli import main
from regulars.kit.settings import Settings
from regulars.optimize import reports
from tests.optimize.little_lake import MONDAY, Lake


def ask(app: App, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", str(app.lake.root.parent))
    return CliRunner().invoke(main, list(words))


def test_a_report_answers_people_programs_and_sheets_alike(
    app: App, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake([(record, MONDAY, 1_000 * record, 2, "MILK") for record in range(1, 11)])

    told = ask(app, monkeypatch, "report", "spend_quintiles")
    data = json.loads(ask(app, monkeypatch, "report", "spend_quintiles", "--param", "owner=customer", "--json").stdout)
    sheet = list(csv.reader(io.StringIO(ask(app, monkeypatch, "report", "spend_quintiles", "--csv").stdout)))

    assert "The best fifth of customers brings 34.5% of revenue: $190.00 of $550.00" in told.stdout
    assert data["title"] in told.stdout
    assert [row[2] for row in data["rows"]] == [19_000, 15_000, 11_000, 7_000, 3_000]
    assert sheet[1][2] == "190.00"


def test_a_wrong_parameter_is_one_readable_refusal(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask(app, monkeypatch, "report", "spend_quintiles", "-p", "owner=shop", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "RG-1701"


def test_the_list_names_every_report(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(ask(app, monkeypatch, "report", "--list", "--json").stdout)

    assert [each["name"] for each in listed] == list(reports)


def test_the_flow_is_measured_against_a_raw_insert_of_the_same_rows(database_url: str) -> None:
    answer = flow.run(Settings(database_url=database_url), size=200)

    assert set(answer) == {"ratios", "raw"}
    assert 0 < answer["ratios"]["of_raw_insert"] < 1
    assert answer["raw"]["events"] == 200
    assert all(spent >= 0 for spent in answer["raw"]["microseconds_per_event"].values())


def test_who_is_who_is_measured_against_copy_and_a_broken_feed_joins_nobody(database_url: str) -> None:
    answer = resolve.run(Settings(database_url=database_url), size=120)

    assert set(answer["ratios"]) == {"mix_of_copy", "broken_feed"}
    assert min(answer["ratios"].values()) > 0
    # Every row of a feed is a customer of its own, and so is everybody the mix brought.
    assert answer["raw"]["customers"] > answer["raw"]["people"] + 2 * 3 * 30


def test_an_unknown_bench_is_refused_with_the_known_ones(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask(app, monkeypatch, "bench", "memory", "--json")

    assert result.exit_code == 1
    assert "flow, import, ingest, likeness, link, moment" in json.loads(result.stdout)["error"]["fix"]
