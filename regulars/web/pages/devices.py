"""Devices that sent a reading, known or not."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from regulars import collect
from regulars.web import access, render, words
from regulars.web.api import devices as api
from regulars.web.site import House


@get("/devices", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def devices_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Unknown ones first: somebody has to be found for them."""
    with app.transaction() as inside:
        found = api.devices(inside)
    return render.page(app, "pages/devices.html", request, devices=found, title=title(found))


def title(found: list[collect.feeds.Device]) -> str:
    """How many of them belong to nobody we know."""
    unknown = sum(not one.is_known for one in found)
    if not found:
        return "No device has sent anything"
    if not unknown:
        return f"{words.plural(len(found), 'device')}, each of somebody we know"
    return f"{unknown:,} of {words.plural(len(found), 'device')} belong to nobody we know"


routes = [devices_page]
