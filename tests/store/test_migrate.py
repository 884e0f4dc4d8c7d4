"""The schema comes up to date once, whole, and after any interruption."""

import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from regulars.kit.dice import SystemDice
from regulars.kit.errors import DatabaseRefused
from regulars.store import migrate
from tests.databases import with_database
from tests.store.conftest import wait_until

SLOW = "create table first (x int);\nselect pg_sleep(20);\ncreate table second (x int);\n"
RUN = "import sys, pathlib; from regulars.store import migrate; migrate.migrate(sys.argv[1], pathlib.Path(sys.argv[2]))"
SHAPE = """
select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
where table_schema = 'public' and table_name not like '%yoyo%' order by 1, 2
"""


@pytest.fixture
def empty(server: str) -> Generator[str, None, None]:
    """A database without any table."""
    name = f"empty_{SystemDice().token(6).hex()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name}")
    yield with_database(server, name)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


def shape(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(SHAPE).fetchall()


def tables(dsn: str) -> set[str]:
    return {str(row[0]) for row in shape(dsn)}


def test_applying_all_migrations_twice_changes_nothing(empty: str) -> None:
    migrate.migrate(empty)
    once = shape(empty)

    migrate.migrate(empty)

    assert shape(empty) == once
    assert len(once) > 10


def test_a_migration_killed_half_way_is_begun_again(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "0001_slow.sql"
    file.write_text(SLOW)
    process = subprocess.Popen([sys.executable, "-c", RUN, empty, str(tmp_path)])
    wait_until(lambda: is_sleeping(empty))
    process.send_signal(signal.SIGKILL)
    process.wait()
    end_sleepers(empty)
    assert tables(empty) == set()

    file.write_text(SLOW.replace("20", "0"))
    migrate.migrate(empty, tmp_path)

    assert tables(empty) == {"first", "second"}


def test_a_file_and_the_mark_that_it_was_applied_are_one_transaction(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("create table first (x int);\n")
    (tmp_path / "0002_bad.sql").write_text("create table second (x int);\nselect nonsense;\n")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        migrate.migrate(empty, tmp_path)
    assert tables(empty) == {"first"}

    (tmp_path / "0002_bad.sql").write_text("create table second (x int);\n")
    migrate.migrate(empty, tmp_path)

    assert tables(empty) == {"first", "second"}


def test_a_lock_row_left_by_a_killed_process_is_not_waited_for(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("create table first (x int);\n")
    with psycopg.connect(empty) as connection:
        connection.execute(
            "create table yoyo_lock (locked int default 1 primary key, ctime timestamp, pid int not null)"
        )
        connection.execute("insert into yoyo_lock values (1, '2026-01-01', 4711)")

    migrate.migrate(empty, tmp_path)

    assert tables(empty) == {"first"}


def test_two_processes_that_start_together_migrate_once(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0001_slow.sql").write_text(SLOW.replace("20", "0.3"))

    both = [subprocess.Popen([sys.executable, "-c", RUN, empty, str(tmp_path)]) for _ in range(2)]

    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert tables(empty) == {"first", "second"}


def test_data_of_a_newer_regulars_is_refused(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("create table first (x int);\n")
    (tmp_path / "0002_two.sql").write_text("create table second (x int);\n")
    migrate.migrate(empty, tmp_path)
    (tmp_path / "0002_two.sql").unlink()

    with pytest.raises(DatabaseRefused, match="does not know"):
        migrate.migrate(empty, tmp_path)


def is_sleeping(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        return bool(connection.execute("select 1 from pg_stat_activity where wait_event = 'PgSleep'").fetchone())


def end_sleepers(dsn: str) -> None:
    """The server notices a dead client only when it next talks to it."""
    with psycopg.connect(dsn) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")
    wait_until(lambda: not is_sleeping(dsn))


def test_a_file_edited_after_it_was_applied_is_told_of_and_so_is_one_of_which_nothing_is_known(
    empty: str, tmp_path: Path
) -> None:
    files = [tmp_path / "0001_first.sql", tmp_path / "0002_second.sql"]
    for place, file in enumerate(files):
        file.write_text(f"create table t{place} (x int);\n")
    migrate.migrate(empty, tmp_path)
    with psycopg.connect(empty) as connection:
        assert migrate.otherwise(connection, tmp_path) == ([], [])

        files[1].write_text("create table t1 (x int, y int);\n")
        assert migrate.otherwise(connection, tmp_path) == (["0002_second"], [])

        # As a build left it that kept no texts.
        connection.execute("delete from _yoyo_text")
        assert migrate.otherwise(connection, tmp_path) == ([], ["0001_first", "0002_second"])
