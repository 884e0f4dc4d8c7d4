"""A bad line between a client and the gateway: every way has a port of its own and spoils its first delivery."""

import asyncio
import json
import threading
from enum import Enum
from typing import NamedTuple

HEAD_MAX_BYTES = 64 * 1024
READY_SECONDS = 10


class Fault(Enum):
    """What happens to the first delivery."""

    NONE = "none"
    SEVERED = "severed"
    """It is carried and committed; the connection breaks before the answer is through."""
    FAILED = "failed"
    """500, nothing is carried."""
    BUSY = "busy"
    """429 with Retry-After, nothing is carried."""


ANSWERS = {
    Fault.FAILED: b"HTTP/1.1 500 Internal Server Error\r\n",
    Fault.BUSY: b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n",
}
BODY = json.dumps({"success": False, "code": "RG-0000", "message": "The test says no"}).encode()
# What the gateway itself says to browsers: without these their scripts could not read the answer.
OPEN = (
    b"content-type: application/json\r\naccess-control-allow-origin: *\r\n"
    b"access-control-expose-headers: retry-after\r\nconnection: close\r\n"
)


class Seen(NamedTuple):
    """One request as it came by."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    """As the client was told; 0 where it was told nothing."""

    @property
    def is_packed(self) -> bool:
        return self.body.startswith(b"\x1f\x8b")


class Way:
    """One port, its fault, and what came by."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.is_spoiled = False
        self.seen: list[Seen] = []
        self.url = ""

    @property
    def deliveries(self) -> list[Seen]:
        return [each for each in self.seen if is_delivery(each.method, each.path)]

    def spoils_now(self) -> bool:
        if self.fault is Fault.NONE or self.is_spoiled:
            return False
        self.is_spoiled = True
        return True


class Line:
    """All ways to one gateway, served by one thread."""

    def __init__(self, gateway_port: int) -> None:
        self._gateway_port = gateway_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line")
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> "Line":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(READY_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(READY_SECONDS)
        self._loop.close()

    def way(self, fault: Fault) -> Way:
        """A new port with this fault."""
        return asyncio.run_coroutine_threadsafe(self._open(Way(fault)), self._loop).result(READY_SECONDS)

    async def _open(self, way: Way) -> Way:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._carry(way, reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # a client that hung up, or a browser that opened a connection and did not use it
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_MAX_BYTES)
        self._servers.append(server)
        way.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return way

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        first, headers, body = await _request(reader)
        method, path, _ = first.split(" ")
        spoils = is_delivery(method, path) and way.spoils_now()
        canned = ANSWERS.get(way.fault) if spoils else None
        if canned:
            answer = canned + OPEN + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
        else:
            answer = await self._ask(first, headers, body)
        severed = spoils and way.fault is Fault.SEVERED
        status = 0 if severed else int(answer.split(b" ", 2)[1])
        way.seen.append(Seen(method, path, headers, body, status))
        if severed:
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()

    async def _ask(self, first: str, headers: dict[str, str], body: bytes) -> bytes:
        """The gateway's whole answer, which then has certainly been committed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        passed = {name: value for name, value in headers.items() if name not in ("connection", "transfer-encoding")}
        passed |= {"connection": "close", "content-length": str(len(body))}
        lines = [first, *(f"{name}: {value}" for name, value in passed.items())]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        answer = await reader.read()
        writer.close()
        return answer


def is_delivery(method: str, path: str) -> bool:
    """Whether this request brings events, and does not only ask for settings or for leave."""
    return method == "POST" or (method == "GET" and path.startswith("/i?"))


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        parts: list[bytes] = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return first, headers, b"".join(parts)
    return first, headers, await reader.readexactly(int(headers.get("content-length", "0")))
