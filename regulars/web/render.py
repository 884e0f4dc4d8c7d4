"""Pages: Jinja2 with autoescape over `pages/` and `widgets/`, and what every template may say."""

from __future__ import annotations

import hashlib
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from markupsafe import Markup

from regulars import collect
from regulars.app import App
from regulars.web import words
from regulars.web.access import visitor_of
from regulars.web.menu import MENU

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The one template environment; an unknown name in a template is an error, not an empty string."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    filters: dict[str, Any] = {
        "number": words.number,
        "percent": words.percent,
        "initials": words.initials,
        "avatar": words.avatar,
        "masked": words.masked,
        "sentence": words.sentence,
        "opened": words.opened,
        "shown": collect.shown_name,
        "identifier": words.identifier,
        "stated": words.stated,
        "as_json": as_json,
    }
    made.filters.update(filters)
    made.globals.update({"plural": words.plural, "static": static_url})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return made


def as_json(value: object) -> Markup:
    """JSON that can stand inside <script type="application/json">: nothing in it ends the element."""
    text = msgspec.json.encode(value).decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@cache
def static_version() -> str:
    """Changes whenever a static file does, so browsers may keep them for a year."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """Address of a static file, with its version."""
    return f"/static/{name}?v={static_version()}"


def html(app: App, template: str, request: Request[Any, Any, Any], **given: object) -> str:
    """A template as text, with the brand's words for money and time."""
    zone, now = app.settings.zone, app.clock.now()
    spoken = {
        "money": partial(words.money, currency=app.settings.brand_currency),
        "day": partial(words.day, zone=zone),
        "at": partial(words.moment, zone=zone),
        "time_of": partial(words.clock_time, zone=zone),
        "ago": partial(words.ago, now=now, zone=zone),
        "heading": partial(words.day_heading, now=now, zone=zone),
        "brand": app.settings.brand_name,
        "brand_note": app.settings.brand_note,
        "visitor": visitor_of(request),
        "path": request.url.path,
        "now": now,
        "menu": MENU,
    }
    return environment().get_template(template).render(spoken | given)


def page(app: App, template: str, request: Request[Any, Any, Any], status: int = 200, **given: object) -> Response[str]:
    """A whole page, or the part of one that htmx asked for."""
    return Response(html(app, template, request, **given), media_type=MediaType.HTML, status_code=status)
