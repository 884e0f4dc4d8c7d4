"""The inventory on a page: systems connected and not yet connected, added, changed and removed."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars import collect
from regulars.app import App
from regulars.collect import System
from regulars.kit.errors import RegularsError
from regulars.web import access, audit, render
from regulars.web.api.audit import Inventory, inventory
from regulars.web.site import House

TITLES = {"wanted": "Wanted", "asked": "Asked for", "refused": "Refused by its owner", "connected": "Connected"}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the form sends; an empty source is none."""

    name: str
    kind: str
    channel: str
    owner: str = ""
    extract: str = ""
    note: str = ""
    status: str = "wanted"
    source: str = ""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """Which one."""

    name: str


@get("/systems", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def systems_page(app: House, request: Request[Any, Any, Any], edit: FromQuery[str] = "") -> Response[str]:
    """Every system that holds customers, and the form for one of them: `edit` names it, or a suggestion."""
    with app.transaction() as inside:
        found, free = inventory(inside), sources(inside)
    return shown(app, request, found, free, chosen(found, edit))


@post("/systems", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def put_system(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Form]) -> Response[Any]:
    """State a system, or change it; where it cannot be taken, the form stays as it was filled in and says why."""
    asked = msgspec.convert(msgspec.structs.asdict(data) | {"source": data.source or None}, System)
    try:
        with app.transaction() as inside:
            made = collect.add_system(inside, asked)
    except RegularsError as fault:
        with app.transaction() as inside:
            found, free = inventory(inside), sources(inside)
        return shown(app, request, found, free, asked, fault)
    audit.write(app, request.user, "stated a system", f"system:{made.name}", made.status)
    return Redirect("/systems", status_code=303)


@post("/systems/remove", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def remove_system(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Name]) -> Redirect:
    """Take a system out of the inventory."""
    with app.transaction() as inside:
        collect.remove_system(inside, data.name)
    audit.write(app, request.user, "removed a system", f"system:{data.name}")
    return Redirect("/systems", status_code=303)


def sources(app: App) -> list[str]:
    """Names of the brand's sources."""
    return [use.source.name for use in collect.list_sources(app) if use.source.kind != "own"]


def chosen(found: Inventory, name: str) -> System | None:
    """The system to edit, or a suggestion as one that is wanted."""
    system = next((each for each in found.systems if each.name == name), None)
    if system is not None:
        return system
    common = next((each for each in found.missing if each.name == name), None)
    if common is None:
        return None
    return System(name=common.name, kind=common.kind, channel=common.channel, extract=common.extract, note=common.adds)


def shown(
    app: App,
    request: Request[Any, Any, Any],
    found: Inventory,
    sources: list[str],
    system: System | None,
    fault: RegularsError | None = None,
) -> Response[str]:
    """The page with its form filled in."""
    given: dict[str, object] = {
        "systems": found.systems,
        "missing": found.missing,
        "system": system or System(name="", kind=collect.SYSTEM_KINDS[0], channel=collect.CHANNELS[0]),
        "is_new": system is None,
        "connected": sum(1 for each in found.systems if each.status == "connected"),
        "sources": sources,
        "kinds": collect.SYSTEM_KINDS,
        "channels": collect.CHANNELS,
        "statuses": {status: TITLES[status] for status in collect.STATUSES},
        "fault": fault,
    }
    return render.page(app, "pages/collect/systems.html", request, fault.status if fault else 200, **given)


routes = [systems_page, put_system, remove_system]
