"""A brand's own PostgreSQL over the network works like the embedded one, and a wrong address is one clear line."""

import pwd
import subprocess
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from regulars.kit.errors import DatabaseRefused
from regulars.kit.settings import load
from regulars.store import Store
from regulars.store.place import locate
from tests.ports import free_port
from tests.store.conftest import end, wait_until


@pytest.fixture
def address(home: Path) -> Generator[str, None, None]:
    """Address of a server that somebody else started, on a TCP port."""
    cluster, port = locate(home), free_port()
    owner = pwd.getpwnam(cluster.user) if cluster.user else None
    program = cluster.binaries / "bin" / "postgres"
    server = subprocess.Popen(
        [program, "-D", cluster.data, "-p", str(port), "-k", cluster.sockets, "-c", "listen_addresses=127.0.0.1"],
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd="/",
        stderr=subprocess.DEVNULL,
    )
    dsn = f"postgresql://regulars:{urlsplit(cluster.dsn).password}@127.0.0.1:{port}/regulars"
    wait_until(lambda: is_up(dsn))
    yield dsn
    end(cluster)
    server.wait()


def is_up(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_it_is_brought_up_to_date_and_used_and_never_stopped(address: str, scheme: str, tmp_path: Path) -> None:
    url = address.replace("postgresql", scheme, 1)
    settings = load({"REGULARS_DATABASE_URL": url, "REGULARS_HOME": str(tmp_path / "home")})

    with Store.open(settings) as store:
        store.ensure_running()
        with store.transaction() as connection:
            assert connection.execute("select count(*) from journal").fetchone() == (0,)

    assert is_up(address)
    assert not (tmp_path / "home").exists()


def test_a_user_who_may_not_make_tables_is_told_how_to_get_that_right(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create role guest login password 'guest'")
    guest = urlsplit(address)._replace(netloc=f"guest:guest@{address.split('@')[1].split('/')[0]}").geturl()

    with (
        pytest.raises(DatabaseRefused, match="may not make tables"),
        Store.open(load({"REGULARS_DATABASE_URL": guest})),
    ):
        pass


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("mysql://user@127.0.0.1/x", "not the address of a PostgreSQL"),
        ("dbname=regulars", "not the address of a PostgreSQL"),
        ("postgresql://127.0.0.1:notaport/x", "cannot be re"),
        ("postgresql://127.0.0.1:1/x", "cannot be reached"),
        ("postgresql://nobody.invalid/x", "cannot be reached"),
        ("postgresql://u:p@127.0.0.1/x?nonsense=1", "cannot be read"),
    ],
)
def test_a_wrong_address_is_one_clear_line(wrong: str, says: str) -> None:
    with pytest.raises(DatabaseRefused, match=says) as caught, Store.open(load({"REGULARS_DATABASE_URL": wrong})):
        pass

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("part", "says"), [("password", "authentication failed"), ("database", "does not exist")])
def test_a_wrong_password_or_database_is_named(address: str, part: str, says: str) -> None:
    parts = urlsplit(address)
    wrong = address.replace(str(parts.password), "wrong") if part == "password" else f"{address}_not_there"

    with pytest.raises(DatabaseRefused, match=says), Store.open(load({"REGULARS_DATABASE_URL": wrong})):
        pass
