"""The API as a page of ours: read from the OpenAPI document, nothing loaded from anywhere."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from regulars.web import access, published, render
from regulars.web.site import House

METHODS = frozenset({"get", "post", "put", "patch", "delete"})


@get("/api/openapi.json", opt=access.OFFICE, include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The OpenAPI document."""
    return published.documented(request.app.openapi_schema.to_schema())


@get("/developers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=False)
def developers_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """How to send events, and every address that answers with JSON."""
    schema = published.documented(request.app.openapi_schema.to_schema())
    return render.page(
        app,
        "pages/developers.html",
        request,
        calls=calls(schema),
        base=app.settings.base_url.rstrip("/"),
        example='{"batch": [{"type": "track", "messageId": "order-1", "anonymousId": "a1", "event": "Order Completed", '
        '"properties": {"order_id": "1", "revenue": "12.30", "currency": "USD"}}]}',
    )


def calls(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Method, path, sentence and parameters of every operation, by path."""
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
                        "says": said.get("description") or said.get("summary", ""),
                        "takes": [{"name": one["name"], "required": one.get("required", False)} for one in parameters],
                    }
                )
    return found


routes = [openapi_json, developers_page]
