"""Devices that sent a reading, for programs."""

from __future__ import annotations

import msgspec
from litestar import get

from regulars import collect
from regulars.app import App
from regulars.web import access
from regulars.web.site import House


def devices(app: App) -> list[collect.feeds.Device]:
    """Unknown ones first; what their readings say of people is masked."""
    return [msgspec.structs.replace(one, sample=collect.hidden_text(one.sample)) for one in collect.feeds.devices(app)]


@get("/api/devices", opt=access.office("sources:read"), sync_to_thread=True)
def devices_json(app: House) -> list[collect.feeds.Device]:
    """Devices that sent a reading, those that nobody known is linked to first; the reading masked."""
    with app.transaction() as inside:
        return devices(inside)


routes = [devices_json]
