"""The HTTP door in the Segment wire format: raw ASGI, because here every microsecond is paid per event.

    POST /v1/{batch,identify,track,page,screen,group,alias}   also /v1/{b,i,t,p,s,g,a} and /v1/import
    GET  /health                                              is the journal written?
    GET  /v1/projects/{key}/settings, /sourceConfig/          what browser clients ask before they send
    the paths of the shelf `wires`                            other protocols, read into the same messages
    POST /hooks/{source}                                      deliveries of vendors, handed on whole

200 means durable: it is sent after the commit and never before. Faulty events of a good request are refused one by one
and the answer is still 200, as clients expect: they would drop the whole batch on anything else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg

from regulars.app import App
from regulars.collect.errors import (
    JournalAway,
    MethodRefused,
    PathMissing,
    QueueFull,
    RequestUnreadable,
    WebhookMissing,
)
from regulars.collect.hooks import Hooks
from regulars.collect.http import answers, wire
from regulars.collect.http.answers import Header
from regulars.collect.http.intake import Ask, Intake
from regulars.collect.keys import NAME
from regulars.collect.wires import Request, Wire, wires
from regulars.kit.errors import InputRefused
from regulars.kit.logging import logger

# Where profiles are read, in an interface that shares its beginning with ours.
PROFILES = "/v1/spaces/"
HOOKS = "/hooks/"
HOOKS_AT_ONCE = 4
HOOKS_WAITING_MAX = 100
# A vendor hangs up after 5 to 10 seconds itself.
HOOK_BODY_SECONDS = 10.0
# Of a request that is longer than may be, so much is there to see afterwards.
OVERLONG_KEPT_BYTES = 64 * 1024
OWN_PATHS = frozenset({"/health", "/sourceConfig", "/sourceConfig/"})

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Hook = Callable[[App, str, Request], bytes]
"""Takes a delivery to `/hooks/{source}` (its body as received, for signatures are over that) in a thread of its own and
gives the body of the 200 once everything is committed. Its RegularsErrors are answered with their status."""
Answer = tuple[int, list[Header], bytes]

log = logger("collect")

READ_BY_PATH = {path: partial(wire.read, kind=kind) for path, kind in wire.KIND_BY_PATH.items()}


class _Gone(Exception):
    """The sender hung up before its request was whole."""


class _Overlong(Exception):
    """The request is over REQUEST_MAX_BYTES; the rest of it is never read."""

    def __init__(self, beginning: bytes) -> None:
        self.beginning = beginning[:OVERLONG_KEPT_BYTES]


class Gateway:
    """An ASGI application. `start` and `stop` its writer, or let ASGI's lifespan do it."""

    def __init__(self, app: App, hook: Hook | None = None, processes: int = 1) -> None:
        self._app = app
        self._hook = hook
        self._hooks_waiting = 0
        self._hook_threads = ThreadPoolExecutor(HOOKS_AT_ONCE, thread_name_prefix="hook")
        self._wires = _by_path(wires.items())
        self.intake = Intake(app, processes)

    def start(self) -> None:
        """Begin to write."""
        self.intake.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        self.intake.stop()
        self._hook_threads.shutdown(wait=False)

    def owns(self, path: str) -> bool:
        """Whether a request for this path is ours, for an application that stands in front of us."""
        if path.startswith(PROFILES):
            return False
        return path.startswith(("/v1/", HOOKS)) or path in OWN_PATHS or path in self._wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, headers, body = await self._answer(scope, receive)
        except _Gone:
            return
        except Exception as fault:
            status, headers, body = answers.of_fault(fault)
        headers = [*headers, (b"content-length", b"%d" % len(body))] if status != 204 else headers
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method = scope["method"]
        path: str = scope["path"]
        read = READ_BY_PATH.get(path) or READ_BY_PATH.get(path.rstrip("/"))
        if method == "POST" and read:
            return await self._take(read, scope, receive)
        if method == "OPTIONS":
            return 204, answers.preflight(scope["headers"]), b""
        if plug_in := self._wires.get(path):
            return await self._take_wire(plug_in, scope, receive)
        if self._hook and path.startswith(HOOKS):
            return await self._take_hook(self._hook, scope, receive)
        if read:
            raise MethodRefused("Events are sent with POST", "Send it again so")
        return self._tell(path, scope)

    async def answer(self, ask: Ask) -> Answer:
        """What is answered to a request that brings events, whatever becomes of it."""
        try:
            counts, holder = await self.intake.take(ask)
        except Exception as fault:
            return answers.of_fault(fault)
        return 200, [answers.JSON, *answers.allowed(ask.headers.origin, holder)], answers.success(counts)

    async def _take(
        self,
        read: Callable[[bytes], wire.Delivery],
        scope: Scope,
        receive: Receive,
        own: tuple[bytes, bytes] | None = None,
    ) -> Answer:
        """Events in, 200 out once they are committed; `own` are content type and body of another protocol's 200."""
        headers = wire.headers(scope["headers"])
        address = client[0] if (client := scope.get("client")) else ""
        ask = Ask(read, headers, scope["query_string"], address, b"")
        try:
            body = await _body(receive, headers.length)
        except _Overlong as over:
            raise await self.intake.keep_overlong(ask._replace(body=over.beginning)) from None
        counts, holder = await self.intake.take(ask._replace(body=body))
        may = answers.allowed(headers.origin, holder)
        if own is None:
            return 200, [answers.JSON, *may], answers.success(counts)
        return 200, [(b"content-type", own[0]), answers.NO_STORE, *may], own[1]

    async def _take_wire(self, plug_in: Wire, scope: Scope, receive: Receive) -> Answer:
        """A request in another protocol."""
        if scope["method"] not in plug_in.methods:
            raise MethodRefused(f"Events are sent with {' or '.join(plug_in.methods)}", "Send it again so")
        return await self._take(lambda plain: plug_in.read(_request(scope, plain)), scope, receive, plug_in.answer)

    async def _take_hook(self, hook: Hook, scope: Scope, receive: Receive) -> Answer:
        """A vendor's delivery: whole and as received to whoever knows the vendor, in a thread."""
        if scope["method"] != "POST":
            raise MethodRefused("Deliveries are sent with POST", "Send it again so")
        source: str = scope["path"].removeprefix(HOOKS)
        if not NAME.fullmatch(source):
            raise WebhookMissing("No webhook is expected here", "Post to /hooks/ and the name of its source")
        # Before it counts as waiting: who sends slowly keeps no other out.
        length = wire.headers(scope["headers"]).length
        try:
            request = _request(scope, await asyncio.wait_for(_body(receive, length), HOOK_BODY_SECONDS))
        except _Overlong:
            request = _request(scope, b"")._replace(is_whole=False)
        except TimeoutError:
            raise RequestUnreadable(
                f"The delivery was not whole after {HOOK_BODY_SECONDS:g} seconds", "Send it again"
            ) from None
        if self._hooks_waiting >= HOOKS_WAITING_MAX:
            raise QueueFull("Too many deliveries wait", "Send it again a little later")
        self._hooks_waiting += 1
        try:
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(self._hook_threads, hook, self._app, source, request)
        except psycopg.OperationalError:
            raise JournalAway("The database does not answer", "Send it again a little later") from None
        finally:
            self._hooks_waiting -= 1
        return 200, [answers.JSON, answers.ANY_ORIGIN], body

    def _tell(self, path: str, scope: Scope) -> Answer:
        if scope["method"] == "GET":
            if path == "/health":
                return answers.health(self.intake.writer.is_well, self.intake.writer.held)
            if path.startswith("/v1/projects/") and path.endswith("/settings"):
                return 200, [answers.JSON, answers.ANY_ORIGIN], answers.segment_settings(path.split("/")[3])
            if path.rstrip("/") == "/sourceConfig":
                key = wire.key(wire.headers(scope["headers"]), None, scope["query_string"])
                return 200, [answers.JSON, answers.ANY_ORIGIN], answers.rudder_settings(key)
        raise PathMissing("There is nothing here", "Send events to /v1/batch")


