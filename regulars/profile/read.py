"""The profile of one customer as people read it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.app import App
from regulars.profile.apply import load
from regulars.profile.choice import Key, Stated, decided_by, golden, rank
from regulars.profile.declared import Declared, in_force
from regulars.profile.errors import NoSuchCustomer
from regulars.store import queries

SQL = queries(__package__ or "")


class Other(msgspec.Struct, frozen=True):
    """A value that was stated too, and why it is not the golden one."""

    value: str
    verified: bool
    stated_at: datetime
    seq: int
    source: str
    why: str
    """verified, steward, trust, newest, complete or last: by what the golden one is greater; same: it agrees."""


class Field(msgspec.Struct, frozen=True):
    """A golden value and where it comes from. `name` is a column of `profile`, address (JSON) or a declared field."""

    name: str
    value: str
    verified: bool
    stated_at: datetime
    seq: int
    source: str
    title: str | None = None
    """What the brand calls it; None for a field of ours."""
    why: str = "only"
    """only, or by what it is greater than the best different value, as `Other.why`."""
    others: list[Other] = []


class Consent(msgspec.Struct, frozen=True):
    """What holds for one channel, purpose and address, and the decision it rests on."""

    channel: str
    purpose: str
    address: str
    allowed: bool
    decided_at: datetime
    seq: int
    evidence: str | None
    collection_point: str | None
    expires_at: datetime | None
    """When this yes ends, or ended, by itself."""
    against: int | None = None
    """The event of a later yes that does not count: its record and that of `seq` may be two people's."""


class Profile(msgspec.Struct, frozen=True):
    """What we know about one customer."""

    customer: int
    name: str
    fields: list[Field]
    consents: list[Consent]

    def value(self, field: str) -> str | None:
        """The golden value of a field, None if nobody ever stated one."""
        return next((held.value or None for held in self.fields if held.name == field), None)


def read(app: App, customer: int) -> Profile:
    """The profile of a customer, by her id or one that was merged into hers. Raises NoSuchCustomer."""
    (current,) = app.db.execute(SQL.current_id, {"customer": customer}).fetchone() or (customer,)
    given = {"customer": current}
    fields = fields_of_customer(app, current)
    if not fields and not (app.db.execute(SQL.is_customer, given).fetchone() or (False,))[0]:
        raise NoSuchCustomer(f"There is no customer {customer}", "Search by name, e-mail, phone or card instead")
    consents = [Consent(*row) for row in app.db.execute(SQL.consents_of, given | {"now": app.clock.now()})]
    values = {field.name: field.value for field in fields}
    return Profile(current, display_name(values.get("first_name"), values.get("last_name"), current), fields, consents)


def fields_of_customer(app: App, customer: int) -> list[Field]:
    """Each field by name with the value that holds, why it does, and the others."""
    return fields_of_each(app, [customer]).get(customer, [])


def fields_of_each(app: App, customers: list[int]) -> dict[int, list[Field]]:
    """The same of several customers, by customer; whoever has no field is not there."""
    policy = in_force(app)
    found: dict[int, list[Field]] = {}
    for (customer, name), kept in sorted(load(app, customers).items()):
        winner, why = golden(kept, name, policy)
        best = kept[winner]
        others = _others(kept, winner, name, policy)
        if not best.value and not others:
            continue
        found.setdefault(customer, []).append(
            Field(
                name, best.value, winner[1], best.occurred_at, best.seq, winner[0], policy.title(name), why,
                others,
            )
        )  # fmt: skip
    return found


def _others(kept: dict[Key, Stated], winner: Key, name: str, policy: Declared) -> list[Other]:
    best = rank(winner, kept[winner], name, policy)
    ranked = sorted(((rank(key, one, name, policy), key) for key, one in kept.items() if key != winner), reverse=True)
    return [
        Other(
            kept[key].value, key[1], kept[key].occurred_at, kept[key].seq, key[0],
            "same" if key[2] == winner[2] else decided_by(best, each, name, policy),
        )
        for each, key in ranked
    ]  # fmt: skip


def display_name(first_name: str | None, last_name: str | None, customer: int) -> str:
    """How a customer is called on pages."""
    return " ".join(filter(None, [first_name, last_name])) or f"Customer {customer}"
