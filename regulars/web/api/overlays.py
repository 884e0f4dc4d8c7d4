"""Bought data: what is declared, what is loaded, how much of it matched, what it cost and when it lapses."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from litestar import get

from regulars import profile
from regulars.app import App
from regulars.web import access
from regulars.web.site import House


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """How asking the provider stands: the run under way, or the last one."""

    host: str
    state: str
    """running, cut off, failed or waiting."""
    wanted: int
    """Identifiers it was to be asked about."""
    asked: int
    unread: int
    """Values that could not be read as declared."""
    fault: str | None
    began_at: datetime
    next_at: datetime


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
    unused: int
    """Matched in a file, and kept out."""
    kept_out: int
    """Matched, or held by somebody, and not used: all of the three reasons together."""
    shared: int
    """Several people use the identifier."""
    elsewhere: int
    """In no country of the license."""
    without_yes: int
    """No yes for the purpose."""
    cost_cents: float
    open_cents: float
    """What questions that were never answered may have cost beside."""
    loaded_at: datetime | None
    expires_at: datetime | None
    asking: Asking | None
    """None: its provider was never asked."""


def overlays(app: App) -> list[Listed]:
    """The shelf, by name. Raises OverlayRefused for a declaration that cannot be read."""
    loaded = {one.name: one for one in profile.overlays.loads(app)}
    declared = profile.overlays.declared(app.settings)
    asked = profile.overlays.askings(app)
    every = {name: one.overlay for name, one in loaded.items()} | declared
    return [_listed(name, every[name], loaded.get(name), asked.get(name), name in declared) for name in sorted(every)]


def _listed(
    name: str,
    one: profile.overlays.Overlay,
    held: profile.Loaded | None,
    asked: profile.overlays.Progress | None,
    is_declared: bool,
) -> Listed:
    out = [part.kept_out for part in (held, asked) if part is not None]
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
        unused=held.kept_out.total if held else 0,
        kept_out=sum(part.total for part in out),
        shared=sum(part.shared for part in out),
        elsewhere=sum(part.elsewhere for part in out),
        without_yes=sum(part.without_yes for part in out),
        cost_cents=held.cost_cents if held else 0.0,
        open_cents=held.open_cents if held else 0.0,
        loaded_at=held.loaded_at if held else None,
        expires_at=held.expires_at if held else None,
        asking=None if asked is None or not one.ask else _asking(one, asked),
    )


def _asking(one: profile.overlays.Overlay, asked: profile.overlays.Progress) -> Asking:
    _, how = profile.overlays.asked_by(one)
    return Asking(
        host=urlsplit(how.url).hostname or "",
        state=asked.state,
        wanted=asked.wanted,
        asked=asked.asked,
        unread=asked.unread,
        fault=asked.fault,
        began_at=asked.began_at,
        next_at=asked.next_at,
    )


@get("/api/overlays", opt=access.office("customers:read"), sync_to_thread=True)
def overlays_json(app: House) -> list[Listed]:
    """Bought data: what is declared, what is loaded, how much of it matched, what it cost and when it lapses."""
    with app.transaction() as inside:
        return overlays(inside)


routes = [overlays_json]
