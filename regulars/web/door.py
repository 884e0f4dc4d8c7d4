"""The outermost layer: to the gateway or to the site, with who is asking, and security headers on every answer.

Plain ASGI, because it also stands before the routes that are not the framework's: ingest and the moment at the till.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

import anyio
import msgspec
import psycopg
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from regulars.app import App
from regulars.collect import Gateway, Meter, RateExceeded
from regulars.engage import moment_asgi
from regulars.kit.errors import RegularsError
from regulars.model import Card
from regulars.web import access, audit
from regulars.web.api.engage import by_card, may_ask
from regulars.web.errors import body_of, unreadable
from regulars.web.keys import KEY_PREFIX, by_key

# Browsers take a `__Host-` cookie over https only; without https the plain name must do.
COOKIE = "regulars_session"
SECURE_COOKIE = "__Host-regulars_session"
# A till asks often: who its key belongs to is believed this long, so a revoked key works at most so much longer.
KEY_FRESH_SECONDS = 5.0
KEYS_KEPT = 1_000
MOMENT = "/api/moment"
MOMENT_SCOPE = "moment:read"
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "frame-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
}


def cookie_name(app: App) -> str:
    """The session cookie's name on this installation."""
    return SECURE_COOKIE if is_https(app) else COOKIE


def is_https(app: App) -> bool:
    """Whether people reach this installation by https."""
    return app.settings.base_url.startswith("https://")


@dataclass(frozen=True)
class Answer:
    """What goes out for a moment, and whom it is about."""

    status: int
    body: bytes
    about: str = "moment"
    after_seconds: int | None = None
    """When to come again."""


class Door:
    """ASGI: `gateway` gets what is sent to us, `site` everything else."""

    def __init__(
        self, app: App, site: ASGIApp, gateway: Gateway, moment: moment_asgi, pen: audit.Pen, meter: Meter
    ) -> None:
        self._app = app
        self._site = site
        self.gateway = gateway
        self._moment = moment
        self._pen = pen
        self._meter = meter
        self._keyholders: dict[str, tuple[float, access.Visitor | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._site(scope, receive, send)
            return
        path: str = scope["path"]
        if self.gateway.owns(path):
            await self.gateway(scope, receive, send)
            return
        loose: dict[str, Any] = scope  # pyright: ignore[reportAssignmentType]
        try:
            loose["user"] = None if path.startswith("/static/") else await self._visitor(scope)
        except RateExceeded as fault:
            await reply(with_headers(send), Answer(fault.status, _said(fault, path), after_seconds=fault.after_seconds))
            return
        loose["auth"] = None
        visitor: access.Visitor | None = loose["user"]
        if path == MOMENT and scope["method"] == "GET" and visitor and _gets_cards(visitor):
            answer = self._card(scope["query_string"].decode("latin-1"), visitor)
            # Before the answer: a look-up that is not written down is not answered.
            await anyio.to_thread.run_sync(self._pen.write, visitor, "asked who it is", answer.about)
            await reply(with_headers(send), answer)
            return
        await self._site(scope, receive, with_headers(send))

    def _card(self, query: str, visitor: access.Visitor) -> Answer:
        try:
            may_ask(visitor, dict(parse_qsl(query)))
            status, body = self._moment.answer(query)
        except RegularsError as fault:
            return Answer(fault.status, _said(fault, MOMENT))
        except psycopg.DataError:
            fault = unreadable()
            return Answer(fault.status, _said(fault, MOMENT))
        if status != 200:
            return Answer(status, body)
        card = msgspec.json.decode(body, type=Card)
        return Answer(status, msgspec.json.encode(by_card(visitor, card)), f"customer:{card.customer}")

    async def _visitor(self, scope: Scope) -> access.Visitor | None:
        headers = dict(scope["headers"])
        key = _server_key(headers.get(b"authorization", b"").decode("latin-1"))
        if key is not None:
            return await self._keyholder(key)
        token = _cookie(headers.get(b"cookie", b"").decode("latin-1"), cookie_name(self._app))
        return await anyio.to_thread.run_sync(access.by_cookie, self._app, token) if token else None

    async def _keyholder(self, key: str) -> access.Visitor | None:
        until, visitor = self._keyholders.get(key, (0.0, None))
        if time.monotonic() > until:
            visitor = await anyio.to_thread.run_sync(by_key, self._app, key)
            if len(self._keyholders) >= KEYS_KEPT:
                self._keyholders.clear()
            self._keyholders[key] = (time.monotonic() + KEY_FRESH_SECONDS, visitor)
        if visitor is not None:
            self._meter.spend(visitor, 0, self._app.clock.now())
        return visitor


def _said(fault: RegularsError, path: str) -> bytes:
    return msgspec.json.encode(body_of(fault, path))


def _server_key(header: str) -> str | None:
    """The key of a program: a bearer's, or the user of basic authentication, as clients of profiles send it."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user = base64.b64decode(given.strip(), validate=True).partition(b":")[0].decode("latin-1")
    except ValueError:
        return None
    return user if user.startswith(KEY_PREFIX) else None


async def reply(send: Send, answer: Answer) -> None:
    """One JSON answer."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer.body)).encode())]
    if answer.after_seconds is not None:
        headers.append((b"retry-after", str(answer.after_seconds).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _gets_cards(visitor: access.Visitor) -> bool:
    # Everybody else goes to the site, which answers 401 or 403 in full.
    return visitor.role in access.SHOP["roles"] if visitor.scopes is None else MOMENT_SCOPE in visitor.scopes


def _cookie(header: str, name: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def with_headers(send: Send) -> Send:
    """`send` that adds our headers where the answer has not set its own."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            extra = [(name, value) for name, value in HEADERS.items() if name not in given]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return sending
