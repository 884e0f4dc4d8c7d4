"""An import is a thing: durable as far as it says, resumed after a kill, undone with everything it brought."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import FileRefused, ImportRefused
from regulars.collect.files import import_runs, imports
from regulars.collect.files.mapping import Mapping, message
from regulars.kit.clock import ManualClock

ROWS = 40_000
WHO = Mapping(kind="identify", fields={"id": "userId", "name": "traits.name"})
KILL_SECONDS = 60.0


def people(path: Path, rows: int = ROWS) -> Path:
    """A file of people; every tenth row names nobody."""
    told = [{"id": "" if number % 10 == 0 else f"c{number}", "name": f"Né {number}"} for number in range(1, rows + 1)]
    if path.suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist(told), path, row_group_size=7_000)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in told))
    else:
        path.write_text("id,name\n" + "\n".join(f"{row['id']},{row['name']}" for row in told))
    return path


def register(app: App) -> collect.Source:
    with app.transaction() as inside:
        return collect.register(inside, "crm", "crm")[0]


def listed(app: App) -> collect.ImportRun:
    with app.transaction() as inside:
        return collect.list_imports(inside)[0]


def undone(app: App, run: int) -> collect.ImportRun:
    with app.transaction() as inside:
        return collect.undo_import(inside, run, "Ann")


def users(app: App) -> list[str]:
    """Whom the readers of the journal see, in its order."""
    seen: list[str] = []
    after = 0
    with app.transaction() as inside:
        rows = inside.db.execute(
            "select seq, body->>'userId' from journal where not is_withdrawn(seq) order by seq"
        ).fetchall()
    for seq, user in rows:
        assert seq > after
        after = seq
        seen.append(user)
    return seen


def faults(app: App, rows: int) -> list[str]:
    """What a killed and resumed import lost, doubled or put in another order."""
    wanted = [f"c{number}" for number in range(1, rows + 1) if number % 10]
    seen = users(app)
    found = [f"{len(seen) - len(set(seen))} doubled"] if len(seen) != len(set(seen)) else []
    found += [f"{len(set(wanted) - set(seen))} lost"] if set(wanted) - set(seen) else []
    return found + (["another order"] if sorted(seen) == sorted(wanted) and seen != wanted else [])


@contextmanager
def importing(app: App, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An import in a process of its own, by the command."""
    mapping = path.with_suffix(".mapping.json")
    mapping.write_text(json.dumps({"kind": WHO.kind, "fields": WHO.fields}))
    command = [sys.executable, "-m", "regulars", "import", path, "--source", "crm", "--mapping", mapping, "--json"]
    environ = os.environ | {"REGULARS_DATABASE_URL": app.settings.database_url, "REGULARS_HOME": app.settings.home}
    with subprocess.Popen([*map(str, command)], env=environ, stdout=subprocess.PIPE) as process:
        yield process


