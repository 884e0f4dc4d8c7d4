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
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import psycopg

from regulars.app import App
from regulars.collect import wire
from regulars.collect.door import Arrival, Row, admit, check_context
from regulars.collect.errors import JournalAway, KeyRefused, QueueFull, RequestUnreadable, TooManyAttempts
from regulars.collect.hooks import Hooks
from regulars.collect.journal import Entry, Rejected, mint
from regulars.collect.keys import KEY_MAX_CHARACTERS, Source, source_by_key
from regulars.collect.wires import Request, Wire, wires
from regulars.collect.writer import Counts, GroupCommit
from regulars.kit.errors import InputRefused, RegularsError
from regulars.kit.logging import logger

# So long a revoked key may go on writing, and so often we ask the database about a key in use.
KEY_CACHE_SECONDS = 10.0
KEY_CACHE_MAX = 1_000
# While the database is away, a key it knew goes on working; so often we ask again.
KEY_RETRY_SECONDS = 2.0
LOOK_UP_SECONDS = 3.0
LOOK_UPS_AT_ONCE = 4
LOOK_UPS_WAITING_MAX = 200
UNKNOWN_KEYS_PER_MINUTE = 60
UNKNOWN_ADDRESSES_MAX = 10_000
HOOKS = "/hooks/"
HOOKS_AT_ONCE = 4
HOOKS_WAITING_MAX = 100
RETRY_AFTER_SECONDS = {429: b"60", 503: b"2"}

OWN_PATHS = frozenset({"/health", "/sourceConfig", "/sourceConfig/"})

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Hook = Callable[[App, str, Request], bytes]
"""Takes a delivery to `/hooks/{source}` (its body as received, for signatures are over that) in a thread of its own and
gives the body of the 200 once everything is committed. Its RegularsErrors are answered with their status."""

log = logger("collect")
_encode = msgspec.json.Encoder().encode

JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
PREFLIGHT = [
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
ASKED_HEADERS = b"access-control-request-headers"
USUAL_HEADERS = b"authorization, content-type, anonymousid, sentat, x-retry-count, x-write-key"
# Scripts of other origins see no header that is not named here, and would come again too early.
EXPOSED = (b"access-control-expose-headers", b"retry-after")


class _Known(NamedTuple):
    source: Source | None
    until: float


class _Gone(Exception):
    """The sender hung up before its request was whole."""


class Gateway:
    """An ASGI application. `start` and `stop` its writer, or let ASGI's lifespan do it."""

    def __init__(self, app: App, hook: Hook | None = None) -> None:
        self._app = app
        self._hook = hook
        self._hooks_waiting = 0
        self._hook_threads = ThreadPoolExecutor(HOOKS_AT_ONCE, thread_name_prefix="hook")
        self._wires = _by_path(wires.items())
        self.writer = GroupCommit(app)
        self._keys: dict[str, _Known] = {}
        self._asked: dict[str, asyncio.Future[Source | None]] = {}
        # Threads of its own: while the database hangs they hang with it, and nobody else's.
        self._askers = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="key-look-up")
        self._strangers: dict[str, int] = {}
        self._strangers_minute = 0

    def start(self) -> None:
        """Begin to write."""
        self.writer.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        self.writer.stop()
        for threads in (self._hook_threads, self._askers):
            threads.shutdown(wait=False)

    def owns(self, path: str) -> bool:
        """Whether a request for this path is ours, for an application that stands in front of us."""
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
        method = scope["method"]
        path: str = scope["path"]
        kind = wire.KIND_BY_PATH.get(path) or wire.KIND_BY_PATH.get(path.rstrip("/"))
        if method == "POST" and kind:
            try:
                counts = await self._take(kind, scope, receive)
            except RegularsError as fault:
                await _answer_fault(send, fault.status, fault.code, str(fault))
            except _Gone:
                pass
            else:
                await _answer(send, 200, _success(counts))
        elif method == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": _leave(scope)})
            await send({"type": "http.response.body"})
        elif plug_in := self._wires.get(path):
            await self._serve_wire(plug_in, scope, receive, send)
        elif self._hook and path.startswith(HOOKS):
            await self._serve_hook(self._hook, scope, receive, send)
        elif method == "GET" and not kind:
            await self._tell(path, scope, send)
        elif kind:
            await _answer_fault(send, 405, "RG-1130", "Events are sent with POST")
        else:
            await _answer_fault(send, 404, "RG-1130", "There is nothing here")

    async def _serve_wire(self, plug_in: Wire, scope: Scope, receive: Receive, send: Send) -> None:
        """A request in another protocol."""
        if scope["method"] not in plug_in.methods:
            await _answer_fault(send, 405, "RG-1130", f"Events are sent with {' or '.join(plug_in.methods)}")
            return
        try:
            counts = await self._take(plug_in, scope, receive)
        except RegularsError as fault:
            await _answer_fault(send, fault.status, fault.code, str(fault))
        except _Gone:
            pass
        else:
            kind, body = plug_in.answer or (JSON[1], _success(counts))
            await _answer(send, 200, body, ((b"content-type", kind), NO_STORE))

    async def _serve_hook(self, hook: Hook, scope: Scope, receive: Receive, send: Send) -> None:
        """A vendor's delivery: whole and as received to whoever knows the vendor, in a thread."""
        if scope["method"] != "POST":
            await _answer_fault(send, 405, "RG-1130", "Deliveries are sent with POST")
            return
        if self._hooks_waiting >= HOOKS_WAITING_MAX:
            await _answer_fault(send, 503, QueueFull.code, "Too many deliveries wait. Send it again a little later")
            return
        self._hooks_waiting += 1
        try:
            request = _request(scope, await _body(receive))
            source = request.path.removeprefix(HOOKS)
            answer = await asyncio.get_running_loop().run_in_executor(
                self._hook_threads, hook, self._app, source, request
            )
        except RegularsError as fault:
            await _answer_fault(send, fault.status, fault.code, str(fault))
        except psycopg.OperationalError:
            await _answer_fault(send, 503, JournalAway.code, "The database does not answer. Send it again later")
        except _Gone:
            pass
        else:
            await _answer(send, 200, answer)
        finally:
            self._hooks_waiting -= 1

    async def _take(self, how: str | Wire, scope: Scope, receive: Receive) -> Counts:
        """Read, check, queue, wait for the commit."""
        headers = wire.headers(scope["headers"])
        if headers.length and int(headers.length) > wire.REQUEST_MAX_BYTES:
            raise wire.too_large()
        body = await _body(receive)
        address = client[0] if (client := scope.get("client")) else ""
        try:
            plain = wire.unpacked(body)
            delivery = wire.read(plain, how) if isinstance(how, str) else how.read(_request(scope, plain))
        except RequestUnreadable:
            await self._keep_unreadable(headers, scope, address, body)
            raise
        source = await self._source(wire.key(headers, delivery, scope["query_string"]), address)
        entries, rejected = self._admit(delivery, source, address)
        return await self.writer.submit(entries, rejected)

    def _admit(self, delivery: wire.Delivery, source: Source, address: str) -> tuple[list[Entry], list[Rejected]]:
        received_at = self._app.clock.now()
        arrival = Arrival(source, received_at, lambda: mint(self._app), delivery.sent_at, delivery.context, address)
        refused = check_context(delivery.context) if delivery.context else None
        entries: list[Entry] = []
        rejected: list[Rejected] = []
        for message in delivery.messages:
            item = refused(message) if refused else admit(message, arrival)
            if isinstance(item, Row):
                entries.append(Entry(source, received_at, item))
            else:
                rejected.append(Rejected(source, received_at, item))
        return entries, rejected

    async def _keep_unreadable(self, headers: wire.Headers, scope: Scope, address: str, body: bytes) -> None:
        """A request that is no JSON is answered 400 and, where its key is known, kept as one refusal."""
        source = await self._source(wire.key(headers, None, scope["query_string"]), address)
        refused = wire.unreadable(body or scope["query_string"])
        await self.writer.submit([], [Rejected(source, self._app.clock.now(), refused)])

    async def _source(self, key: str, address: str) -> Source:
        """The source of this key, from the database at most once per KEY_CACHE_SECONDS. Raises KeyRefused."""
        now = self._app.clock.now().timestamp()
        known = self._keys.get(key)
        if known is None or known.until < now:
            if key and len(key) <= KEY_MAX_CHARACTERS:
                known = await self._learn(key, known, address, now)
            else:
                self._count_stranger(address, now)
        elif known.source is None:
            self._count_stranger(address, now)
        if known is None or known.source is None:
            raise KeyRefused("The write key is missing or not known", "Send the key of a source that exists")
        return known.source

    async def _learn(self, key: str, before: _Known | None, address: str, now: float) -> _Known:
        """What the database says of this key; while it says nothing, what it said last."""
        is_new = (before is None or before.source is None) and key not in self._asked
        if is_new:
            # Before the look-up: what a guesser makes us ask is bounded, too.
            self._count_stranger(address, now)
        try:
            known = _Known(await self._ask(key), now + KEY_CACHE_SECONDS)
        except JournalAway:
            if before is None or before.source is None:
                raise
            known = _Known(before.source, now + KEY_RETRY_SECONDS)
        if is_new and known.source is not None and address in self._strangers:
            self._strangers[address] -= 1
        if len(self._keys) >= KEY_CACHE_MAX:
            # Guessed keys go first, so that guessing does not make us ask for the good ones again.
            good = {each: what for each, what in self._keys.items() if what.source is not None}
            self._keys = good if len(good) < KEY_CACHE_MAX else {}
        self._keys[key] = known
        return known

    async def _ask(self, key: str) -> Source | None:
        """One look-up a key at a time, LOOK_UP_SECONDS at most. Raises JournalAway."""
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= LOOK_UPS_WAITING_MAX:
                raise JournalAway("Too many keys wait to be looked up", "Send it again a little later")
            asked = asyncio.get_running_loop().run_in_executor(self._askers, self._look_up, key)
            self._asked[key] = asked
            asked.add_done_callback(lambda done: self._forget(key, done))
        try:
            return await asyncio.wait_for(asyncio.shield(asked), LOOK_UP_SECONDS)
        except TimeoutError:
            raise JournalAway("The database does not answer", "Send it again a little later") from None

    def _forget(self, key: str, done: "asyncio.Future[Source | None]") -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waited was told; when nobody does any more, it is no news

    def _look_up(self, key: str) -> Source | None:
        try:
            with self._app.store.pool.connection(timeout=LOOK_UP_SECONDS) as connection:
                return source_by_key(replace(self._app, connection=connection), key)
        except psycopg.OperationalError:
            raise JournalAway("The database does not answer", "Send it again a little later") from None

    def _count_stranger(self, address: str, now: float) -> None:
        """Raise TooManyAttempts where this address has used up its unknown keys of this minute."""
        minute = int(now // 60)
        if minute != self._strangers_minute or len(self._strangers) > UNKNOWN_ADDRESSES_MAX:
            self._strangers_minute = minute
            self._strangers.clear()
        if self._strangers.get(address, 0) >= UNKNOWN_KEYS_PER_MINUTE:
            raise TooManyAttempts("This address sent too many unknown keys", "Wait a minute")
        self._strangers[address] = self._strangers.get(address, 0) + 1

    async def _tell(self, path: str, scope: Scope, send: Send) -> None:
        if path == "/health":
            well = self.writer.is_well
            await _answer(send, 200 if well else 503, _encode({"success": well, "waiting": self.writer.held}))
        elif path.startswith("/v1/projects/") and path.endswith("/settings"):
            await _answer(send, 200, _encode(_segment_settings(path.split("/")[3])))
        elif path.rstrip("/") == "/sourceConfig":
            key = wire.key(wire.headers(scope["headers"]), None, scope["query_string"])
            await _answer(send, 200, _encode(_rudder_settings(key)))
        else:
            await _answer_fault(send, 404, "RG-1130", "There is nothing here")


def gateway(app: App, hook: Hook | None = None) -> Gateway:
    """The HTTP door of this installation; nothing runs until it is started."""
    return Gateway(app, hook or Hooks())


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


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] != "http.request":
        raise _Gone
    body: bytes = message.get("body", b"")
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
            raise wire.too_large()
    return b"".join(parts)


