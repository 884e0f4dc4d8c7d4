"""What we hold about one person: the export from the customer page."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Stream

from regulars import collect
from regulars.web import access, audit, clear
from regulars.web.api import privacy as api
from regulars.web.site import House


@get("/customers/{customer:int}/export", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def export_masked(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> Stream:
    """The ZIP of one customer, masked."""
    audit.write(app, request.user, api.MASKED, f"customer:{customer}")
    return api.packed(app, customer, collect.hidden)


@post("/customers/{customer:int}/export", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def export_clear(
    app: House, request: Request[Any, Any, Any], customer: FromPath[int], data: URLEncodedBody[clear.Reason]
) -> Stream:
    """The same in the clear, for a reason."""
    clear.note(app, request, f"customer:{customer}", data)
    return api.packed(app, customer, collect.in_the_clear)


routes = [export_masked, export_clear]
