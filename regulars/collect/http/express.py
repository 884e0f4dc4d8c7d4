"""The express lane: requests of the one form that client libraries use, read off the connection without a web server.

A web server can take anything; for one event that costs as much as everything we do with it. So a connection begins
here, and as long as its requests are of the usual form (HTTP/1.1, POST to a path of Segment's, one Content-Length,
nothing chunked, upgraded or forwarded) they are taken here. The first that is not goes, byte for byte, to the web
server's own protocol, which keeps the connection from then on: whatever is odd is judged there and nowhere else.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from regulars.collect.errors import QueueFull
from regulars.collect.http import answers, wire
from regulars.collect.http.gateway import READ_BY_PATH, Gateway
from regulars.collect.http.intake import Ask
from regulars.collect.http.writer import Counts

BACKLOG_CONNECTIONS = 2_048
HEAD_MAX_BYTES = 16 * 1024
# What may wait unread behind a request that is being answered.
AHEAD_MAX_BYTES = 64 * 1024
# What may have arrived, and is not taken yet, over all connections of a process.
WAITING_MAX_BYTES = 128 * 1024 * 1024
# From the first byte of a request until it is whole; looked at whenever the silent ones are.
REQUEST_SECONDS = 30.0
BEGINNING = b"POST /v1/"
HEAD = re.compile(rb"POST (/v1/[a-z]+) HTTP/1\.1((?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\x00]*)+)")
FIELD = re.compile(
    rb"\r\n(authorization|x-write-key|content-length|origin|x-retry-count|user-agent"
    rb"|connection|transfer-encoding|expect|upgrade|forwarded|x-forwarded-[a-z]+):[ \t]*([^\r]*)",
    re.IGNORECASE,
)
PLACE_BY_NAME = {name: place for place, name in enumerate(wire.HEADER_NAMES)}


class Head(NamedTuple):
    """The head of a request of the usual form."""

    read: Callable[[bytes], wire.Delivery]
    headers: wire.Headers
    length: int


def head_of(head: bytes) -> Head | None:
    """What the head says, without the empty line behind it; None where it is not of the usual form."""
    whole = HEAD.fullmatch(head)
    read = READ_BY_PATH.get(whole[1].decode()) if whole else None
    if whole is None or read is None:
        return None
    found = [b""] * len(PLACE_BY_NAME)
    length = None
    for name, value in FIELD.findall(whole[2]):
        place = PLACE_BY_NAME.get(name.lower())
        if place is None:
            if name.lower() != b"connection" or value.strip().lower() != b"keep-alive":
                return None
            continue
        found[place] = value.rstrip()
        if name.lower() == b"content-length":
            if length is not None or not found[place].isdigit() or len(value) > len("999999999"):
                return None
            length = int(value)
    if length is None or length > wire.REQUEST_MAX_BYTES:
        return None
    return Head(read, wire.Headers(*found), length)


class Lane:
    """What uvicorn is given as `http`: makes the protocol of each connection and ends those that fell silent."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.connections: set[Express] = set()
        self.waiting_bytes = 0
        self._seconds = 0

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "Express":
        def usual() -> HttpToolsProtocol:
            return HttpToolsProtocol(config=config, server_state=server_state, app_state=app_state, _loop=_loop)

        if not self._seconds:
            self._seconds = config.timeout_keep_alive
            asyncio.get_running_loop().call_later(self._seconds, self._sweep)
        return Express(self, server_state, usual)

    def _sweep(self) -> None:
        """Hang up on whoever has sent nothing since the last time, or sends too slowly, and is owed nothing."""
        for connection in list(self.connections):
            connection.end_if_silent_or_slow()
        asyncio.get_running_loop().call_later(self._seconds, self._sweep)


