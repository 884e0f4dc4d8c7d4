"""Bought data: what is declared, what is loaded, how much of it matched, what it cost and when it lapses."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get

from regulars import profile
from regulars.app import App
from regulars.web import access
from regulars.web.site import House


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An overlay on the shelf."""

    name: str
    title: str
    provider: str
    key: str
    fields: list[str]
    """Their titles."""
    purpose: str
    jurisdictions: list[str]
    license: str
    license_url: str
    is_declared: bool
    """False: its file is gone, and what was loaded still counts."""
    rows: int | None
    """Of the file that was loaded; None: nothing was."""
    matched: int
    kept_out: int
    """Matched, and not kept: no yes for the purpose, or another country."""
    cost_cents: float
    loaded_at: datetime | None
    expires_at: datetime | None


def overlays(app: App) -> list[Listed]:
    """The shelf, by name. Raises OverlayRefused for a declaration that cannot be read."""
    loaded = {one.name: one for one in profile.overlays.loads(app)}
    declared = profile.overlays.declared(app.settings)
    every = {name: one.overlay for name, one in loaded.items()} | declared
    return [_listed(name, every[name], loaded.get(name), name in declared) for name in sorted(every)]


def _listed(name: str, one: profile.overlays.Overlay, held: profile.Loaded | None, is_declared: bool) -> Listed:
    return Listed(
        name=name,
        title=one.title,
        provider=one.provider,
        key=one.key,
        fields=[rule.title_of(field) for field, rule in one.fields.items()],
        purpose=one.purpose,
        jurisdictions=list(one.jurisdictions),
        license=one.license.text,
        license_url=one.license.url if one.license.url.startswith("https://") else "",
        is_declared=is_declared,
        rows=held.rows if held else None,
        matched=held.matched if held else 0,
        kept_out=held.kept_out if held else 0,
        cost_cents=held.cost_cents if held else 0.0,
        loaded_at=held.loaded_at if held else None,
        expires_at=held.expires_at if held else None,
    )


@get("/api/overlays", opt=access.office("customers:read"), sync_to_thread=True)
def overlays_json(app: House) -> list[Listed]:
    """Bought data: what is declared, what is loaded, how much of it matched, what it cost and when it lapses."""
    with app.transaction() as inside:
        return overlays(inside)


routes = [overlays_json]
