"""A customer's records, those of equal evidence as one group, with what each group brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import msgspec

from regulars.app import App
from regulars.kit.clock import day_date
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.policy import BARRED, CLASS_NAMES, EDGE, GENERIC
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__)
GROUPS_SHOWN_MAX = 200
# One decision names every record of a side; beyond this it is no steward's work.
RECORDS_MAX = 100_000
FATES = {EDGE: "joins", BARRED: "shared by several people: joins none of them", GENERIC: "nobody's own: joins nobody"}


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier as these records bring it."""

    type: str
    value: str
    strength: str
    joins: bool
    fate: str
    """What became of it, in words."""


class RecordGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one customer that say the same of who she is."""

    first_record: int
    """Position of the first of them: it names the group."""
    records: int
    first_day: date
    last_day: date
    """Both UTC."""
    name: str
    """First name and surname as these records say them, in small letters; "" where they say none."""
    sources: list[str]
    identifiers: list[Carried]
    """Strongest first."""


def record_groups(app: App, customer: int) -> list[RecordGroup]:
    """Hers, oldest first, at most GROUPS_SHOWN_MAX."""
    rows = app.db.execute(SQL.groups_of_customer, {"customer": customer, "limit": GROUPS_SHOWN_MAX}).fetchall()
    carried: dict[int, list[Carried]] = defaultdict(list)
    for signature, kind, shown, cls, state in app.db.execute(SQL.carried_by, {"signatures": array(r[0] for r in rows)}):
        fate = FATES.get(state, "not counted: blocked, taken back or not proven")
        carried[signature].append(
            Carried(type=kind, value=shown, strength=CLASS_NAMES[cls], joins=state == EDGE, fate=fate)
        )
    return [
        RecordGroup(
            first_record=first,
            records=count,
            first_day=day_date(first_day),
            last_day=day_date(last_day),
            name=f"{first_name} {surname}".strip(),
            sources=sources,
            identifiers=carried[signature],
        )
        for signature, first, count, first_day, last_day, first_name, surname, sources in rows
    ]


def records_of_groups(app: App, customer: int, firsts: Sequence[int]) -> list[int]:
    """All records of these groups of hers. Raises DecisionRefused where she has no such group any more, or too many."""
    given = {"customer": customer, "firsts": array(firsts), "limit": RECORDS_MAX + 1}
    rows = app.db.execute(SQL.records_of_groups, given).fetchall()
    missing = sorted(set(firsts) - {first for first, _ in rows})
    if len(rows) > RECORDS_MAX:
        raise DecisionRefused(
            f"These are more than {RECORDS_MAX:,} records", "Withdraw the identifier that joins them instead"
        )
    if missing:
        raise DecisionRefused(
            f"Record {missing[0]} is not this customer's any more", "Open the page again: evidence has come in since"
        )
    return [seq for _, seq in rows]
