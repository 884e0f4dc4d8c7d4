"""Households: who lives with whom, since when, by what evidence, and what they are together."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath

from regulars import profile, resolve
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.resolve import Living, Mate
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
# Last names in the name of a household; further ones are left out.
NAMES_MAX = 2


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of a household."""

    customer: int
    name: str
    last_name: str
    from_date: date | None
    """None: the one who was asked about."""
    until_date: date | None
    """Not included; None: still."""
    address: str
    """Street and city of the profile; empty where none is known."""
    orders: int
    spend_cents: int
    last_order: date | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What several of them have in common."""

    kind: str
    """home, email, phone, card or payment."""
    value: str
    customers: list[int]
    since: date


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """Who lives with a customer today, and who did."""

    household: int | None
    """None: they live with nobody we know."""
    customer: int
    """Who was asked about."""
    name: str
    members: list[Person]
    """Who was asked about first."""
    former: list[Person]
    evidence: list[Evidence]
    too_many: list[tuple[str, str]]
    """Kind and value of what more people share than live together: it joins nobody."""
    is_crowded: bool
    """Too many people hang together by what they share: no household can be told among them."""
    orders: int
    spend_cents: int
    last_order: date | None


def household(app: App, number: int) -> Household:
    """The household of a customer, by the id or by one that was merged into it. Raises NoSuchCustomer."""
    current = profile.read(app, number).customer
    living = resolve.household(app, current)
    people = _people(app, current, living)
    members = [people[current], *(people[mate.customer] for mate in living.mates)]
    return Household(
        household=living.household,
        customer=current,
        name=name_of(members),
        members=members,
        former=[people[mate.customer] for mate in living.former],
        evidence=[
            Evidence(kind=clue.kind, value=clue.value, customers=clue.holders, since=day_date(clue.since_day))
            for clue in living.clues
        ],
        too_many=[(crowd.kind, crowd.value) for crowd in living.crowds],
        is_crowded=living.is_crowded,
        orders=sum(one.orders for one in members),
        spend_cents=sum(one.spend_cents for one in members),
        last_order=max((one.last_order for one in members if one.last_order), default=None),
    )


def _people(app: App, customer: int, living: Living) -> dict[int, Person]:
    mates: dict[int, Mate] = {mate.customer: mate for mate in (*living.mates, *living.former)}
    rows = app.db.execute(SQL.household_members, {"customers": [customer, *mates]}).fetchall()
    return {row[0]: _person(row, mates.get(row[0])) for row in rows}


def _person(row: tuple[Any, ...], mate: Mate | None) -> Person:
    customer, first, last, street, city, spend, orders, last_day = row
    return Person(
        customer=customer,
        name=full_name(first, last, customer),
        last_name=last or "",
        from_date=day_date(mate.from_day) if mate else None,
        until_date=day_date(mate.until_day) if mate and mate.until_day is not None else None,
        address=", ".join(part for part in (street, city) if part),
        orders=orders,
        spend_cents=spend,
        last_order=None if last_day is None else day_date(last_day),
    )


def name_of(members: list[Person]) -> str:
    """Reed household, Reed and Voss household; by the commonest last names."""
    common = [name for name, _ in Counter(one.last_name for one in members if one.last_name).most_common(NAMES_MAX)]
    return f"{' and '.join(common)} household" if common else f"Household of {members[0].name}"


@get("/api/customers/{number:int}/household", opt=access.office("customers:read"), sync_to_thread=True)
def household_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Household:
    """Who lives with this customer, since when and by what evidence; who did; what they are together."""
    audit.write(app, request.user, "looked up a household", f"customer:{number}")
    with app.transaction() as inside:
        return household(inside, number)


routes = [household_json]
