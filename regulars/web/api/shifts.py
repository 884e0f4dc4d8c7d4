"""Shifts of activity: what changed, the series behind it, and whose own rhythm broke."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from regulars.analyze import shifts
from regulars.app import App
from regulars.web import access, audit
from regulars.web.site import House


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a change."""

    note: str = ""


@get("/api/shifts", opt=access.office("segments:read"), sync_to_thread=True)
def shifts_json(app: House) -> list[shifts.Shift]:
    """Changes that are not chance: those nobody saw to first, then the newest."""
    with app.transaction() as inside:
        return shifts.shifts(inside)


@get("/api/shifts/series", opt=access.office("segments:read"), sync_to_thread=True)
def series_json(
    app: House,
    of: FromQuery[str | None] = None,
    series: FromQuery[str | None] = None,
    part: FromQuery[str | None] = None,
) -> list[shifts.Look]:
    """The weekly series as they were looked at last. `of`: a segment, or empty for everybody."""
    with app.transaction() as inside:
        return shifts.looks(inside, of, series, part)


@get("/api/shifts/rhythms", opt=access.office("customers:read"), sync_to_thread=True)
def rhythms_json(app: House, request: Request[Any, Any, Any]) -> list[shifts.Break]:
    """Customers who left their own rhythm in the last 30 days."""
    audit.write(app, request.user, "read the members", "rhythms")
    with app.transaction() as inside:
        return shifts.recent(inside)


@post("/api/shifts/{ident:int}/acknowledge", opt=access.office("segments:write"), status_code=200, sync_to_thread=True)
def acknowledge_json(
    app: House, request: Request[Any, Any, Any], ident: FromPath[int], data: JSONBody[Note]
) -> shifts.Shift:
    """Say that somebody saw to a change."""
    return acknowledged(app, request, ident, data.note)


def acknowledged(app: App, request: Request[Any, Any, Any], ident: int, note: str) -> shifts.Shift:
    """The change after somebody saw to it, which is written down."""
    audit.write(app, request.user, "acknowledged a shift", f"shift:{ident}")
    with app.transaction() as inside:
        return shifts.acknowledge(inside, ident, by=request.user.name, note=note)


routes = [shifts_json, series_json, rhythms_json, acknowledge_json]