class Express(asyncio.Protocol):
    """One connection. One request at a time is being answered; what comes behind it waits."""

    def __init__(self, lane: Lane, state: ServerState, usual: Callable[[], HttpToolsProtocol]) -> None:
        self._lane, self._state, self._usual = lane, state, usual
        self._parts: list[bytes] = []
        self._size = 0
        self._head: Head | None = None
        self._wanted = 0
        """Bytes of the request that is arriving; 0 while its head is not whole."""
        self._is_busy = self._is_held = self._is_ending = False
        self._is_silent = self._is_paused = False
        self._began_at: float | None = None
        """By the loop's clock: since when the rest of a request is waited for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        peer = transport.get_extra_info("peername")
        self._address: str = peer[0] if isinstance(peer, tuple) and peer else ""
        self._state.connections.add(cast(HttpToolsProtocol, self))
        self._lane.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()

    def pause_writing(self) -> None:
        self._is_held = True

    def resume_writing(self) -> None:
        self._is_held = False
        if not self._is_busy:
            self._read_on()
            if self._parts:
                self._next()

    def shutdown(self) -> None:
        """Hang up, as soon as what is being answered is."""
        self._is_ending = True
        if not self._is_busy:
            self._transport.close()

    def end_if_silent_or_slow(self) -> None:
        """Hang up unless something came since this was last asked and is whole in time, or is owed."""
        is_slow = self._began_at is not None and self._loop.time() - self._began_at > REQUEST_SECONDS
        if (self._is_silent or is_slow) and not self._is_busy:
            self._transport.close()
        self._is_silent = True

    def data_received(self, data: bytes) -> None:
        self._is_silent = False
        self._parts.append(data)
        self._size += len(data)
        self._lane.waiting_bytes += len(data)
        if self._is_busy or self._is_held:
            if self._size > AHEAD_MAX_BYTES:
                self._is_paused = True
                self._transport.pause_reading()
        elif self._lane.waiting_bytes > WAITING_MAX_BYTES:
            self._turn_away()
        elif self._size >= self._wanted:
            self._next()

    def _next(self) -> None:
        """Take the request that is whole, or wait for the rest of it, or hand the connection over."""
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = [data]
        if self._head is None:
            end = data.find(b"\r\n\r\n", 0, HEAD_MAX_BYTES)
            if end < 0 and len(data) < HEAD_MAX_BYTES and data[: len(BEGINNING)] == BEGINNING[: len(data)]:
                self._wait()
                return
            self._head = head_of(data[:end]) if end > 0 else None
            if self._head is None:
                self._hand_over(data)
                return
            self._wanted = end + 4 + self._head.length
        if len(data) < self._wanted:
            self._wait()
            return
        head, wanted = self._head, self._wanted
        self._parts = [data[wanted:]] if len(data) > wanted else []
        self._size = len(data) - wanted
        self._lane.waiting_bytes -= wanted
        self._head, self._wanted, self._began_at = None, 0, None
        self._take(Ask(head.read, head.headers, b"", self._address, data[wanted - head.length : wanted]))

    def _wait(self) -> None:
        if self._began_at is None:
            self._began_at = self._loop.time()

    def _read_on(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _turn_away(self) -> None:
        status, headers, body = answers.of_fault(QueueFull("Too much waits here", "Send it again later"))
        self._transport.write(written(status, [*headers, (b"connection", b"close")], body))
        self._transport.close()
        self._forget()

    def _take(self, ask: Ask) -> None:
        self._is_busy = True
        try:
            is_taken = self._lane.gateway.intake.take_at_hand(ask, self._tell)
        except Exception as fault:
            # Not at once: as many as came together would call each other ever deeper.
            self._loop.call_soon(self._tell, fault)
            return
        if not is_taken:
            task = self._loop.create_task(self._take_slowly(ask))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    async def _take_slowly(self, ask: Ask) -> None:
        self._answer(written(*await self._lane.gateway.answer(ask)))

    def _tell(self, result: Counts | Exception) -> None:
        if isinstance(result, Exception):
            self._answer(written(*answers.of_fault(result)))
        else:
            self._answer(answers.whole(result))

    def _answer(self, whole: bytes) -> None:
        self._is_busy = False
        self._state.total_requests += 1
        if self._transport.is_closing():
            return  # the sender has gone
        self._transport.write(whole)
        if self._is_ending:
            self._transport.close()
        elif not self._is_held:
            self._read_on()
            if self._parts:
                self._next()

    def _hand_over(self, data: bytes) -> None:
        self._forget()
        self._read_on()
        protocol = self._usual()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _forget(self) -> None:
        """Belong to the lane no longer, with all that waits here."""
        self._state.connections.discard(cast(HttpToolsProtocol, self))
        self._lane.connections.discard(self)
        self._lane.waiting_bytes -= self._size
        self._parts, self._size = [], 0


def listener(host: str, port: int, processes: int) -> socket.socket:
    """A socket that listens there; one of so many of our processes on the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if processes > 1:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG_CONNECTIONS)
    return listening


def written(status: int, headers: list[answers.Header], body: bytes) -> bytes:
    """An answer as it goes over the line."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b" % header for header in [*headers, (b"content-length", b"%d" % len(body))]]
    return b"\r\n".join([*lines, b"", body])
