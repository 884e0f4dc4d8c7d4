"""Files and sources on the command line: a dry run judges like the import, and says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main
from regulars.kit.clock import ManualClock, SystemClock

RUN = CliRunner()


@pytest.fixture
def file(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of one customer; a source `shop` of kind web is there."""
    with app.transaction() as inside:
        collect.register(inside, "shop", "web")
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    path = tmp_path / "people [red].csv"
    path.write_text("user_id,email\n1,ann@example.com\n")
    return path


def run(*words: object) -> Result:
    return RUN.invoke(main, [*map(str, words)])


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def kinds(app: App) -> dict[str, str]:
    with app.transaction() as inside:
        return {use.source.name: use.source.kind for use in collect.list_sources(inside)}


@pytest.mark.parametrize("dry", [["--dry-run"], []])
@pytest.mark.parametrize(
    "asked",
    [["--source", "BAD NAME"], ["--source", "new", "--kind", "nonsense"], ["--source", "shop", "--kind", "crm"]],
)
def test_what_an_import_refuses_its_dry_run_refuses_alike(
    app: App, file: Path, asked: list[str], dry: list[str]
) -> None:
    result = run("import", file, *asked, *dry, "--json")

    assert (result.exit_code, answer(result)["error"]["code"]) == (1, "RG-1138")
    assert kinds(app) == {"shop": "web"}


def test_a_dry_run_judges_by_the_source_that_is_there_and_keeps_nothing(app: App, file: Path) -> None:
    # An e-mail alone names somebody everywhere but in a browser.
    file.write_text("email\nann@example.com\n")

    known, new = (answer(run("import", file, "--source", name, "--dry-run", "--json")) for name in ("shop", "new"))

    assert (known["refused"], known["refusals"][0]["code"]) == (1, "RG-1103")
    assert (new["accepted"], new["refused"]) == (1, 0)
    assert kinds(app) == {"shop": "web"}


def test_an_import_without_a_kind_keeps_that_of_the_source_and_a_new_one_is_other(app: App, file: Path) -> None:
    for name in ("shop", "new"):
        assert run("import", file, "--source", name).exit_code == 0

    assert kinds(app) == {"new": "other", "shop": "web"}


def test_a_file_of_another_program_is_refused_with_what_can_be_read(file: Path) -> None:
    sheet = file.with_suffix(".ods")
    sheet.write_text("")

    error = answer(run("import", sheet, "--source", "shop", "--json"))["error"]

    assert error["code"] == "RG-1137"
    assert ".csv, .jsonl, .parquet" in error["fix"]


@pytest.mark.parametrize("hours", ["1e12", "nan", "inf", "-1"])
@pytest.mark.usefixtures("file")
def test_a_key_is_never_kept_for_a_time_that_is_none(hours: str) -> None:
    result = run("source", "rotate", "shop", "--overlap", hours, "--json")

    assert (result.exit_code, answer(result)["error"]["code"]) == (1, "RG-1138")


def test_a_leaked_key_can_be_closed_at_once(app: App, clock: ManualClock, file: Path) -> None:
    leaked = answer(run("source", "rotate", "shop", "--json"))["write_key"]

    run("source", "rotate", "shop", "--overlap", "0")

    clock.move_to(SystemClock().now())
    with app.transaction() as inside:
        assert collect.holder_of(inside, leaked) is None


@pytest.mark.usefixtures("file")
def test_a_key_is_made_described_found_and_revoked_from_the_command_line() -> None:
    made = answer(run("source", "keys", "shop", "--new", "--label", "till 3", "--json"))
    key = made["write_key"].split("_")[3]

    run("source", "describe", "shop", key, "--label", "the pages", "--origin", "https://shop.example/", "--json")
    run("source", "revoke", "shop", key)
    found = {each["id"]: each for each in answer(run("source", "keys", "shop", "--json"))["keys"]}

    assert (found[key]["label"], found[key]["origins"]) == ("the pages", ["https://shop.example"])
    assert found[key]["revoked_at"] is not None
    assert answer(run("source", "revoke", "shop", "nobody", "--json"))["error"]["code"] == "RG-1138"
    assert "revoked" in run("source", "keys", "shop").output


@pytest.mark.usefixtures("file")
def test_limits_of_a_source_are_set_one_by_one_and_go_back_to_the_defaults() -> None:
    run("source", "limits", "shop", "--requests", "5", "--json")
    both = answer(run("source", "limits", "shop", "--request-bytes", "1000000", "--json"))["limits"]
    wrong = answer(run("source", "limits", "shop", "--request-bytes", "9000000", "--json"))["error"]
    back = answer(run("source", "limits", "shop", "--reset", "--json"))["limits"]

    assert (both["requests_per_second"], both["request_max_bytes"]) == (5, 1_000_000)
    assert "request_max_bytes" in wrong["what"]
    assert set(back.values()) == {None}
