"""Links in messages: the way out in one click, the preference center, clicks noted before they lead on.

Open to whoever has the link.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from regulars import engage
from regulars.app import App
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


@get("/p/{token:str}", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def preferences_page(app: House, request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """What this reader may hear from us, by channel and purpose."""
    with app.transaction() as inside:
        shown = engage.preferences(inside, token)
    return _preferences(app, request, shown, saved=False)


@post("/p/{token:str}", opt=access.BY_ANYBODY, include_in_schema=False, status_code=200, sync_to_thread=True)
def choose_preferences(
    app: House, request: Request[Any, Any, Any], token: FromPath[str], data: URLEncodedBody[dict[str, str]]
) -> Response[str]:
    """Keep what is ticked; the second button keeps nothing. Whoever has the link may, so no cookie is asked."""
    wanted = frozenset[str]() if "nothing" in data else frozenset(data)
    with app.transaction() as inside:
        shown = engage.prefer(inside, token, wanted, app.clock.now())
    return _preferences(app, request, shown, saved=True)


def _preferences(app: App, request: Request[Any, Any, Any], shown: engage.Preferences, *, saved: bool) -> Response[str]:
    answer = render.page(app, "pages/engage/preferences.html", request, shown=shown, saved=saved)
    # The address holds the key to the page: it goes to nobody, and into no store.
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["cache-control"] = "no-store"
    return answer


routes = [leave_page, leave, follow, preferences_page, choose_preferences]
