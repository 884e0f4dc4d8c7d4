"""What people of the brand state by hand: fields, notes, preferences. An entry is appended and never changed.

Taking one back is a further entry, and taking that back states it again. An entry stands at the record that founded
its customer, so it goes with whoever holds that record: merges, splits and withdrawals need no code of their own. Every
function runs in the caller's transaction and gives the people whom `flow.on_decision` has to carry on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, cast

import msgspec

from regulars.app import App
from regulars.model import Batch, People
from regulars.profile.declared import BUILT_IN, STEWARD, in_force
from regulars.profile.errors import HandRefused, NoSuchCustomer
from regulars.profile.survivorship import Fact, clean_field, is_unborn
from regulars.resolve import decide
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
TEXT_MAX_CHARACTERS = 2_000
NAME_MAX_CHARACTERS = 60
REASON_MAX_CHARACTERS = 200
# Of one customer: enough for years of a good associate, few enough for a page.
ENTRIES_MAX = 1_000

Kind = Literal["field", "note", "preference", "undo"]


class Author(msgspec.Struct, frozen=True):
    """Who states it and how they know; both are kept."""

    name: str
    reason: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing stated by hand."""

    id: int
    customer: int
    kind: Kind
    name: str
    """The field, or what a preference is about."""
    value: str
    """Of a field: empty states that nothing is known."""
    undoes: int | None
    actor: str
    reason: str
    at: datetime


def set_field(app: App, by: Author, customer: int, field: str, given: object) -> People:
    """This is the value, whatever sources say. Raises HandRefused, NoSuchCustomer."""
    declared = in_force(app)
    _check_field(field, declared.custom)
    value = clean_field(field, _read(field, given), app.settings.brand_country, declared)
    if value is None or is_unborn(field, value, app.clock.now()):
        raise HandRefused(f"'{str(given)[:60]}' is no {field.replace('_', ' ')}", "Write it as customers do")
    return _write(app, by, customer, "field", field, value)


def clear_field(app: App, by: Author, customer: int, field: str) -> People:
    """Nothing is known of this field: none of the stated values is right. Raises HandRefused, NoSuchCustomer."""
    _check_field(field, in_force(app).custom)
    return _write(app, by, customer, "field", field, "")


def note(app: App, by: Author, customer: int, text: str) -> People:
    """Something worth remembering. Raises HandRefused, NoSuchCustomer."""
    return _write(app, by, customer, "note", "", _text(text, TEXT_MAX_CHARACTERS))


def prefer(app: App, by: Author, customer: int, about: str, text: str) -> People:
    """What they like: about drinks, oat milk. Raises HandRefused, NoSuchCustomer."""
    name = _text(about, NAME_MAX_CHARACTERS)
    return _write(app, by, customer, "preference", name, _text(text, TEXT_MAX_CHARACTERS))


def undo(app: App, by: Author, customer: int, entry: int) -> People:
    """Take an entry back; of one that takes back, state again what it took. Raises HandRefused, NoSuchCustomer."""
    found = next((one for one in entries(app, customer) if one.id == entry), None)
    if found is None:
        raise HandRefused(f"Nothing with the number {entry} was stated about this customer", "Look it up on their page")
    return _write(app, by, customer, "undo", found.name, "", found.id)


def entries(app: App, customer: int) -> list[Entry]:
    """Everything stated by hand about a customer, newest first."""
    return sorted(entries_of(app, [_current(app, customer)]), key=lambda one: -one.id)


def entries_of(app: App, customers: Iterable[int]) -> list[Entry]:
    """Everything stated by hand about these customers, oldest first."""
    rows = app.db.execute(SQL.hand_of_customers, {"customers": array(customers)})
    return [Entry(**dict(zip(Entry.__struct_fields__, row, strict=True))) for row in rows]


def in_effect(some: Iterable[Entry]) -> list[Entry]:
    """Those that nobody took back, oldest first; what takes back is among them."""
    taken: set[int] = set()
    left: list[Entry] = []
    for one in sorted(some, key=lambda entry: -entry.id):
        if one.id not in taken:
            left.append(one)
            if one.undoes is not None:
                taken.add(one.undoes)
    return left[::-1]


def standing(some: Iterable[Entry]) -> list[Entry]:
    """What holds: fields, notes and preferences that nobody took back, oldest first."""
    return [one for one in in_effect(some) if one.undoes is None]


def facts(app: App, customers: Iterable[int]) -> list[Fact]:
    """What stands by hand about fields of these customers, as facts."""
    return [
        Fact(one.customer, one.name, one.value, False, one.at, one.id, STEWARD)
        for one in standing(entries_of(app, customers))
        if one.kind == "field"
    ]


def _write(app: App, by: Author, customer: int, kind: Kind, name: str, value: str, undoes: int | None = None) -> People:
    bound = decide.stop_the_flow(app)
    current = _current(app, customer)
    needs_reason = kind in ("field", "undo")
    reason = _text(by.reason, REASON_MAX_CHARACTERS) if needs_reason or by.reason.strip() else ""
    given = {"customer": current, "kind": kind, "name": name, "value": value, "undoes": undoes, "limit": ENTRIES_MAX}
    row = app.db.execute(SQL.write_hand, given | {"actor": by.name, "reason": reason, "at": app.clock.now()}).fetchone()
    if row is None:
        raise HandRefused(f"This customer has {ENTRIES_MAX} entries already", "Take what is old out of the notes")
    # Notes are read where they stand; a field has to be chosen again.
    stale = [current] if kind in ("field", "undo") else []
    batch = Batch(events=[], last_seq=bound)
    return People(batch=batch, customers=[], created=[], merged=[], recompute=stale, cause=f"hand:{row[0]}")


def _current(app: App, customer: int) -> int:
    (current,) = app.db.execute(SQL.current_id, {"customer": customer}).fetchone() or (customer,)
    if not (app.db.execute(SQL.is_customer, {"customer": current}).fetchone() or (False,))[0]:
        raise NoSuchCustomer(f"There is no customer {customer}", "Search by name, e-mail, phone or card instead")
    return cast(int, current)


def _check_field(field: str, custom: Iterable[str]) -> None:
    if field not in BUILT_IN and field not in custom:
        raise HandRefused(f"There is no field '{field[:40]}'", "Declare it in profile.yaml, or choose one of ours")


def _read(field: str, given: object) -> object:
    """An address is typed in parts, or as JSON."""
    if field != "address" or not isinstance(given, str):
        return given
    try:
        return msgspec.json.decode(given)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _text(given: str, most: int) -> str:
    text = " ".join(given.replace("\0", "").split())[:most]
    if not text:
        raise HandRefused("Something was left empty", "Say what, and how you know")
    return text