def killed_in_the_middle(app: App, path: Path) -> collect.ImportRun:
    """Kill -9 an import once some of its chunks are durable and others are not."""
    with importing(app, path) as process:
        until = time.monotonic() + KILL_SECONDS
        while time.monotonic() < until:
            with app.transaction() as inside:
                found = collect.list_imports(inside)
            if found and 0 < found[0].rows < ROWS:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    while (run := listed(app)).state == "running" and time.monotonic() < until:
        time.sleep(0.01)  # the database notices a moment later that its process is gone
    assert 0 < run.rows < ROWS
    return run


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_import_that_was_killed_goes_on_where_it_stopped_and_loses_and_doubles_nothing(
    app: App, tmp_path: Path, suffix: str
) -> None:
    register(app)
    path = people(tmp_path / f"people{suffix}")
    before = killed_in_the_middle(app, path)
    assert before.state == "stopped"

    with importing(app, path) as process:
        assert process.stdout is not None
        report = json.loads(process.stdout.read())

    assert faults(app, ROWS) == []
    assert (report["run"], report["rows"], report["refused"], report["duplicates"]) == (before.id, ROWS, ROWS // 10, 0)
    after = listed(app)
    assert (after.state, after.share, after.resumed_row) == ("done", 1.0, before.rows)


def test_a_resume_that_forgets_its_chunk_is_found_out(app: App, tmp_path: Path) -> None:
    """The control: an import that believes it stood elsewhere loses rows, and the test above would say so."""
    path = people(tmp_path / "people.csv")
    source = register(app)
    run = imports.begin(app, path, source, WHO)
    with app.transaction() as inside:
        inside.db.execute("update import_run set row_number = 5000, mark = 100000, state = 'failed'")

    collect.carry_import(app, run)

    assert any("lost" in fault for fault in faults(app, ROWS))


def test_a_resume_that_reads_a_durable_chunk_again_is_stopped(app: App, tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv", 6_000)
    report = collect.import_file(app, path, register(app), WHO)
    with app.transaction() as inside:
        inside.db.execute("update import_run set row_number = 0, mark = 0, state = 'failed'")

    with pytest.raises(Exception, match="import_chunk_pkey"):
        collect.carry_import(app, report.run or 0)

    assert faults(app, 6_000) == []


@pytest.mark.parametrize("own_ids", [False, True])
def test_an_undone_import_leaves_nothing_and_its_file_can_be_imported_again(
    app: App, tmp_path: Path, own_ids: bool
) -> None:
    source = register(app)
    path = people(tmp_path / "people.csv", 6_000)
    who = Mapping(kind="identify", fields={"id": "userId", "name": "messageId" if own_ids else "traits.name"})
    first = collect.import_file(app, path, source, who)

    gone = undone(app, first.run or 0)
    assert (gone.state, users(app)) == ("undone", [])

    again = collect.import_file(app, path, source, who)
    assert (again.run, again.accepted, again.duplicates) == ((first.run or 0) + 1, 5_400, 0)
    assert faults(app, 6_000) == []
    third = collect.import_file(app, path, source, who)
    assert (third.accepted, third.duplicates) == (0, 5_400)


def test_undoing_one_import_leaves_what_others_sent_in_between(app: App, tmp_path: Path) -> None:
    source = register(app)
    with app.transaction() as inside:
        other, _ = collect.register(inside, "web", "web")
    calls: list[int] = []

    def meanwhile(rows: int, share: float) -> None:
        calls.append(rows)
        with app.transaction() as inside:
            message = {"type": "identify", "userId": f"w{rows}", "messageId": f"w{rows}"}
            collect.accept(inside, other, [message], received_at=app.clock.now())

    report = collect.import_file(app, people(tmp_path / "people.csv", 12_000), source, WHO, progress=meanwhile)
    undone(app, report.run or 0)

    assert calls == [5_000, 10_000, 12_000]
    assert users(app) == ["w5000", "w10000", "w12000"]


def test_an_import_is_carried_once_at_a_time_and_never_undone_meanwhile(app: App, tmp_path: Path) -> None:
    run = imports.begin(app, people(tmp_path / "people.csv", 100), register(app), WHO)

    with import_runs.carrying(app, run):
        assert listed(app).state == "running"
        with pytest.raises(ImportRefused, match="running already"):
            collect.carry_import(app, run)
        with pytest.raises(ImportRefused, match="is running"):
            undone(app, run)

    assert listed(app).state == "stopped"
    assert collect.carry_import(app, run).accepted == 90


def test_an_import_that_fails_says_why_and_goes_on_when_that_is_mended(app: App, tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv", 100)
    run = imports.begin(app, path, register(app), WHO)
    content = path.read_bytes()
    path.write_bytes(b"id,name\n1,other\n")

    with pytest.raises(FileRefused, match="not the file"):
        collect.carry_import(app, run)
    failed = listed(app)
    path.write_bytes(content)

    assert (failed.state, "RG-1137" in (failed.fault or "")) == ("failed", True)
    assert collect.carry_import(app, run).rows == 100
    assert (listed(app).state, listed(app).fault) == ("done", None)


def test_an_import_lists_a_bounded_number_of_refused_rows_and_counts_all(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "REFUSALS_LISTED_MAX", 7)
    path = people(tmp_path / "people.csv", 12_000)

    report = collect.import_file(app, path, register(app), WHO)

    assert (report.refused, [each.row for each in report.refusals]) == (1_200, [10, 20, 30, 40, 50, 60, 70])


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1,234.50", ".", 1234.5),
        ("1.234,50", ",", 1234.5),
        ("€ 12,50", ",", 12.5),
        ("12,50 €", ",", 12.5),
        ("-3", ",", -3.0),
        ("$1,000", ".", 1000.0),
        ("1,234.50", "", "1,234.50"),
        ("12,34,5", ".", "12,34,5"),
        ("free", ",", "free"),
    ],
)
def test_amounts_are_read_as_their_country_writes_them(text: str, decimal: Any, number: object) -> None:
    mapping = Mapping(event="Order Completed", fields={"total": "properties.revenue"}, decimal=decimal)

    assert message({"total": text}, mapping)["properties"]["revenue"] == number


@pytest.mark.parametrize(
    ("text", "pattern", "told"),
    [
        ("05.01.2026 15:00", "%d.%m.%Y %H:%M", "2026-01-05T15:00:00-05:00"),
        ("1/5/2026", "%m/%d/%Y", "2026-01-05T00:00:00-05:00"),
        ("1767625200", "epoch", 1767625200.0),
        ("soon", "%m/%d/%Y", "soon"),
    ],
)
def test_times_are_read_by_their_pattern_in_the_zone_that_is_named(text: str, pattern: str, told: object) -> None:
    mapping = Mapping(event="Visit", fields={"when": "timestamp"}, times={"when": pattern}, zone="America/New_York")

    assert message({"when": text}, mapping)["timestamp"] == told


@pytest.mark.parametrize(
    ("text", "number"), [(" " * 5_000 + "1.234,50" + " " * 5_000, 1234.5), ("1" * 64, float("1" * 64))]
)
def test_white_space_around_an_amount_does_not_matter(text: str, number: float) -> None:
    mapping = Mapping(event="Order Completed", fields={"total": "properties.revenue"}, decimal=",")

    assert message({"total": text}, mapping)["properties"]["revenue"] == number


@pytest.mark.parametrize("text", ["€" + " " * 5_000 + "1,5", "1" + ".234" * 20, "1,5" + " " * 5_000 + "€"])
def test_a_text_that_is_too_long_for_an_amount_stays_as_it_is(text: str) -> None:
    mapping = Mapping(event="Order Completed", fields={"total": "properties.revenue"}, decimal=",")

    assert message({"total": text}, mapping)["properties"]["revenue"] == text


def test_an_import_goes_on_with_its_file_where_that_lies_now(app: App, tmp_path: Path) -> None:
    source, path = register(app), people(tmp_path / "people.csv", 100)
    run = imports.begin(app, path, source, WHO)
    moved = path.rename(tmp_path / "again.csv")

    report = collect.import_file(app, moved, source, WHO)

    assert (report.run, report.rows) == (run, 100)
    assert (listed(app).path, listed(app).file_name) == (str(moved), "again.csv")


def test_the_file_of_a_stopped_import_stays_however_many_came_after_it(app: App) -> None:
    source, folder = register(app), app.settings.home_path / "uploads"
    folder.mkdir(parents=True)
    paths = [people(folder / f"{name}.csv", rows) for name, rows in (("stopped", 20), ("done", 30), ("new", 40))]
    imports.begin(app, paths[0], source, WHO)
    collect.import_file(app, paths[1], source, WHO)
    with app.transaction() as inside:
        inside.db.execute(
            "insert into import_run overriding system value"
            " select (jsonb_populate_record(r, jsonb_build_object('id', r.id + n))).*"
            " from import_run r, generate_series(100, 250) n where r.state = 'done'"
        )

    collect.tidy_uploads(app)

    assert [path.exists() for path in paths] == [True, False, True]


def test_an_upload_that_ends_while_others_are_tidied_away_is_no_trouble(app: App, clock: ManualClock) -> None:
    folder = app.settings.home_path / "uploads"
    folder.mkdir(parents=True)
    part = folder / "0123456789abcdef.part"
    part.write_text("id\n1")

    class Meanwhile(ManualClock):
        def now(self) -> datetime:
            part.rename(folder / "0123456789abcdef-people.csv")
            return super().now()

    collect.tidy_uploads(replace(app, clock=Meanwhile(clock.now())))

    assert [path.name for path in folder.iterdir()] == ["0123456789abcdef-people.csv"]


def test_of_two_that_undo_an_import_at_once_one_withdraws_it(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = collect.import_file(app, people(tmp_path / "people.csv", 100), register(app), WHO).run or 0
    real, others = import_runs.import_run, [run]

    def looked(inside: App, id: int) -> collect.ImportRun:
        found = real(inside, id)
        while others:
            with suppress(ImportRefused):
                undone(app, others.pop())
        return found

    monkeypatch.setattr(import_runs, "import_run", looked)
    undone(app, run)

    with app.transaction() as inside:
        assert [each.events for each in collect.withdrawals(inside)] == [90]


def test_an_import_that_breaks_has_failed_and_names_the_place_not_the_value(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a customer's secret")

    monkeypatch.setattr(imports, "_admit_row", broken)

    with pytest.raises(ZeroDivisionError):
        collect.import_file(app, people(tmp_path / "people.csv", 100), register(app), WHO)

    assert listed(app).state == "failed"
    assert "ZeroDivisionError in collect/files/imports.py" in (listed(app).fault or "")
    assert "secret" not in (listed(app).fault or "")


def test_a_text_of_two_bytes_a_sign_that_was_cut_off_is_refused(app: App, tmp_path: Path) -> None:
    torn = tmp_path / "torn.csv"
    torn.write_bytes("id,name\n1,Ann\n2,Bob\n".encode("utf-16") + b"\xd8")

    with pytest.raises(FileRefused, match="utf-16"):
        collect.import_file(app, torn, register(app), WHO)


def begun(app: App, folder: Path, count: int) -> list[int]:
    """So many imports, each of a file of its own, that nobody carries yet."""
    source = register(app)
    paths = [people(folder / f"people-{number}.csv", number) for number in range(1, count + 1)]
    return [imports.begin(app, path, source, WHO) for path in paths]


def launched(app: App, run: int) -> str:
    """What whoever asks for a process for this import is told."""
    try:
        with app.transaction() as inside:
            collect.launch_import(inside, run)
    except ImportRefused as fault:
        return fault.what
    return "launched"


def test_of_five_imports_asked_for_at_once_two_are_given_a_process(app: App, tmp_path: Path) -> None:
    runs = begun(app, tmp_path, 5)

    with ThreadPoolExecutor(5) as threads:
        told = list(threads.map(lambda run: launched(app, run), runs))

    assert sorted(told) == ["2 imports are running, and 2 at once are enough for this machine"] * 3 + ["launched"] * 2


def test_an_import_that_ended_or_whose_process_never_came_makes_room_for_another(
    app: App, clock: ManualClock, tmp_path: Path
) -> None:
    runs = begun(app, tmp_path, 5)
    told = [launched(app, run) for run in runs[:3]]
    again = launched(app, runs[0])

    clock.sleep(1)
    collect.carry_import(app, runs[0])
    told += [launched(app, run) for run in runs[2:4]]
    clock.sleep(import_runs.STARTING.total_seconds() + 1)
    told += [launched(app, run) for run in (runs[0], runs[4])]

    full = "2 imports are running, and 2 at once are enough for this machine"
    assert again == f"Import {runs[0]} is running already"
    assert told == ["launched", "launched", full, "launched", full, f"Import {runs[0]} is done", "launched"]
