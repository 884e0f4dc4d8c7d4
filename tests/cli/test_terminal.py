"""Every command takes --home anywhere, prints JSON when asked, and never shows a traceback."""

import json
import os
import socket
from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from regulars.cli import main
from regulars.cli.terminal import House, hoist_home, print_table
from regulars.kit.errors import NotFound

RUN = CliRunner()


def made(fault: Exception) -> typer.Typer:
    """A command line whose only command fails."""
    app = typer.Typer(cls=House)

    @app.callback()
    def root() -> None: ...

    @app.command()
    def fail(as_json: bool = typer.Option(False, "--json")) -> None:
        raise fault

    return app


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["doctor", "--home", "x", "--json"], ["--home", "x", "doctor", "--json"]),
        (["doctor", "--home=x"], ["--home=x", "doctor"]),
        (["--home", "x", "doctor"], ["--home", "x", "doctor"]),
        (["search", "--", "--home", "x"], ["search", "--", "--home", "x"]),
        (["doctor", "--home"], ["--home", "doctor"]),
    ],
)
def test_home_may_stand_anywhere_before_a_double_dash(given: list[str], hoisted: list[str]) -> None:
    assert hoist_home(given) == hoisted


def test_an_expected_error_is_what_fix_and_code_on_standard_error() -> None:
    result = RUN.invoke(made(NotFound("There is no customer 17", "Search by name")), ["fail"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "There is no customer 17" in result.stderr
    assert "Search by name. (RG-1003)" in result.stderr


def test_with_json_an_error_is_one_object_on_standard_output() -> None:
    result = RUN.invoke(made(NotFound("There is no customer 17", "Search by name")), ["fail", "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": {"what": "There is no customer 17", "fix": "Search by name", "code": "RG-1003"}
    }


def test_a_surprise_is_no_traceback_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGULARS_LOG_LEVEL", raising=False)

    result = RUN.invoke(made(ZeroDivisionError("by nothing")), ["fail"])

    assert result.exit_code == 1
    assert "RG-1900" in result.stderr
    assert "Traceback" not in result.output


def test_a_number_beyond_all_numbers_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGULARS_LOG_LEVEL", raising=False)

    result = RUN.invoke(made(psycopg.errors.NumericValueOutOfRange("bigint out of range")), ["fail"])

    assert "A number is larger than any here" in result.stderr
    assert "(RG-1004)" in result.stderr


def test_a_port_that_is_taken_is_the_machines_refusal_and_no_fault_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use") as caught:
        socket.create_server(taken.getsockname())

    result = RUN.invoke(made(caught.value), ["fail"])

    assert "(RG-1901)" in result.stderr
    assert "choose another port" in result.stderr


def test_a_file_as_data_folder_is_one_refusal(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    result = RUN.invoke(main, ["doctor", "--home", str(tmp_path / "home")])

    assert result.exit_code == 1
    assert "cannot be our data folder" in result.stderr


@pytest.mark.parametrize("text", ["[/x]", "[red]", "a [bold]b[/]", "two\nlines"])
def test_what_customers_wrote_is_shown_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(text, [text], [[text]])

    shown = capsys.readouterr().out
    assert all(shown.count(line) == 3 for line in text.splitlines())


def test_what_customers_wrote_gives_no_orders_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("\x1b[2J", ["Name"], [["\x1b]0;owned\x07"]])

    assert "\x1b" not in capsys.readouterr().out


def test_wrong_usage_ends_with_2_and_no_command_with_help() -> None:
    assert RUN.invoke(main, ["doctor", "--nonsense"]).exit_code == 2
    assert RUN.invoke(main, ["nonsense"]).exit_code == 2
    assert "Commands" in RUN.invoke(main, []).output


def test_the_home_of_one_call_is_forgotten_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGULARS_HOME", raising=False)

    RUN.invoke(main, ["--home", "/nowhere", "nonsense"])

    assert "REGULARS_HOME" not in os.environ


def test_the_version_is_printed() -> None:
    assert RUN.invoke(main, ["--version"]).output.startswith("regulars ")


def test_a_wrong_setting_is_one_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_SMTP_PORT", "mail")

    result = RUN.invoke(main, ["doctor"])

    assert result.exit_code == 1
    assert "REGULARS_SMTP_PORT is 'mail'" in " ".join(result.stderr.split())
