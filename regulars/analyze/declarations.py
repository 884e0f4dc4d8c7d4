"""Versions of traits: what was declared when, which declaration the flow folds by, and which one is being prepared.

    declared anew -> its state is made -> the past of that state is folded -> everybody is finished and judged by it

Until the last step the version before stays in force, in every process: its values are read, segments look at it, the
proof compares it. What nothing declares any more stays in force, too, as it was declared last, until nobody looks at it
and the worker retires it. Reads rows; thinks purely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
import psycopg

from regulars import __version__
from regulars.analyze import spelled
from regulars.analyze.errors import TraitRefused
from regulars.analyze.expressions import Expression
from regulars.analyze.plan import Freshness, Trait, leaves
from regulars.store import queries

SQL = queries("regulars.analyze")
# A trait has no person as its author: it comes with a version of the program, or of a package beside it.
AUTHOR = f"Regulars {__version__}"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a trait."""

    trait: str
    version: int
    title: str
    unit: str
    freshness: Freshness
    expression: str
    author: str
    at: datetime
    """When it was declared."""
    day: int | None
    """The day that windows ended with then; None: before the first event."""
    adopted_at: datetime | None
    """Since when it is in force; None: it is being prepared, or another one came before it was ready."""
    retired_at: datetime | None
    """Since when the catalogue has no such trait."""
    fault: str | None
    """Why it cannot be prepared."""

    @property
    def declaration(self) -> Trait:
        """The trait as it was declared."""
        return Trait(self.trait, self.title, spelled.read(self.expression), self.unit, self.freshness)

    def is_of(self, trait: Trait) -> bool:
        """Whether this is what is declared now; a title is only a word."""
        mine = (self.unit, self.freshness, self.expression)
        return mine == (trait.unit, trait.freshness, spelled.written(trait.expression))


Versions = Mapping[str, Sequence[Row]]
"""By trait, newest first."""


def stored(db: psycopg.Connection) -> dict[str, list[Row]]:
    """All versions there ever were."""
    names = Row.__struct_fields__
    found: dict[str, list[Row]] = {}
    for values in db.execute(SQL.trait_versions).fetchall():
        row = Row(**dict(zip(names, values, strict=True)))
        found.setdefault(row.trait, []).append(row)
    return found


def in_force(declared: Iterable[Trait], rows: Versions, left: Mapping[str, bool]) -> tuple[Trait, ...]:
    """What the flow folds by: for each declared trait the newest version that is ready. Raises TraitRefused.

    Behind them, as it was declared last, what nothing declares any more and is looked at: `left` by name, with whether
    a history is kept of it.
    """
    last = [(name, next((row for row in rows[name] if row.adopted_at), None)) for name in left]
    gone = [replace(row.declaration, history=left[name]) for name, row in last if row is not None]
    return (*(_in_force(trait, rows.get(trait.name, ())) for trait in declared), *gone)


def _in_force(trait: Trait, rows: Sequence[Row]) -> Trait:
    ready = next((row for row in rows if row.adopted_at is not None), None)
    if ready is None or ready.retired_at is not None or ready.is_of(trait):
        return trait
    before = replace(ready.declaration, history=trait.history)
    shared = set(leaves(before.expression)) & set(leaves(trait.expression))
    if before.freshness != trait.freshness and shared:
        raise TraitRefused(
            f"The trait '{trait.name}' was {before.freshness} and is declared {trait.freshness} over the same facts",
            "Give the new one another name: one state is folded either live or once a day",
        )
    return before


def coming(declared: Iterable[Trait], rows: Versions) -> tuple[Trait, ...]:
    """What is being prepared: declared traits whose newest version is not in force and has no fault."""
    newest = [(trait, rows[trait.name][0]) for trait in declared if trait.name in rows]
    return tuple(trait for trait, row in newest if row.adopted_at is None and row.fault is None and row.is_of(trait))


def changed(declared: Iterable[Trait], rows: Versions) -> list[Trait]:
    """Declared otherwise than the newest version says."""
    return [trait for trait in declared if trait.name in rows and not rows[trait.name][0].is_of(trait)]


def refused(declared: Iterable[Trait], rows: Versions) -> list[Trait]:
    """Declared traits whose newest version has a fault."""
    newest = [(trait, rows[trait.name][0]) for trait in declared if trait.name in rows]
    return [trait for trait, row in newest if row.fault is not None and row.adopted_at is None and row.is_of(trait)]


def gone(declared: Iterable[Trait], rows: Versions) -> list[str]:
    """What was declared once and is no longer."""
    there = {trait.name for trait in declared}
    return [name for name, found in rows.items() if name not in there and found[0].retired_at is None]


def as_before(rule: Expression, traits: Iterable[Trait], declared: Iterable[Trait]) -> Expression:
    """A rule of the catalogue with the version in force of each trait that is being prepared."""
    before = {trait.name: trait.expression for trait in traits}
    swap = {t.expression: before[t.name] for t in declared if before[t.name] != t.expression}
    # A comparison with a value of another kind would be none.
    swap = {new: old for new, old in swap.items() if new.kind == old.kind or {new.kind, old.kind} <= NUMBERS}
    return spelled.replaced(rule, swap) if swap else rule


NUMBERS = {"whole", "fraction"}
