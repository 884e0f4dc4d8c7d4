"""Opportunities: the newest search, and one with the people in it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery

from regulars.analyze import missed
from regulars.app import App
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
PEOPLE_PER_PAGE = 50
NAME_MAX_CHARS = 100


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in an opportunity, with her name and why."""

    person: missed.Person
    name: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity with everything its page shows."""

    version: int
    """Of the search it is of."""
    one: missed.Opportunity
    trend: list[tuple[int, float]]
    """Last day with an order and expected cents of past searches, oldest first; nothing found is 0."""
    rows: list[Row]
    taken: list[missed.Taken]
    """When it was taken up, newest first."""
    more: missed.Person | None
    """Ask for people behind this one to go on."""


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest search, null before the first."""

    search: missed.Missed | None


def newest(app: App) -> missed.Missed | None:
    """What the newest search found."""
    return missed.missed(app)


def shown(app: App, name: str, stake_cents: int | None = None, after: int | None = None) -> Shown:
    """One opportunity and a page of its people, behind (stake_cents, after). Raises UnknownOpportunity."""
    last = None
    if stake_cents is not None and after is not None:
        last = missed.Person(customer=after, found_as=after, stake_cents=stake_cents, reasons=[])
    found = missed.people(app, name, last, PEOPLE_PER_PAGE)
    return Shown(
        version=missed.newest_version(app),
        one=missed.opportunity(app, name),
        trend=missed.trend(app, name),
        rows=rows_of(app, found),
        taken=missed.taken(app, name),
        more=found[-1] if len(found) == PEOPLE_PER_PAGE else None,
    )


def rows_of(app: App, found: list[missed.Person]) -> list[Row]:
    """The same people with their names, in one query."""
    given = {"customers": [person.customer for person in found]}
    names = {customer: (first, last) for customer, first, last in app.db.execute(SQL.names_of, given)}
    nobody = (None, None)
    return [
        Row(person=person, name=full_name(*names.get(person.customer, nobody), person.customer)) for person in found
    ]


@get("/api/opportunities", opt=access.office("reports:read"), sync_to_thread=True)
def opportunities_json(app: House) -> Newest:
    """What the newest search found, by the lower end of its money, and what it looked for in vain."""
    with app.transaction() as inside:
        return Newest(search=newest(inside))


@get("/api/opportunities/{name:str}", opt=access.office("reports:read"), sync_to_thread=True)
def opportunity_json(app: House, name: FromPath[str]) -> missed.Opportunity:
    """One opportunity: finding, money, treatment, test and evidence."""
    with app.transaction() as inside:
        return missed.opportunity(inside, name)


@get("/api/opportunities/{name:str}/people", opt=access.office("customers:read"), sync_to_thread=True)
def people_json(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    stake_cents: FromQuery[int | None] = None,
    after: FromQuery[int | None] = None,
) -> Shown:
    """The people of an opportunity with why, most at stake first; go on behind `more`."""
    audit.write(app, request.user, "read the members", f"opportunity:{name[:NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        return shown(inside, name, stake_cents, after)


@post("/api/opportunities/{name:str}/take-up", opt=access.office("segments:write"), sync_to_thread=True)
def take_up_json(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> missed.Taken:
    """Make the group and its holdout, once a search; what chance explains is refused."""
    return taken_up(app, request, name)


def taken_up(app: App, request: Request[Any, Any, Any], name: str) -> missed.Taken:
    """What was made of an opportunity, which is written down with it."""
    with app.transaction() as inside:
        made = missed.take_up(inside, name, request.user.name)
        audit.add(inside, request.user, "took up an opportunity", f"opportunity:{name}", made.campaign)
    return made


routes = [opportunities_json, opportunity_json, people_json, take_up_json]
