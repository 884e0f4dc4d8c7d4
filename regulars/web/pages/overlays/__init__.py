"""The shelf of bought data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from regulars.web import access, render, words
from regulars.web.api import overlays as api
from regulars.web.site import House


@get("/overlays", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def overlays_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What we have, how much of it matched, what it cost, when it lapses."""
    with app.transaction() as inside:
        listed = api.overlays(inside)
    title = title_of(listed, app.clock.now())
    return render.page(app, "pages/overlays/overlays.html", request, listed=listed, title=title)


def title_of(listed: list[api.Listed], now: datetime) -> str:
    """What to look at, as a sentence."""
    held = [one for one in listed if one.expires_at is not None and one.expires_at > now]
    if not held:
        return "Nothing is bought"
    kept = sum(one.matched - one.kept_out for one in held)
    days = min((one.expires_at - now).days for one in held if one.expires_at)
    people = f"{words.plural(kept, 'match', 'matches')} bought from {words.plural(len(held), 'provider')}"
    return f"{people}, the first to lapse in {words.plural(days, 'day')}"


routes = [overlays_page]
