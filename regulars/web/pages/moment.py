"""The card for a moment: read at arm's length, tapped with a thumb; what a customer may read over the shoulder."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery, URLEncodedBody

from regulars import profile
from regulars.app import App
from regulars.model import Card
from regulars.profile import Entry
from regulars.web import access, audit, render
from regulars.web.api import engage as api
from regulars.web.site import House

LIKES_SHOWN = 4
KINDS = (("card", "Loyalty card"), ("phone", "Phone"), ("email", "E-mail"))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who is meant. Posted, so that numbers and addresses stay out of logs and histories."""

    kind: str = "card"
    value: str = ""


@get("/moment", opt=access.SHOP, include_in_schema=False, sync_to_thread=True)
def moment_page(
    app: House, request: Request[Any, Any, Any], kind: FromQuery[str] = "", value: FromQuery[str] = ""
) -> Response[str]:
    """The question, or the card of a customer by id."""
    if kind == "customer" and value:
        return shown(app, request, Asked(kind=kind, value=value))
    return render.page(app, "pages/engage/moment.html", request, card=None, asked=Asked(), kinds=KINDS)


@post("/moment", opt=access.SHOP, include_in_schema=False, status_code=200, sync_to_thread=True)
def ask(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Asked]) -> Response[str]:
    """Look somebody up and show the card."""
    return shown(app, request, data)


def shown(app: App, request: Request[Any, Any, Any], asked: Asked) -> Response[str]:
    """The card, or the question again with what went wrong."""
    api.may_ask(request.user, {asked.kind: asked.value})
    with app.transaction() as inside:
        card: Card | None = api.card_of(inside, asked.kind, asked.value)
        likes = preferences(inside, card.customer) if card else []
    who = f"customer:{card.customer}" if card else f"moment:{asked.kind}"
    audit.write(app, request.user, "opened a moment card" if card else "asked who it is", who)
    return render.page(app, "pages/engage/moment.html", request, card=card, likes=likes, asked=asked, kinds=KINDS)


def preferences(app: App, customer: int) -> list[Entry]:
    """What they like, newest first; notes are not for a screen that customers see."""
    stated = profile.hand.standing(profile.hand.entries(app, customer))
    return [one for one in reversed(stated) if one.kind == "preference"][:LIKES_SHOWN]


routes = [moment_page, ask]