def gateway(app: App, hook: Hook | None = None, processes: int = 1) -> Gateway:
    """The HTTP door of this installation, one of `processes` on its port; nothing runs until it is started."""
    return Gateway(app, hook or Hooks(), processes)


def _by_path(plug_ins: list[tuple[str, Wire]]) -> dict[str, Wire]:
    """Every wire by each of its paths. Raises InputRefused where a path belongs to somebody already."""
    found: dict[str, Wire] = {}
    for name, plug_in in plug_ins:
        for path in plug_in.paths:
            if path in found or path in OWN_PATHS or path.startswith(HOOKS) or path in wire.KIND_BY_PATH:
                raise InputRefused(f"The wire '{name}' wants {path}, which is taken", "Give it a path of its own")
            found[path] = plug_in
    return found


def _request(scope: Scope, body: bytes) -> Request:
    return Request(scope["method"], scope["path"], scope["query_string"], scope["headers"], body)


async def _body(receive: Receive, length: bytes) -> bytes:
    """All of it. Raises _Overlong, with what has come so far, where it has or announces more than REQUEST_MAX_BYTES."""
    message = await receive()
    if message["type"] != "http.request":
        raise _Gone
    body: bytes = message.get("body", b"")
    if length and int(length) > wire.REQUEST_MAX_BYTES:
        raise _Overlong(body)
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            raise _Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > wire.REQUEST_MAX_BYTES:
            raise _Overlong(b"".join(parts))
    return b"".join(parts)
