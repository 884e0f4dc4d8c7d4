"""Search or jump to: customers, segments, journeys and pages in one list, from any page."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from regulars import analyze
from regulars.web import access, audit, render
from regulars.web.api import design, profile
from regulars.web.menu import pages
from regulars.web.site import House

EACH = 6


@get("/jump", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def jump(app: House, request: Request[Any, Any, Any], q: FromQuery[str] = "") -> Response[str]:
    """What the words typed so far could mean."""
    text = q.strip().lower()
    if text:
        audit.write(app, request.user, "searched customers", "customers")
    with app.transaction() as inside:
        people = profile.find(inside, q).hits[:EACH] if text else []
        segments = [one for one in analyze.segments(inside) if text and text in one.title.lower()][:EACH]
        journeys = [one for one in design.journeys(inside) if text and text in one.title.lower()][:EACH]
    places = [item for item in pages() if text in item.name.lower()] if text else []
    return render.page(
        app, "pages/jump.html", request, people=people, segments=segments, journeys=journeys, places=places, text=text
    )


routes = [jump]
