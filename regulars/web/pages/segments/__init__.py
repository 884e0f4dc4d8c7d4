"""Making segments: the builder, and what happens to what it saves."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Stream

from regulars import analyze
from regulars.app import App
from regulars.kit.errors import InputRefused, NotFound, RegularsError
from regulars.web import access, render
from regulars.web.api import segments as api
from regulars.web.site import House

FIRST = '{"kind":"all","of":[{"kind":"trait","trait":"orders","is":">=","value":2}]}'


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The builder as it was sent."""

    title: str = ""
    rule: str = ""
    reason: str = ""
    name: str = ""
    based_on: str = ""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why it goes to the archive, or comes back."""

    reason: str = ""


@get("/segments/new", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def new_page(
    app: House, request: Request[Any, Any, Any], rule: FromQuery[str] = FIRST, title: FromQuery[str] = ""
) -> Response[str]:
    """The builder with an empty rule, or with the draft that its address holds."""
    return builder(app, request, rule, title)


@get("/segments/{name:str}/edit", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def edit_page(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    rule: FromQuery[str] = "",
    title: FromQuery[str] = "",
) -> Response[str]:
    """The builder with a segment that somebody made."""
    return builder(app, request, rule, title, name)


@post("/segments/save", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def save_form(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Form]) -> Response[Any]:
    """Save, and go to its page; what cannot be saved comes back with why."""
    try:
        based_on = int(data.based_on) if data.based_on.isdecimal() else None
        rule = analyze.as_tree(analyze.read(data.rule))
        wanted = api.Saved(title=data.title, rule=rule, reason=data.reason, based_on=based_on)
        saved = api.save(app, request, data.name or None, wanted)
    except RegularsError as fault:
        return builder(app, request, data.rule, data.title, data.name, fault)
    return Redirect(f"/segments/{saved.name}", status_code=303)


@post("/segments/{name:str}/archive", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def archive_form(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[Why]
) -> Redirect:
    """Into the archive."""
    api.turn(app, request, name, data.reason, archived=True)
    return Redirect("/segments", status_code=303)


@post("/segments/{name:str}/restore", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def restore_form(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[Why]
) -> Redirect:
    """Out of the archive."""
    api.turn(app, request, name, data.reason, archived=False)
    return Redirect(f"/segments/{name}", status_code=303)


@get("/segments/{name:str}/export", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def export_file(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], format: FromQuery[api.Format] = "csv"
) -> Stream:
    """Members with their traits, as a file."""
    return api.exported(app, request, name, format)


def builder(
    app: App, request: Request[Any, Any, Any], rule: str, title: str, name: str = "", fault: RegularsError | None = None
) -> Response[str]:
    """The page of the builder; a draft in an address that cannot be read is said, and the first rule stands there."""
    with app.transaction() as inside:
        made = _made(inside, name) if name else None
        saved = analyze.as_tree(made.made.rule) if made and made.made else None
        try:
            tree = analyze.as_tree(analyze.read(rule)) if rule else saved
        except RegularsError as unread:
            tree, fault = saved, fault or unread
        tree = tree or msgspec.json.decode(FIRST)
        known = offered(inside, name) | {"rule": tree}
    shown = {
        "made": made,
        "known": known,
        "rule": msgspec.json.encode(tree).decode(),
        "title": title or (made.title if made else ""),
        "heading": f"Change “{made.title}”" if made else "New segment",
        "fault": fault,
    }
    return render.page(app, "pages/segments/builder.html", request, 400 if fault else 200, **shown)


def offered(app: App, name: str) -> dict[str, Any]:
    """What a rule may speak of, for the lists of the builder."""
    words = analyze.offered(app)
    return {
        "traits": [{"name": t.name, "title": t.title, "unit": t.unit, "kind": t.expression.kind} for t in words.traits],
        "events": [{"name": event, "title": title} for event, title in words.events],
        "columns": [{"name": c, "title": title, "kind": kind, "unit": unit} for c, title, kind, unit in words.columns],
        "measures": [{"name": c, "title": title} for c, title in words.measures],
        "segments": [{"name": n, "title": title} for n, title in words.segments if n != name],
        "consents": [{"channel": c, "purpose": p, "title": title} for c, p, title in words.consents],
        "answers": words.answers,
        "identities": words.identities,
        "stages": words.stages,
        "scores": [{"name": n, "title": title, "unit": u, "grades": grades} for n, title, u, grades in words.scores],
        "currency": app.settings.brand_currency,
        "depth": analyze.DEPTH_LIMIT,
    }


def _made(app: App, name: str) -> analyze.SegmentView:
    for one in analyze.segments(app, archived=True):
        if one.name == name:
            if one.made is None:
                raise InputRefused(f"“{one.title}” belongs to the catalogue", "Make a segment of your own like it")
            return one
    raise NotFound(f"There is no segment named '{name}'", "See the list of segments")


routes = [new_page, edit_page, save_form, archive_form, restore_form, export_file]
