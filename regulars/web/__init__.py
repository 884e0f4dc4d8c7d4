"""HTTP only: the JSON API, the pages, and the door in front of both and of the ingest gateway.

Takes: HTTP requests; what the rooms' faces give.
Gives: `create_app` (ASGI), `run`, `first_run_token` for the one-time sign-in that is printed on this machine, keys of
    programs that ask.
Writes tables: account, session, sign_in_token, server_key, audit_log.
Never: decides anything about customers, sends anything, or shows a page to a role that is not named for it.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from types import FrameType
from typing import cast

import uvicorn

from regulars import analyze, collect
from regulars.app import App
from regulars.collect import gateway as ingest
from regulars.engage import moment_asgi
from regulars.web import audit
from regulars.web.accounts import Role, first_run_token
from regulars.web.door import Door
from regulars.web.keys import REQUESTS_PER_SECOND, SCOPES, NewKey, ServerKey
from regulars.web.keys import add as add_server_key
from regulars.web.keys import every as server_keys
from regulars.web.keys import revoke as revoke_server_key
from regulars.web.keys import rotate as rotate_server_key
from regulars.web.shelf import routes
from regulars.web.site import build

__all__ = [
    "REQUESTS_PER_SECOND",
    "SCOPES",
    "NewKey",
    "Role",
    "ServerKey",
    "add_server_key",
    "create_app",
    "first_run_token",
    "revoke_server_key",
    "rotate_server_key",
    "run",
    "server_keys",
]

KEEP_ALIVE_SECONDS = 30
# Open event streams must not hold the process when it is told to stop.
SHUTDOWN_SECONDS = 3


def create_app(app: App, processes: int = 1) -> Door:
    """The whole of HTTP for this brand, as one ASGI application; one of `processes` on its port."""
    # Pages read trait columns; they are made here, before any page holds a lock that would be in the way.
    analyze.ensure_schema(app)
    gateway = ingest(app, processes=processes)
    moment = moment_asgi(app)
    pen = audit.Pen(app)
    begin = [gateway.start, lambda: analyze.warm(app)]
    site = build(app, routes(), on_startup=begin, on_shutdown=[gateway.stop, moment.close, pen.close])
    return Door(app, site, gateway, moment, pen, collect.Meter(processes))


def run(app: App, host: str, port: int, processes: int = 1) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); then return, so that the caller can put away what it holds.

    One of `processes` that listen on this port: the kernel shares new connections out among them.
    """
    # The server raises the signal again once it has ended; with the default handler the process would die there and
    # leave an embedded PostgreSQL behind.
    before = signal.signal(signal.SIGTERM, _carry_on) if threading.current_thread() is threading.main_thread() else None
    try:
        with collect.listener(host, port, processes) as listening:
            _serve(create_app(app, processes), listening)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _carry_on(number: int, frame: FrameType | None) -> None:
    del number, frame


def _serve(door: Door, listening: socket.socket) -> None:
    uvicorn.Server(
        uvicorn.Config(
            door,  # pyright: ignore[reportArgumentType]
            http=cast(type[asyncio.Protocol], collect.Lane(door.gateway)),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    ).run(sockets=[listening])
