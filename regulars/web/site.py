"""The site: Litestar with every room's API and pages, one guard, one forgery check, one way to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import psycopg
from litestar import Litestar, MediaType, Request, Response, Router
from litestar.config.app import AppConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import SkipValidation
from litestar.response import Redirect
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]
from litestar.types import ControllerRouterHandler

from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError
from regulars.kit.logging import logger
from regulars.web import access, forgery, render
from regulars.web.accounts import Role
from regulars.web.errors import PROFILES, MethodUnknown, PageMissing, SignInNeeded, Unexpected, body_of, unreadable

House = NamedDependency[SkipValidation[App]]

YEAR_SECONDS = 31_536_000
log = logger("web")


def build(
    app: App,
    routes: list[ControllerRouterHandler],
    on_startup: list[Callable[[], None]],
    on_shutdown: list[Callable[[], None]],
) -> Litestar:
    """The Litestar application over these routes; anything not declared public or for a role is closed."""
    static = create_static_files_router(
        path="/static",
        directories=[render.STATIC],
        opt=access.PUBLIC,
        include_in_schema=False,
        cache_control=CacheControlHeader(max_age=YEAR_SECONDS, immutable=True, public=True),
    )

    def house() -> App:
        return app

    def fail(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
        return answer_fault(app, request, fault)

    # One router, registered once: handlers registered one by one are wrapped for the thread pool again
    # each time another one joins their path, and then answer with a coroutine.
    return Litestar(
        route_handlers=[static, Router("/", route_handlers=routes)],
        dependencies={"app": Provide(house, sync_to_thread=False)},
        guards=[access.may],
        before_request=forgery.check,
        exception_handlers={RegularsError: fail, HTTPException: fail, Exception: fail},
        # The plug-in's own route names no role and is therefore closed; /api/openapi.json gives the same document.
        openapi_config=OpenAPIConfig(
            title="Regulars",
            version="1",
            path="/api/schema",
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        on_app_init=[_keep_quiet],
        on_startup=on_startup,
        on_shutdown=on_shutdown,
    )


def _keep_quiet(config: AppConfig) -> AppConfig:
    config.debug = False
    config.logging_config = None
    return config


def answer_fault(app: App, request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    """What went wrong, as JSON for programs and as a page for people; the unexpected says nothing of its inside."""
    known = _known(fault)
    if isinstance(fault, psycopg.DataError):
        # Almost always what was asked with; the kind in case it is a fault of ours. Its text may hold the value.
        log.warning("a value was refused by PostgreSQL", path=request.url.path, kind=type(fault).__name__)
    if known.status >= 500:
        log.error("request failed", path=request.url.path, exc_info=fault)
    if not _wants_page(request):
        said = body_of(known, request.url.path)
        asked = {"www-authenticate": 'Bearer realm="regulars"'} if isinstance(known, SignInNeeded) else {}
        return Response(said, status_code=known.status, media_type=MediaType.JSON, headers=asked)
    if isinstance(known, SignInNeeded):
        gate = f"/signin?next={quote(request.url.path)}"
        if request.headers.get("hx-request"):
            return Response("", status_code=401, headers={"hx-redirect": gate})
        return Redirect(gate, status_code=303)
    visitor = access.visitor_of(request)
    # Only administrators may use the navigation that stands around a page.
    template = "pages/fault.html" if visitor and visitor.role is Role.ADMIN else "pages/access/fault.html"
    return render.page(app, template, request, status=known.status, fault=known)


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return not request.url.path.startswith(("/api/", PROFILES)) and "text/html" in request.headers.get(
        "accept", "text/html"
    )


def _known(fault: Exception) -> RegularsError:
    if isinstance(fault, RegularsError):
        return fault
    if isinstance(fault, psycopg.DataError):
        return unreadable()
    if isinstance(fault, ValidationException):
        named: list[dict[str, Any]] = [each for each in cast(list[Any], fault.extra or []) if isinstance(each, dict)]
        what = "; ".join(str(each.get("key", "")) for each in named)
        return InputRefused(
            f"The request cannot be read: {what or fault.detail}", "Mend what it names and send it again"
        )
    if isinstance(fault, HTTPException) and fault.status_code == 404:
        return PageMissing("Nothing lives at this address", "Check it, or start from Home")
    if isinstance(fault, HTTPException) and fault.status_code == 405:
        return MethodUnknown("This address does not answer that method", "Look the method up under API")
    if isinstance(fault, RecursionError) and "deserializing" in str(fault):
        return InputRefused("The body is nested too deep to be read", "Send it as the documentation shows")
    if isinstance(fault, HTTPException) and fault.status_code < 500:
        return InputRefused(f"The request was not understood ({fault.status_code})", "Check method and address")
    return Unexpected("Something broke on our side", "Nothing you sent was kept half; try again, then look at the log")
