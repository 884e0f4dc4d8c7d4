"""Who is meant by identifiers that programs know people by, many in one look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from regulars.app import App
from regulars.resolve import normalize
from regulars.resolve.identify import cleaner_of
from regulars.resolve.look_up import customer_id
from regulars.store import queries

SQL = queries(__package__ or "")

OWN_TYPE = "regulars_id"
LOGIN_TYPE = "user_id"
# What programs call the types of values; a login is looked for in every name space.
VALUE_TYPES = {
    "anonymous_id": "cookie",
    "device_id": "device",
    "email": "email",
    "loyalty_card": "card",
    "order_id": "order",
    "payment_token": "payment",
    "phone": "phone",
}
ID_TYPES = (OWN_TYPE, LOGIN_TYPE, *VALUE_TYPES)
TYPE_NAMES = {kind: name for name, kind in VALUE_TYPES.items()}


class Named(NamedTuple):
    """An identifier as a program says it."""

    type: str
    """One of ID_TYPES; others name nobody."""
    value: str


def find(app: App, named: Sequence[Named]) -> list[int | None]:
    """The customer of each, in that order; None where nobody or more than one could be meant. Three statements."""
    spaces = [f"login:{space}" for (space,) in app.db.execute(SQL.login_spaces)]
    cleaner = cleaner_of(app)
    own: dict[int, int] = {}
    wanted: list[tuple[int, int]] = []
    for place, each in enumerate(named):
        if each.type == OWN_TYPE:
            number = customer_id(each.value.strip())
            if number is not None:
                own[place] = number
            continue
        kinds = spaces if each.type == LOGIN_TYPE else [VALUE_TYPES[each.type]] if each.type in VALUE_TYPES else []
        for kind in kinds:
            text = normalize.identifier(kind, each.value.strip(), app.settings.brand_country)
            if text is not None:
                wanted.append((place, cleaner.value_id(kind, text)))
    found: list[int | None] = [None] * len(named)
    current = dict(app.db.execute(SQL.current_customers, {"ids": list(own.values())}).fetchall())
    for place, number in own.items():
        found[place] = current.get(number)
    given = {"places": [place for place, _ in wanted], "values": [value for _, value in wanted]}
    for place, customer in app.db.execute(SQL.customers_of_values, given):
        found[place] = customer
    return found


def former_ids(app: App, customer: int, limit: int) -> list[int]:
    """Ids that were merged into this customer, earliest first."""
    return [old for (old,) in app.db.execute(SQL.ids_before, {"customer": customer, "limit": limit})]


def type_name(kind: str) -> str:
    """What programs call this type of value."""
    return LOGIN_TYPE if kind.startswith("login:") else TYPE_NAMES.get(kind, kind)
