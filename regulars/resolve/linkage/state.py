"""What is to be linked, the folder that its result goes to, and how far an earlier run of the same came."""

from __future__ import annotations

import hashlib
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
from regulars.resolve.linkage.weigh import TERMS_SUFFIX

DUCKDB, SPARK = ENGINES = ("duckdb", "spark")
MEMORY_LIMIT = "1GB"
THREADS = 2
HASH_CHUNK_BYTES = 1 << 20
WORK, DATABASE, STATE = ".work", "work.duckdb", "state.json"
MODEL, TERMS, METRICS = "model.json", f"model{TERMS_SUFFIX}", "metrics.json"

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
    """The run in its folder. Raises LinkRefused where that holds something else."""
    state = _begun(task)
    work = task.out / WORK
    if task.into is not None and not state.done:
        (work / f"{DATABASE}.wal").unlink(missing_ok=True)
        shutil.copyfile(task.into / WORK / DATABASE, work / DATABASE)
    connection = duckdb.connect(
        str(work / DATABASE),
        config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(work / "spill")},
    )
    try:
        yield Run(task, state, connection, tell)
    finally:
        connection.close()


def _begun(task: Task) -> State:
    """How far an earlier run of the same task came; the folder of another one is not touched."""
    work = task.out / WORK
    state = State(fingerprint=fingerprint(task))
    if (work / STATE).is_file():
        before = load(task.out)
        if before.fingerprint == state.fingerprint:
            return before
    if task.out.exists() and (not task.out.is_dir() or any(task.out.iterdir())):
        raise LinkRefused(
            f"{task.out} holds something else already, as the result of other files or settings",
            "Name a new folder with --out, or delete this one",
        )
    work.mkdir(parents=True)
    _write(work, state)
    return state


def load(out: Path) -> State:
    """How far the run of this folder came."""
    return msgspec.json.decode((out / WORK / STATE).read_bytes(), type=State)


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
