"""Requests that a foreign page makes in a signed-in person's name are refused: origin first, then the form's token."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from regulars.web.access import visitor_of
from regulars.web.errors import FormForged

READING = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "form_token"
HEADER = "x-form-token"
FIX = "Reload the page and try again"


async def check(request: Request[Any, Any, Any]) -> None:
    """Raise FormForged unless this change comes from a page of ours, with its token."""
    if request.method in READING or request.route_handler.opt.get("by_anybody"):
        return
    visitor = visitor_of(request)
    if visitor is not None and visitor.session is None:
        return  # A server key is no cookie: no browser sends it by itself.
    if not _is_ours(request):
        raise FormForged("This form was sent by another site", FIX)
    if visitor is not None and not await _has_token(request, visitor.form_token):
        raise FormForged("This form has gone stale", FIX)


def _is_ours(request: Request[Any, Any, Any]) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _has_token(request: Request[Any, Any, Any], expected: str) -> bool:
    given = request.headers.get(HEADER)
    if given is None:
        form = await request.form()
        given = form.get(FIELD)
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
