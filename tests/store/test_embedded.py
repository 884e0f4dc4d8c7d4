"""The embedded server starts by itself, ends with its last user, and comes back from every kill."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from regulars.kit.errors import DatabaseRefused
from regulars.kit.settings import Settings
from regulars.store import Store, embedded
from regulars.store.place import locate
from tests.store.conftest import kill_all, processes, wait_until

HOLD = """
import sys, pathlib
from regulars.store import embedded
with embedded.serving(pathlib.Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


def holder(home: Path) -> subprocess.Popen[str]:
    """Another process that uses the server of `home` until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    """Let a holder end by itself."""
    process.communicate(timeout=60)


def kill_own_backend(store: Store) -> None:
    """kill -9 for the server process behind one's own transaction."""
    with store.transaction() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        connection.execute("select 1")


def answers(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_a_new_home_is_set_up_and_the_server_stops_with_its_only_user(folder: Path) -> None:
    with embedded.serving(folder / "home") as dsn:
        assert answers(dsn)

    assert processes(locate(folder / "home")) == []


def test_the_last_of_two_users_stops_the_server(home: Path) -> None:
    other = holder(home)
    with embedded.serving(home) as dsn:
        finish(other)
        assert answers(dsn)

    assert processes(locate(home)) == []


def test_a_user_killed_with_kill_9_is_not_waited_for(home: Path) -> None:
    other = holder(home)
    other.kill()
    other.communicate()

    with embedded.serving(home) as dsn:
        assert answers(dsn)
    assert processes(locate(home)) == []


@pytest.mark.parametrize("whom", ["postmaster", "everybody"])
def test_after_kill_9_the_next_user_starts_it_again(home: Path, whom: str) -> None:
    with embedded.serving(home) as dsn, psycopg.connect(dsn) as connection:
        connection.execute("create table kept as select 1 as one")
        connection.commit()
        if whom == "everybody":
            kill_all(locate(home))
        else:
            processes(locate(home))[0].send_signal(signal.SIGKILL)

    with embedded.serving(home) as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_a_killed_child_only_costs_a_reconnect(home: Path) -> None:
    with Store.open(Settings(home=str(home))) as store:
        with pytest.raises(psycopg.OperationalError):
            kill_own_backend(store)

        with store.transaction() as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_pool_gets_over_a_server_killed_while_it_was_idle(home: Path) -> None:
    with Store.open(Settings(home=str(home))) as store:
        for _ in range(3):
            kill_all(locate(home))

            with store.transaction() as connection:
                assert connection.execute("select 1").fetchone() == (1,)


def test_a_set_up_that_was_killed_half_way_is_begun_again(folder: Path) -> None:
    home = folder / "home"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_until(lambda: any((home / "postgres").glob("data.new.*/global")))
    process.kill()
    process.communicate()
    assert not (home / "postgres" / "data").exists()

    with embedded.serving(home) as dsn:
        assert answers(dsn)
    assert list((home / "postgres").glob("data.new.*")) == []


def test_a_number_in_the_lock_file_that_another_program_got_does_not_block_the_start(home: Path) -> None:
    cluster = locate(home)
    stale = f"{os.getpid()}\n{cluster.data}\n1700000000\n5432\n{cluster.sockets}\n\n  5432001         0\nready   \n"
    (cluster.data / "postmaster.pid").write_text(stale)

    with embedded.serving(home) as dsn:
        assert answers(dsn)


@pytest.mark.parametrize(
    "name", ["a home with spaces", "quo'te, comma", 'd$llar `tick` "double"', "Überraschung", "deep/" * 12 + "home"]
)
def test_a_home_may_have_any_name(copied: Callable[[str], Path], name: str) -> None:
    home = copied(name)

    with embedded.serving(home) as dsn:
        assert answers(dsn)


def test_a_socket_that_had_to_be_under_tmp_leaves_no_folder_there(copied: Callable[[str], Path]) -> None:
    home = copied("deep/" * 12 + "home")

    with embedded.serving(home):
        sockets = locate(home).sockets
        assert sockets.parent == Path("/tmp")

    assert not sockets.exists()


def test_a_home_may_be_moved(home: Path, folder: Path) -> None:
    with embedded.serving(home) as dsn, psycopg.connect(dsn) as connection:
        connection.execute("create table kept as select 1 as one")
    shutil.move(home, folder / "elsewhere")

    with embedded.serving(folder / "elsewhere") as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_two_homes_run_at_once_and_know_nothing_of_each_other(home: Path, copied: Callable[[str], Path]) -> None:
    with embedded.serving(home) as one, embedded.serving(copied("other")) as two:
        with psycopg.connect(one) as connection:
            connection.execute("create table mine (x int)")

        with psycopg.connect(two) as connection:
            assert connection.execute("select to_regclass('mine')").fetchone() == (None,)


def test_nothing_listens_on_a_network(home: Path) -> None:
    with embedded.serving(home):
        postmaster = processes(locate(home))[0]

        assert [one for one in postmaster.net_connections("inet") if one.status == psutil.CONN_LISTEN] == []


def test_no_permission_outside_the_data_folder_changes(home: Path) -> None:
    above = [folder for folder in home.parents if folder != Path("/proc")]
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in above]

    with embedded.serving(home):
        during = [(folder.stat().st_mode, folder.stat().st_uid) for folder in above]

    assert during == before
    assert (home / "postgres" / "password").stat().st_mode & 0o777 == 0o600
    assert (home / "postgres").stat().st_mode & 0o777 == 0o700


def test_data_of_another_postgresql_is_refused_and_left_alone(home: Path) -> None:
    (locate(home).data / "PG_VERSION").write_text("13\n")

    with pytest.raises(DatabaseRefused, match="is of PostgreSQL 13"), embedded.serving(home):
        pass


def test_a_folder_that_somebody_else_put_under_tmp_is_refused(copied: Callable[[str], Path]) -> None:
    home = copied("deep/" * 12 + "home")
    sockets = locate(home).sockets
    sockets.rmdir()
    sockets.symlink_to("/etc")

    try:
        with pytest.raises(DatabaseRefused, match="belongs to user"):
            locate(home)
    finally:
        sockets.unlink()


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(folder: Path) -> None:
    (folder / "file").write_text("")

    with pytest.raises(DatabaseRefused, match="cannot be used"), embedded.serving(folder / "file" / "home"):
        pass
