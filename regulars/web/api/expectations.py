"""Expectations: what was promised against what was measured, and what hangs on a practice."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars.analyze import missed
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
NAME_MAX_CHARS = 100
PERCENT = 100


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case that broke an expectation, with whose it is."""

    case: missed.Case
    name: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation with the newest cases that broke it."""

    one: missed.Promise
    cases: list[CaseRow]


class DependentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who depends on a practice, with her name."""

    person: missed.Dependent
    name: str


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """One practice from a threshold on, with who hangs on it most."""

    one: missed.Audit
    step: missed.Step
    people: list[DependentRow]


def named(app: App, customers: list[int]) -> dict[int, str]:
    """What to call these customers."""
    names = {
        customer: (first, last) for customer, first, last in app.db.execute(SQL.names_of, {"customers": customers})
    }
    return {customer: full_name(*names.get(customer, (None, None)), customer) for customer in customers}


def kept(app: App, name: str) -> Kept:
    """One expectation with its newest cases. Raises UnknownExpectation."""
    found = missed.cases(app, name)
    names = named(app, [case.customer for case in found])
    return Kept(one=missed.promise(app, name), cases=[CaseRow(case=case, name=names[case.customer]) for case in found])


def stopped(app: App, name: str, threshold: int | None = None) -> Stopped:
    """One practice from a threshold (percent) on. Raises UnknownPractice, InputRefused."""
    if threshold is not None and not 0 < threshold <= PERCENT:
        raise InputRefused(f"{threshold} is no threshold", f"Ask from 1 to {PERCENT} percent")
    one = missed.audit_of(app, name)
    step = one.at(one.threshold if threshold is None else threshold / PERCENT)
    people = missed.dependents(app, name, step.threshold)
    names = named(app, [person.customer for person in people])
    return Stopped(
        one=one, step=step, people=[DependentRow(person=person, name=names[person.customer]) for person in people]
    )


@get("/api/expectations", opt=access.office("reports:read"), sync_to_thread=True)
def expectations_json(app: House) -> list[missed.Promise]:
    """What is promised, what was measured over the past year by four weeks and part, and whether it is kept."""
    with app.transaction() as inside:
        return missed.promises(inside)


@get("/api/expectations/{name:str}/cases", opt=access.office("customers:read"), sync_to_thread=True)
def cases_json(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Kept:
    """One expectation with the newest events that broke it, and whose they are."""
    audit.write(app, request.user, "read the cases", f"expectation:{name[:NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        return kept(inside, name)


@get("/api/practices", opt=access.office("reports:read"), sync_to_thread=True)
def practices_json(app: House) -> list[missed.Audit]:
    """What hangs on each practice, from every threshold on: customers, revenue, best customers."""
    with app.transaction() as inside:
        return missed.audits(inside)


@get("/api/practices/{name:str}/people", opt=access.office("customers:read"), sync_to_thread=True)
def dependents_json(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], threshold: FromQuery[int | None] = None
) -> Stopped:
    """Who hangs on a practice from a threshold (percent) on, highest spend first."""
    audit.write(app, request.user, "read the members", f"practice:{name[:NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        return stopped(inside, name, threshold)


routes = [expectations_json, cases_json, practices_json, dependents_json]
