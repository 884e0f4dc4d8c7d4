"""Who is who, for stewards: a customer's records and what joins them, decisions, and how healthy it all is."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath

from regulars import profile, resolve
from regulars.app import App
from regulars.profile import Profile
from regulars.resolve import Decided, Explanation, Health, RecordGroup
from regulars.web import access, audit
from regulars.web.site import House


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Why one customer is one person."""

    profile: Profile
    groups: list[RecordGroup]
    """Her records, those of equal evidence as one, oldest first."""
    explanation: Explanation
    decisions: list[Decided]
    """What stewards stated about her records, newest first."""


def identity(app: App, number: int) -> Identity:
    """One customer, by the id or by one that was merged into it. Raises NoSuchCustomer."""
    known = profile.read(app, number)
    return Identity(
        profile=known,
        groups=resolve.record_groups(app, known.customer),
        explanation=resolve.explain(app, known.customer),
        decisions=resolve.decisions(app, known.customer),
    )


@get("/api/customers/{number:int}/identity", opt=access.office("customers:read"), sync_to_thread=True)
def identity_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Identity:
    """One customer's records with what joins them, what was refused, and what stewards decided."""
    audit.write(app, request.user, "asked why one person", f"customer:{number}")
    with app.transaction() as inside:
        return identity(inside, number)


@get("/api/identity", opt=access.office("customers:read"), sync_to_thread=True)
def health_json(app: House) -> Health:
    """How many customers of which size, identifiers that are nobody's, conflicts, who looks like several people.

    Of a large brand the latest count, at most ten minutes older than what happened. Raises NotCounted.
    """
    with app.transaction() as inside:
        found = resolve.health(inside)
    if found is None:
        raise resolve.NotCounted("Everybody is being counted for the first time", "Ask again in a few minutes")
    return found


routes = [identity_json, health_json]
