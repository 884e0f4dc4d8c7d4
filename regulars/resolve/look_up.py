"""Ask the resolver: who is this, and what do we know her by. Reading only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from regulars.app import App
from regulars.model import Moment
from regulars.resolve import normalize
from regulars.resolve.identify import cleaner_of
from regulars.resolve.policy import CLASS_NAMES, ID_MAX
from regulars.store import queries

SQL = queries(__package__ or "")

# Digits of the greatest id, a bigint.
ID_MAX_CHARACTERS = len(str(ID_MAX))
LAST_SIGN = chr(0x10FFFF)
# What a person shows or says herself.
SHOWN = ("card", "phone", "email")


class Identifier(msgspec.Struct, frozen=True, kw_only=True):
    """A value that names a customer, and how well."""

    type: str
    cls: int
    strength: str
    """The class in words: "verified e-mail"."""
    value: str
    shared: bool
    generic: bool
    first_at: datetime
    last_at: datetime


def look_up(app: App, moment: Moment) -> int | None:
    """The customer who shows this card, phone, e-mail or id; None where nobody or more than one could be meant."""
    if moment.kind == "customer":
        named = customer_id(moment.value)
        return None if named is None else current(app, named)
    text = normal(moment, app.settings.brand_country)
    if text is None:
        return None
    value = cleaner_of(app).value_id(moment.kind, text)
    rows = app.db.execute(SQL.customer_of_value, {"value": value}).fetchall()
    # Two customers on one level have an equal claim, and a card must not open the wrong drawer.
    if not rows or (len(rows) > 1 and rows[0][1] == rows[1][1]):
        return None
    return rows[0][0]


def card_holders(app: App, text: str, limit: int) -> dict[int, bool]:
    """Customers with a card that ends like this, and whether it is the whole card; cards nobody owns name nobody."""
    number = normalize.card(text)
    if number is None:
        return {}
    ending = number[::-1]
    given = {"card": number, "low": ending, "end": ending + LAST_SIGN, "limit": limit}
    return dict(app.db.execute(SQL.card_holders, given).fetchall())


def customer_id(text: str) -> int | None:
    """The customer id this text is; None for what no id can be: `²` is a digit to Python, and ids have a last one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= ID_MAX_CHARACTERS):
        return None
    named = int(text)
    return named if named <= ID_MAX else None


def founder_records(app: App, customers: Sequence[int]) -> list[int]:
    """Of each of these customers a record that is hers: the first of the evidence that founded her."""
    found = dict(app.db.execute(SQL.founders, {"customers": list(customers)}).fetchall())
    return [found[customer] for customer in customers]


def current(app: App, customer: int) -> int | None:
    """The customer an id means now: itself, or who holds its founder record since; None if it never was one."""
    row = app.db.execute(SQL.current_customer, {"id": customer}).fetchone()
    return row[0] if row else None


def current_ids(app: App, ids: Sequence[int]) -> dict[int, int]:
    """The same for many: the customer each id means now; without those that never were one."""
    return dict(app.db.execute(SQL.current_customers, {"ids": list(ids)}).fetchall())


def identifiers(app: App, customer: int) -> list[Identifier]:
    """What we know her by, strongest first."""
    return [
        Identifier(
            type=kind,
            cls=cls,
            strength=CLASS_NAMES[cls],
            value=value,
            shared=shared,
            generic=generic,
            first_at=first_at,
            last_at=last_at,
        )
        for kind, cls, value, shared, generic, first_at, last_at in app.db.execute(
            SQL.identifiers, {"customer": customer}
        )
    ]


def normal(moment: Moment, country: str) -> str | None:
    """The one spelling of what a moment names; None if it names nobody."""
    if moment.kind not in SHOWN:
        return None
    return normalize.identifier(moment.kind, moment.value.strip(), country)
