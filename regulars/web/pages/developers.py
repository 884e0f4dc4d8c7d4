"""The API as a page of ours: read from the OpenAPI document, nothing loaded from anywhere; and the keys that ask it.

A new key stands in the answer that made it and nowhere else; the audit log names the numbers of keys only.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.routes import HTTPRoute

from regulars import collect
from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.web import access, audit, door, published, render
from regulars.web import keys as server_keys
from regulars.web.site import House

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
OVERLAPS = {1: "1 hour", 24: "1 day", 168: "7 days", 720: "30 days", 0: "no time: it leaked"}
"""Hours for which a replaced key goes on working, as the page says them."""
NUMBER_MAX_DIGITS = 9
NOTHING_SAID: dict[str, str] = {}


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """For how long the key before still works."""

    hours: float


@get("/api/openapi.json", opt=access.OFFICE, include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The OpenAPI document."""
    return document(request)


def document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The OpenAPI document, each operation with the scope that a key needs for it."""
    scopes: dict[tuple[str, str], str] = {}
    for route in request.app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if scope := handler.opt.get("scope"):
                scopes |= {(route.path_format, method.lower()): scope for method in handler.http_methods}
    return published.documented(request.app.openapi_schema.to_schema(), scopes)


@get("/developers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def developers_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """How to send events, the keys of programs, and every address that answers with JSON."""
    return shown(app, request)


def shown(app: App, request: Request[Any, Any, Any], status: int = 200, **more: object) -> Response[str]:
    """The page; `more` is what an act has to say."""
    with app.transaction() as inside:
        keys, now = server_keys.every(inside), app.clock.now()
    states = {key.id: key.state(now) for key in keys}
    asked = request.query_params.get("key", "")
    given: dict[str, object] = {
        "chosen": next((key for key in keys if str(key.id) == asked and states[key.id] in ("works", "ends")), None),
        "made": "",
        "done": "",
        "said": NOTHING_SAID,
        "wrong": None,
    }
    return render.page(
        app,
        "pages/developers.html",
        request,
        status,
        calls=calls(document(request)),
        base=app.settings.base_url.rstrip("/"),
        keys=keys,
        states=states,
        scopes=server_keys.SCOPES,
        usual_rate=server_keys.REQUESTS_PER_SECOND,
        overlaps=OVERLAPS,
        overlap=collect.ROTATION_OVERLAP_HOURS,
        fresh_seconds=int(door.KEY_FRESH_SECONDS),
        example='{"batch": [{"type": "track", "messageId": "order-1", "anonymousId": "a1", "event": "Order Completed", '
        '"properties": {"order_id": "1", "revenue": "12.30", "currency": "USD"}}]}',
        **(given | more),
    )


def calls(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Method, path, scope, sentence and parameters of every operation, by path."""
    found: list[dict[str, Any]] = []
    paths: dict[str, dict[str, dict[str, Any]]] = schema.get("paths", {})
    for path, methods in sorted(paths.items()):
        for method, said in methods.items():
            if method in METHODS:
                parameters: list[dict[str, Any]] = said.get("parameters", [])
                found.append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "scope": said.get(published.SCOPE, ""),
                        "says": said.get("description") or said.get("summary", ""),
                        "takes": [{"name": one["name"], "required": one.get("required", False)} for one in parameters],
                    }
                )
    return found


@post("/developers/keys", opt=access.OFFICE, include_in_schema=False, status_code=200, sync_to_thread=True)
def add(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[dict[str, str]]) -> Response[str]:
    """A key for a program, shown this once."""
    scopes = [scope for scope in server_keys.SCOPES if scope in data]
    try:
        with app.transaction() as inside:
            made = server_keys.add(inside, data.get("name", ""), scopes, rate(data.get("rate", "")))
    except RegularsError as fault:
        return shown(app, request, fault.status, said=data, wrong=fault)
    audit.write(app, request.user, "made a server key", f"key:{made.id}", ", ".join(scopes))
    return shown(app, request, made=made.key)


def rate(said: str) -> int:
    """Requests a second as typed; empty is the usual rate, and what is no number is none."""
    said = said.strip()
    if not said:
        return server_keys.REQUESTS_PER_SECOND
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= NUMBER_MAX_DIGITS else 0


@post("/developers/keys/{key:int}/rotate", opt=access.OFFICE, include_in_schema=False, status_code=200,
      sync_to_thread=True)  # fmt: skip
def rotate(
    app: House, request: Request[Any, Any, Any], key: FromPath[int], data: URLEncodedBody[Overlap]
) -> Response[str]:
    """A new key in place of this one, shown this once."""
    with app.transaction() as inside:
        made = server_keys.rotate(inside, key, data.hours)
    audit.write(app, request.user, "rotated a server key", f"key:{key}", f"by {made.id}, in {data.hours:g} hours")
    return shown(app, request, made=made.key)


@post("/developers/keys/{key:int}/revoke", opt=access.OFFICE, include_in_schema=False, status_code=200,
      sync_to_thread=True)  # fmt: skip
def revoke(app: House, request: Request[Any, Any, Any], key: FromPath[int]) -> Response[str]:
    """Shut a program out."""
    with app.transaction() as inside:
        server_keys.revoke(inside, key)
    audit.write(app, request.user, "revoked a server key", f"key:{key}")
    return shown(app, request, done=f"Key {key} is revoked")


routes = [openapi_json, developers_page, add, rotate, revoke]
