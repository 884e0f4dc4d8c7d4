"""A running gateway: in a thread for tests that talk to it, in a process of its own for tests that kill it."""

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self, cast

import httpx
import uvicorn

from regulars.app import App
from regulars.collect import gateway
from regulars.collect.http.express import Lane
from regulars.collect.http.gateway import Gateway, Hook

SECONDS_MAX = 60


class Serving:
    """An application with a gateway in it, over real HTTP, in a thread of this process."""

    def __init__(self, application: Any, lane: type[asyncio.Protocol], keep_alive_seconds: int = 5) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            application,
            http=lane,
            loop="uvloop",
            lifespan="on",
            log_level="error",
            timeout_keep_alive=keep_alive_seconds,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})

    def __enter__(self) -> Self:
        self._listener.listen(256)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS_MAX)
        self._listener.close()


class Door(Serving):
    """A gateway in a thread of this process, on the test's own App."""

    def __init__(self, app: App, hook: Hook | None = None, keep_alive_seconds: int = 5) -> None:
        self.gateway = gateway(app, hook)
        super().__init__(self.gateway, lane_of(self.gateway), keep_alive_seconds)


def lane_of(gate: Gateway) -> type[asyncio.Protocol]:
    """The HTTP protocol that takes the short way to this gateway."""
    return cast(type[asyncio.Protocol], Lane(gate))


class DoorServer:
    """`start`, `kill -9`, start again on the same port. `program` may be a broken variant."""

    def __init__(self, database_url: str, home: str, program: list[str] | None = None) -> None:
        self._program = program or ["-m", "regulars.collect.http.alone"]
        self._environment = os.environ | {
            "REGULARS_DATABASE_URL": database_url,
            "REGULARS_HOME": home,
            "REGULARS_LOG_LEVEL": "error",
        }
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *self._program, str(self.port)], env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = json.loads(self._process.stdout.readline())["port"]

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(how)
        self._process.wait(SECONDS_MAX)
        self._process.stdout.close()
        self._process = None

    @contextmanager
    def running(self) -> Generator["DoorServer", None, None]:
        self.start()
        try:
            yield self
        finally:
            if self._process is not None:
                self.kill(signal.SIGTERM)


def basic(key: str) -> dict[str, str]:
    """The header most clients send."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def post(url: str, path: str, body: Any, **given: Any) -> httpx.Response:
    """One request with a JSON body (or bytes as they are)."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(url + path, content=content, timeout=30, **given)
