"""What is to be linked, the folder that its result goes to, and how far an earlier run of the same came."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from regulars import __version__
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import mapping as mappings
from regulars.resolve.linkage.scorer import TERMS_SUFFIX

DUCKDB, SPARK = ENGINES = ("duckdb", "spark")
MEMORY_LIMIT = "1GB"
THREADS = 2
HASH_CHUNK_BYTES = 1 << 20
WORK, DATABASE, STATE, LOCK = ".work", "work.duckdb", "state.json", "lock"
MODEL, TERMS, METRICS = "model.json", f"model{TERMS_SUFFIX}", "metrics.json"
# What the system says, and DuckDB and Arrow after it.
FULL = os.strerror(errno.ENOSPC)
ANEW = "Begin anew: name a new folder with --out, or delete this one"

Followed = Callable[[str, float], None]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be linked, and how."""

    files: tuple[Path, ...]
    out: Path
    mapping: Path | None = None
    """None: columns are guessed."""
    model: Path | None = None
    """None: one is trained."""
    truth: str = ""
    """Column that names the person of each record; judged by, never read by the model."""
    into: Path | None = None
    """The finished folder of earlier records, which these join; its model weighs them."""
    engine: str = DUCKDB
    """Who finds and weighs pairs, of ENGINES. The result is the same."""


class State(msgspec.Struct):
    """How far a run came."""

    fingerprint: str = ""
    done: list[str] = []
    present: list[str] = []
    mapping: mappings.Mapping | None = None
    candidates: int = 0
    since: int = 0
    """Number of the first record that is new; those below it were linked before."""


class Run(NamedTuple):
    """A run at work."""

    task: Task
    state: State
    connection: duckdb.DuckDBPyConnection
    tell: Followed

    @property
    def work(self) -> Path:
        """The folder of what is between the files and the result."""
        return self.task.out / WORK

    @property
    def before(self) -> Path:
        """The same folder of the records that these join."""
        assert self.task.into is not None
        return self.task.into / WORK

    def keep(self, stage: str) -> None:
        """Mark a stage as done. The database first: a mark without its stage would be a lie."""
        self.connection.execute("checkpoint")
        self.state.done.append(stage)
        _write(self.work, self.state)


@contextmanager
def opened(task: Task, tell: Followed) -> Generator[Run, None, None]:
    """The run in its folder. Raises LinkRefused where that holds something else, or another run is at work in it."""
    with _held(task.out):
        try:
            state = _begun(task)
            connection = _connected(task, state)
            try:
                yield Run(task, state, connection, tell)
            finally:
                connection.close()
        except (OSError, duckdb.Error) as fault:
            if FULL not in str(fault):
                raise
            raise LinkRefused(
                f"The disk of {task.out} is full",
                "Make room and run it again: it goes on behind its last finished stage",
            ) from None


@contextmanager
def _held(out: Path) -> Generator[None]:
    """The folder for this run alone, made where it is not there."""
    work = out / WORK
    if out.exists() and not out.is_dir():
        raise LinkRefused(f"{out} is a file", "Name a folder with --out")
    if out.exists() and not work.exists() and any(out.iterdir()):
        raise _taken(out)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / LOCK).open("wb")
    except OSError as fault:
        raise LinkRefused(f"{out} cannot be written to: {fault.strerror}", "Name another folder with --out") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LinkRefused(
                f"Another run is at work in {out}", "Wait until it ends, or name another folder with --out"
            ) from None
        yield


def _taken(out: Path) -> LinkRefused:
    return LinkRefused(
        f"{out} holds something else already, as the result of other files or settings",
        "Name a new folder with --out, or delete this one",
    )


def _begun(task: Task) -> State:
    """How far an earlier run of the same task came; what another one finished is not touched."""
    state = State(fingerprint=fingerprint(task))
    if (task.out / WORK / STATE).is_file():
        before = load(task.out)
        if before.fingerprint == state.fingerprint:
            return before
        if before.done:
            raise _taken(task.out)
    elif any(path.name != WORK for path in task.out.iterdir()):
        raise _taken(task.out)
    _write(task.out / WORK, state)
    return state


def _connected(task: Task, state: State) -> duckdb.DuckDBPyConnection:
    """The database of the run; a new one as long as no stage is done."""
    work = task.out / WORK
    if not state.done:
        for left in (f"{DATABASE}.wal", DATABASE):
            (work / left).unlink(missing_ok=True)
        if task.into is not None:
            shutil.copyfile(task.into / WORK / DATABASE, work / DATABASE)
    try:
        return duckdb.connect(
            str(work / DATABASE),
            config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(work / "spill")},
        )
    except duckdb.Error as fault:
        raise LinkRefused(f"{work / DATABASE} cannot be opened: {str(fault).splitlines()[0]}", ANEW) from None


def load(out: Path) -> State:
    """How far the run of this folder came. Raises LinkRefused where nobody can tell."""
    path = out / WORK / STATE
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, ValueError) as fault:
        raise LinkRefused(f"{path} cannot be read: {fault}", ANEW) from None


def finished(out: Path) -> State:
    """The state of a run that is through. Raises LinkRefused."""
    if not (out / METRICS).is_file() or not (out / WORK / STATE).is_file():
        raise LinkRefused(f"{out} holds no finished result", "Name the --out of a run that ended, with its .work")
    return load(out)


def fingerprint(task: Task) -> str:
    """What a run depends on, as one word: another one is another run."""
    told = (__version__, task.truth, [path.name for path in task.files])
    digest = hashlib.sha256(repr((*told, finished(task.into).fingerprint) if task.into else told).encode())
    for path in (*task.files, *([task.mapping] if task.mapping else []), *([task.model] if task.model else [])):
        try:
            with path.open("rb") as file:
                while piece := file.read(HASH_CHUNK_BYTES):
                    digest.update(piece)
        except OSError as fault:
            raise LinkRefused(f"{path} cannot be read: {fault.strerror}", "Check the path and its rights") from None
        digest.update(b"\0")
    return digest.hexdigest()


def _write(work: Path, state: State) -> None:
    part = work / f"{STATE}.part"
    part.write_bytes(msgspec.json.encode(state))
    part.replace(work / STATE)
