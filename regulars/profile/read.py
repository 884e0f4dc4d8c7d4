"""The profile of one customer as people read it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.app import App
from regulars.profile.errors import NoSuchCustomer
from regulars.store import queries

SQL = queries(__package__ or "")


class Field(msgspec.Struct, frozen=True):
    """A golden value and where it comes from. `name` is a column of `profile`, or address (JSON)."""

    name: str
    value: str
    verified: bool
    stated_at: datetime
    seq: int
    source: str | None


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


class Profile(msgspec.Struct, frozen=True):
    """What we know about one customer."""

    customer: int
    name: str
    fields: list[Field]
    consents: list[Consent]

    def value(self, field: str) -> str | None:
        """The golden value of a field, None if nobody ever stated one."""
        return next((held.value for held in self.fields if held.name == field), None)


def read(app: App, customer: int) -> Profile:
    """The profile of a customer, by her id or one that was merged into hers. Raises NoSuchCustomer."""
    (current,) = app.db.execute(SQL.current_id, {"customer": customer}).fetchone() or (customer,)
    given = {"customer": current}
    fields = [Field(*row) for row in app.db.execute(SQL.fields_with_provenance, given)]
    if not fields and not (app.db.execute(SQL.is_customer, given).fetchone() or (False,))[0]:
        raise NoSuchCustomer(f"There is no customer {customer}", "Search by name, e-mail, phone or card instead")
    consents = [Consent(*row) for row in app.db.execute(SQL.consents_of, given | {"now": app.clock.now()})]
    values = {field.name: field.value for field in fields}
    return Profile(current, display_name(values.get("first_name"), values.get("last_name"), current), fields, consents)


def display_name(first_name: str | None, last_name: str | None, customer: int) -> str:
    """How a customer is called on pages."""
    return " ".join(filter(None, [first_name, last_name])) or f"Customer {customer}"
