"""Links in messages: the way out in one click, and clicks noted before they lead on. Open to whoever has the link."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from regulars import engage
from regulars.web import access, render
from regulars.web.site import House


@get("/u/{token:str}", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def leave_page(app: House, request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Asks once: mail scanners follow links, and must not unsubscribe anybody by that."""
    with app.transaction() as inside:
        standing = engage.subscribed(inside, token)
    return render.page(app, "pages/engage/leave.html", request, standing=standing, done=False)


@post("/u/{token:str}", opt=access.BY_ANYBODY, include_in_schema=False, status_code=200, sync_to_thread=True)
def leave(app: House, request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """One click (RFC 8058) from a mail program, or the button of the page."""
    with app.transaction() as inside:
        standing = engage.unsubscribe(inside, token, app.clock.now())
    return render.page(app, "pages/engage/leave.html", request, standing=standing, done=True)


@get("/c/{token:str}", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def follow(app: House, token: FromPath[str]) -> Response[Any]:
    """Note the click, then go where the signed link says and nowhere else."""
    with app.transaction() as inside:
        target = engage.click(inside, token, app.clock.now())
    return Redirect(target, status_code=303)


routes = [leave_page, leave, follow]
