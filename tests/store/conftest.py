"""Homes with a server of their own, and the means to kill it."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from regulars.kit.clock import SystemClock
from regulars.store import embedded
from regulars.store.place import Cluster, locate


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    """An empty folder that every user can walk into: as root the server runs as another one."""
    path = Path(tempfile.mkdtemp(prefix="regulars-store-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        for home in path.iterdir():
            if (home / "postgres" / "data" / "PG_VERSION").exists():
                end(locate(home))
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def made_once() -> Generator[Path, None, None]:
    """A home that was set up once and is stopped: copying it is ten times quicker than setting up another."""
    path = Path(tempfile.mkdtemp(prefix="regulars-made-"))
    path.chmod(0o755)
    with embedded.serving(path / "home"):
        pass
    yield path / "home"
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def home(folder: Path, made_once: Path) -> Path:
    """A home with a fresh server that nobody has started yet."""
    target = folder / "home"
    copy(made_once, target)
    return target


@pytest.fixture
def copied(folder: Path, made_once: Path) -> Callable[[str], Path]:
    """Makes further homes, by name."""

    def make(name: str) -> Path:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(made_once, target)
        return target

    return make


def copy(source: Path, target: Path) -> None:
    """A folder with the same owners, so that the server's user still owns its data."""
    shutil.copytree(source, target)
    for path in [source, *source.rglob("*")]:
        found = path.lstat()
        os.chown(target / path.relative_to(source), found.st_uid, found.st_gid)


def processes(cluster: Cluster) -> list[psutil.Process]:
    """The postmaster of a cluster and its children; empty when it is down."""
    try:
        postmaster = psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]
    except (FileNotFoundError, psutil.NoSuchProcess):
        return []


def kill_all(cluster: Cluster) -> None:
    """kill -9 for the postmaster and all its children."""
    for process in processes(cluster):
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue


def end(cluster: Cluster) -> None:
    """Kill whatever a test left behind and wait until it is gone."""
    left = processes(cluster)
    kill_all(cluster)
    psutil.wait_procs(left, timeout=10)


def wait_until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that must happen within `seconds`."""
    clock = SystemClock()
    for _ in range(int(seconds / 0.05)):
        if done():
            return
        clock.sleep(0.05)
    pytest.fail(f"still not so after {seconds} s")
