"""Personas: every lens with its groups, one group with its members, and what is decided about it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from regulars.analyze import personas
from regulars.app import App
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
MEMBERS_PER_PAGE = 50


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a group, with a name."""

    member: personas.PersonaMember
    name: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One group with everything its page shows."""

    persona: personas.Persona
    sizes: list[personas.Size]
    rows: list[MemberRow]
    more: personas.PersonaMember | None
    """Ask for members beyond this one to go on."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a group."""

    name: str | None = None
    state: personas.State | None = None


def shown(app: App, ident: int, distance: float | None = None, after: int | None = None) -> Shown:
    """One group and a page of its members, the most typical first. Raises UnknownPersona."""
    start = (distance, after) if distance is not None and after is not None else (personas.NEAREST, 0)
    found = personas.members(app, ident, start, MEMBERS_PER_PAGE)
    names = names_of(app, [one.customer for one in found])
    return Shown(
        persona=personas.persona(app, ident),
        sizes=personas.sizes(app, ident),
        rows=[MemberRow(member=one, name=names[one.customer]) for one in found],
        more=found[-1] if len(found) == MEMBERS_PER_PAGE else None,
    )


def names_of(app: App, customers: list[int]) -> dict[int, str]:
    """What to call these customers, in one query."""
    known = {who: (first, last) for who, first, last in app.db.execute(SQL.names_of, {"customers": customers})}
    nobody = (None, None)
    return {
        customer: full_name(known.get(customer, nobody)[0], known.get(customer, nobody)[1], customer)
        for customer in customers
    }


@get("/api/personas", opt=access.office("segments:read"), sync_to_thread=True)
def personas_json(app: House) -> list[personas.LensView]:
    """Every lens with its groups, how sure they are and how they grew."""
    with app.transaction() as inside:
        return personas.views(inside)


@get("/api/personas/{ident:int}", opt=access.office("customers:read"), sync_to_thread=True)
def persona_json(
    app: House,
    request: Request[Any, Any, Any],
    ident: FromPath[int],
    distance: FromQuery[float | None] = None,
    after: FromQuery[int | None] = None,
) -> Shown:
    """One group: what it is like and who is in it, the most typical first."""
    audit.write(app, request.user, "read the members", f"persona:{ident}")
    with app.transaction() as inside:
        return shown(inside, ident, distance, after)


@post("/api/personas/{ident:int}", opt=access.office("segments:write"), status_code=200, sync_to_thread=True)
def decide_json(
    app: House, request: Request[Any, Any, Any], ident: FromPath[int], data: JSONBody[Decision]
) -> personas.Persona:
    """Name a group, approve or retire it."""
    return decided(app, request, ident, data)


def decided(app: App, request: Request[Any, Any, Any], ident: int, said: Decision) -> personas.Persona:
    """The group as it stands after what was said, which is written down."""
    audit.write(app, request.user, "decided on a persona", f"persona:{ident}", said.state or "")
    with app.transaction() as inside:
        return personas.decide(inside, ident, by=request.user.name, name=said.name or None, state=said.state)


routes = [personas_json, persona_json, decide_json]
