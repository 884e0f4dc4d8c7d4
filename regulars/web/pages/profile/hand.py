"""What is stated by hand about a customer: from their page, and from the moment card."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from regulars import flow, profile, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.model import People
from regulars.profile import Author, hand
from regulars.web import access, audit
from regulars.web.site import House


class Stated(msgspec.Struct, kw_only=True):
    """What somebody states, and how they know."""

    field: str = ""
    value: str = ""
    about: str = ""
    reason: str = ""
    entry: str = ""
    """The number of the entry to take back."""
    customer: str = ""
    """On the moment card, which has no address of its own."""


@post("/customers/{customer:int}/hand/{action:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def state(
    app: House,
    request: Request[Any, Any, Any],
    customer: FromPath[int],
    action: FromPath[str],
    data: URLEncodedBody[Stated],
) -> Response[Any]:
    """Set or clear a field, note, preference, or take one back; then the page again."""
    _state(app, request, customer, action, data)
    return Redirect(f"/customers/{customer}#by-hand", status_code=303)


@post("/moment/note", opt=access.SHOP, include_in_schema=False, sync_to_thread=True)
def note_at_the_moment(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Stated]) -> Response[Any]:
    """A note or a preference from the moment card, and the card again."""
    customer = resolve.customer_id(data.customer.strip())
    if customer is None:
        raise InputRefused(f"'{data.customer[:40]}' is no customer", "Look them up again")
    _state(app, request, customer, "preference" if data.about.strip() else "note", data)
    return Redirect(f"/moment?kind=customer&value={customer}", status_code=303)


def _state(app: App, request: Request[Any, Any, Any], customer: int, action: str, data: Stated) -> None:
    audit.write(app, request.user, f"stated by hand: {action[:20]}", f"customer:{customer}", data.reason[:200])
    with app.transaction() as inside:
        current = profile.read(inside, customer).customer
        flow.on_decision(inside, _stated(inside, Author(request.user.name, data.reason), current, action, data))


def _stated(inside: App, by: Author, customer: int, action: str, data: Stated) -> People:
    match action:
        case "set":
            return hand.set_field(inside, by, customer, data.field, data.value)
        case "clear":
            return hand.clear_field(inside, by, customer, data.field)
        case "note":
            return hand.note(inside, by, customer, data.value)
        case "preference":
            return hand.prefer(inside, by, customer, data.about, data.value)
        case "undo":
            return hand.undo(inside, by, customer, resolve.customer_id(data.entry.strip()) or 0)
        case _:
            raise InputRefused(f"'{action[:40]}' is nothing to state", "Use set, clear, note, preference or undo")


routes = [state, note_at_the_moment]
