"""Connect a source: every way in, drawn from the shelves, each with its next step; a source for code is made here."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from regulars import collect
from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.web import access, audit, render
from regulars.web.pages.collect import tabs
from regulars.web.pages.collect.kinds import KINDS
from regulars.web.site import House

NEXT = {
    "webhook": "regulars webhook add {} --source NAME",
    "pull": "regulars pull add NAME FILE.toml",
    "stream": "regulars stream add NAME FILE.toml",
}
"""What to run, by kind, with a place for the name of the plug-in."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the form sends."""

    name: str = ""
    kind: str = "web"


@get("/connect", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def connect_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Each way in, in a few words."""
    return shown(app, request, Form())


@post("/connect", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def make_source(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Form]) -> Response[Any]:
    """A source for code, with its write key shown this once; one that is there already is opened."""
    name = data.name.strip()
    try:
        with app.transaction() as inside:
            source, key = collect.register(inside, name, data.kind)
    except RegularsError as fault:
        return shown(app, request, data, fault)
    if key is None:
        return Redirect(f"/sources/{source.name}?tab=keys", status_code=303)
    audit.write(app, request.user, "connected a source", f"source:{source.name}", source.kind)
    return tabs.page(app, request, source.name, "keys", made=key)


def shown(app: App, request: Request[Any, Any, Any], form: Form, fault: RegularsError | None = None) -> Response[str]:
    """The page with its form as it was filled in."""
    by_kind: dict[str, dict[str, list[str]]] = {}
    for one in collect.entrances():
        by_kind.setdefault(one.kind, {}).setdefault(one.says, []).append(one.name)
    return render.page(
        app,
        "pages/connect.html",
        request,
        fault.status if fault else 200,
        by_kind=by_kind,
        steps=NEXT,
        base=app.settings.base_url.rstrip("/"),
        kinds={kind: KINDS[kind][0] for kind in collect.SOURCE_KINDS},
        form=form,
        fault=fault,
    )


routes = [connect_page, make_source]
