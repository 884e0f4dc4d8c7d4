"""Every room's API and pages, found by place: a new module under `api/` or `pages/` with `routes` needs no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from regulars import collect, engage
from regulars.app import App
from regulars.web import api, pages


def routes() -> list[ControllerRouterHandler]:
    """All handlers of both shelves, in the order of their names."""
    found: list[ControllerRouterHandler] = []
    for package in (api, pages):
        for module in pkgutil.iter_modules(package.__path__):
            found += importlib.import_module(f"{package.__name__}.{module.name}").routes
    return found


def gateway_of(app: App) -> ASGIApp:
    """The raw ingest gateway of collect."""
    made: Any = getattr(collect, "gateway", None)
    return made(app) if made else _not_open


def moment_of(app: App) -> ASGIApp | None:
    """The raw route for a till's question, if engage has one."""
    made: Any = getattr(engage, "moment_asgi", None)
    return made(app) if made else None


async def _not_open(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
