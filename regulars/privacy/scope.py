"""Whom a request is about: one customer, every identifier that leads to her, and how sure that is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars import profile, resolve
from regulars.app import App
from regulars.store import queries

SQL = queries(__package__ or "")
# Evidence on which nobody vouched for anything: what rests on it alone is looked at before it is given away or erased.
WEAK = frozenset({"order", "payment token", "e-mail", "phone", "device", "cookie"})


class InScope(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier of hers."""

    type: str
    value: str
    strength: str
    is_shared: bool
    """Others use it as well, or nobody's own: it leads to her records, not to her alone."""
    is_weak: bool
    """Every record that carries it was joined to hers by weak evidence."""
    why_weak: str
    """By what; empty where it is not weak."""
    first_at: datetime
    last_at: datetime

    @property
    def kind(self) -> str:
        """Its type without the name space of a login."""
        return self.type.partition(":")[0]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """One customer with all her numbers and identifiers."""

    customer: int
    ids: list[int]
    """Her number, and those that were merged into it."""
    identifiers: list[InScope]
    """Each value once, under its strongest evidence; strongest first."""

    def own(self, *types: str) -> list[str]:
        """Values of these types (of all where none is named) that nobody else uses."""
        return [one.value for one in self.identifiers if not one.is_shared and (not types or one.kind in types)]

    @property
    def weak(self) -> list[InScope]:
        """Those that rest on weak evidence."""
        return [one for one in self.identifiers if one.is_weak]


def scope(app: App, customer: int) -> Scope:
    """Everything that leads to this customer. Raises NoSuchCustomer."""
    current = profile.read(app, customer).customer
    former = [old for (old,) in app.db.execute(SQL.former_ids, {"customer": current})]
    by_weak = _joined_weakly(resolve.explain(app, current))
    carriers: dict[tuple[str, str], list[int]] = {}
    for group in resolve.record_groups(app, current):
        for one in group.identifiers:
            carriers.setdefault((one.type, one.value), []).append(group.first_record)
    found: dict[tuple[str, str], InScope] = {}
    for one in resolve.identifiers(app, current):
        records = carriers.get((one.type, one.value), [])
        is_weak = bool(records) and all(record in by_weak for record in records)
        in_scope = InScope(
            type=one.type,
            value=one.value,
            strength=one.strength,
            is_shared=one.shared or one.generic,
            is_weak=is_weak,
            why_weak=by_weak[records[0]] if is_weak else "",
            first_at=one.first_at,
            last_at=one.last_at,
        )
        found.setdefault((one.type, one.value), in_scope)
    return Scope(customer=current, ids=[current, *former], identifiers=list(found.values()))


def _joined_weakly(explanation: resolve.Explanation) -> dict[int, str]:
    """Records that no path of strong evidence joins to the first one, each with what joined it."""
    weak: dict[int, str] = {}
    # The hops are a tree from the founder, in order: a record's own hop comes after that of the record before it.
    for hop in explanation.hops:
        if hop.strength in WEAK:
            weak[hop.to_record] = f"the same {hop.strength} as event {hop.from_record}"
        elif hop.from_record in weak:
            weak[hop.to_record] = weak[hop.from_record]
    return weak
