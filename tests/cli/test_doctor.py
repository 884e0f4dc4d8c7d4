"""The doctor names what is wrong, says how to mend it, and ends with 1 only then."""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regulars.cli import doctor, main
from regulars.kit.settings import Settings
from regulars.store.migrate import Otherwise

RUN = CliRunner()


def states(findings: list[doctor.Finding]) -> dict[str, str]:
    return {finding.check: finding.state for finding in findings}


def test_a_good_installation_is_well(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", database_url)

    result = RUN.invoke(main, ["doctor", "--json", "--home", str(tmp_path / "home")])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["well"] is True
    assert {finding["check"] for finding in answer["findings"]} >= {
        "database",
        "schema",
        "durability",
        "disk",
        "port",
        "mail",
        "clock",
    }


def test_a_database_that_does_not_answer_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", "postgresql://127.0.0.1:1/x")

    result = RUN.invoke(main, ["doctor", "--home", str(tmp_path)])

    assert result.exit_code == 1
    assert "wrong    database: PostgreSQL cannot be reached" in result.stdout


def test_a_home_that_others_may_enter_is_wrong_and_says_which_command_mends_it(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir(mode=0o755)

    [finding] = doctor.home_permissions(Settings(home=str(tmp_path)))

    assert finding.state == "wrong"
    assert finding.fix == f"chmod go= {tmp_path / 'postgres'}"


@pytest.mark.parametrize(("free", "state"), [(10, "ok"), (3, "warning"), (0.5, "wrong")])
def test_a_disk_that_runs_full_is_seen_in_time(
    free: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": free * 1024**3})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)

    assert states(doctor.disk(Settings(home=str(tmp_path)))) == {"disk": state}


def test_a_port_in_use_is_a_warning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        assert states(doctor.port(Settings(base_url=address))) == {"port": "warning"}


def test_a_mail_server_that_does_not_answer_is_a_warning() -> None:
    assert states(doctor.mail(Settings(smtp_port=1))) == {"mail": "warning"}


def test_a_mistyped_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_SMTP_PROT", "25")

    [finding] = doctor.names_of_variables(Settings())

    assert finding.found == "unknown: REGULARS_SMTP_PROT"


def test_a_file_of_the_brand_that_cannot_be_read_is_wrong_and_named(tmp_path: Path) -> None:
    (tmp_path / "purposes.yaml").write_text("purposes: [")
    (tmp_path / "retention.yaml").write_text("classes: {a: {events: [page], keep: soon}}")

    assert states(doctor.declarations(Settings(home=str(tmp_path)))) == {
        "purposes.yaml": "wrong",
        "retention.yaml": "wrong",
    }


def test_a_folder_for_imports_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    def stands(folder: str) -> dict[str, str]:
        return states(doctor.import_folder(Settings(import_folder=folder)))

    assert stands(str(tmp_path / "nowhere")) == {"import folder": "wrong"}
    assert stands("imports") == {"import folder": "warning"}
    assert (stands(str(tmp_path)), stands("")) == ({"import folder": "ok"}, {})


def test_a_database_clock_far_from_ours_is_wrong() -> None:
    class Late:
        def execute(self, _: str) -> "Late":
            return self

        def fetchone(self) -> tuple[datetime]:
            return (datetime(2020, 1, 1, tzinfo=UTC),)

    assert doctor.skew(Late()).state == "wrong"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "state", "says"),
    [
        (Otherwise([], []), "ok", "as this version makes it"),
        (Otherwise(["0020_resolve"], ["0010_collect"]), "wrong", "0020_resolve"),
        (Otherwise([], ["0010_collect"]), "warning", "1 of them before"),
    ],
)
def test_tables_that_another_build_made_are_never_called_up_to_date(found: Otherwise, state: str, says: str) -> None:
    finding = doctor.schema(found)

    assert (finding.state, says in finding.found) == (state, True)