def _leave(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Leave for a page to send the headers it asks for, whichever they are.

    Nothing here goes by cookies, so there is nothing to protect; and clients send headers of their own with what they
    send again (`Rsa-Retry-Attempt`): refused, every event that failed once would be lost.
    """
    asked = next((value for name, value in scope["headers"] if name == ASKED_HEADERS), USUAL_HEADERS)
    return [*PREFLIGHT, (b"access-control-allow-headers", asked)]


def _success(counts: Counts) -> bytes:
    return b'{"success":true,"accepted":%d,"duplicates":%d,"refused":%d}' % counts


async def _answer(send: Send, status: int, body: bytes, first: tuple[tuple[bytes, bytes], ...] = (JSON,)) -> None:
    headers = [*first, ANY_ORIGIN, (b"content-length", b"%d" % len(body))]
    if status in RETRY_AFTER_SECONDS:
        headers += [(b"retry-after", RETRY_AFTER_SECONDS[status]), EXPOSED]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer_fault(send: Send, status: int, code: str, message: str) -> None:
    await _answer(send, status, _encode({"success": False, "code": code, "message": message}))


def _segment_settings(key: str) -> dict[str, Any]:
    """What Segment's browser client wants to hear before it sends."""
    return {
        "integrations": {"Segment.io": {"apiKey": key, "versionSettings": {"version": "4.4.7"}}},
        "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _rudder_settings(key: str) -> dict[str, Any]:
    """What RudderStack's browser client wants to hear before it sends."""
    source = {"id": "source", "name": "source", "writeKey": key, "enabled": True, "workspaceId": "regulars"}
    return {"source": source | {"config": {}, "destinations": [], "connections": []}}
