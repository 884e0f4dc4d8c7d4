"""The catalogue as people see it: each trait with its version, how fresh it is, and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from regulars.analyze.catalogue import TRAITS
from regulars.analyze.daily import daily_run
from regulars.analyze.declarations import Row, gone, stored
from regulars.analyze.expressions import Kind
from regulars.analyze.past import SQL
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.plan import Plan, Trait, ages, fields, leaves
from regulars.analyze.practices import practices
from regulars.analyze.rules import words
from regulars.analyze.schema import Ready, ready
from regulars.analyze.scores import scores
from regulars.analyze.segments import made
from regulars.analyze.stages import STAGES
from regulars.app import App
from regulars.kit.clock import day_date

State = Literal["live", "ageing", "daily", "preparing", "failed", "missing"]
"""Moves with the event; the day; the lake; its past is being folded; the newest version cannot be prepared; nothing
declares it any more, and it stays as it was because segments look at it."""


class TraitVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One declaration of a trait."""

    version: int
    words: str
    unit: str
    freshness: str
    author: str
    """Which program brought it."""
    at: datetime
    adopted_at: datetime | None
    """Since when it is in force; None: it is being prepared, or never was."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """What rests on a trait."""

    kind: Literal["segment", "score", "persona", "stage", "practice"]
    name: str
    title: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A trait of the catalogue."""

    name: str
    title: str
    unit: str
    kind: Kind
    """whole, fraction or text: what it is compared with."""
    state: State
    freshness: str
    """The state in words, with a day, a share or a reason."""
    version: int
    """In force."""
    since: datetime | None
    author: str
    coming: int | None
    """The version that is being prepared."""
    prepared: float | None
    """How much of the past is folded, 0 to 1, while it is being prepared."""
    has_history: bool
    used_by: list[User]


def listed(app: App) -> list[Listed]:
    """All traits in the order of the catalogue."""
    held, rows = ready(app), stored(app.db)
    fresh, share = _Fresh(app, held), folded_share(app)
    users = _users(held)
    return [_listed(trait, fresh, rows.get(trait.name, []), share, users) for trait in held.plan.traits]


def trait_versions(app: App, name: str) -> list[TraitVersion]:
    """How a trait was declared, newest first."""
    return [
        TraitVersion(
            version=row.version,
            words=words(row.declaration.expression, ()),
            unit=row.unit,
            freshness=row.freshness,
            author=row.author,
            at=row.at,
            adopted_at=row.adopted_at,
        )
        for row in stored(app.db).get(name, [])
    ]


def missing_traits(app: App) -> dict[str, list[str]]:
    """Traits that nothing installed here declares any more, by name, with titles of the segments that look at them."""
    used = made.looked_at(made.stored(app.db))
    return {name: used[name] for name in gone(TRAITS, stored(app.db)) if name in used}


def folded_share(app: App) -> float | None:
    """How much of the past of new states is folded, 0 to 1; None where none is missing."""
    row = app.db.execute(SQL.folded_share).fetchone()
    return row[0] if row else None


class _Fresh:
    """What is asked once for all traits."""

    def __init__(self, app: App, held: Ready) -> None:
        self.plan: Plan = held.plan
        self.run = daily_run(app)
        self.left = {*held.left}
        self.coming = {trait.name for trait in held.coming}
        gaps = {name for _, name, _, _ in app.db.execute(SQL.state_gaps).fetchall()}
        self.gaps = {
            trait.name
            for trait in held.plan.traits
            if gaps.intersection([trait.name, *(held.plan.columns[leaf] for leaf in leaves(trait.expression))])
        }

    def usual(self, trait: Trait) -> tuple[State, str]:
        """Of a trait that is ready."""
        if self.plan.freshness(trait.expression) != "daily":
            return ("ageing", "ageing") if ages(trait.expression) else ("live", "live")
        run = self.run
        return "daily", f"daily, as of {day_date(run.day):%-d %B %Y}" if run else "daily, not computed yet"


def _listed(
    trait: Trait, fresh: _Fresh, rows: Sequence[Row], share: float | None, users: Mapping[str, list[User]]
) -> Listed:
    state, said = fresh.usual(trait)
    in_force = next((row for row in rows if row.adopted_at is not None), None)
    coming = rows[0] if rows and trait.name in fresh.coming else None
    fault = rows[0].fault if rows else None
    if fault is not None:
        state, said = "failed", f"failed: {fault}"
    elif coming is not None:
        part = f"{share:.0%}" if share is not None else "with the next fold of the lake"
        said = f"version {coming.version} is being prepared, {part}; until then version {coming.version - 1}: {said}"
        state = "preparing"
    elif trait.name in fresh.left:
        state, said = "missing", f"nothing declares it any more; until no segment looks at it as it was: {said}"
    elif trait.name in fresh.gaps:
        state, said = "preparing", f"its past is being folded, {share or 0.0:.0%}"
    return Listed(
        name=trait.name,
        title=trait.title,
        unit=trait.unit,
        kind=trait.expression.kind,
        state=state,
        freshness=said,
        version=in_force.version if in_force else 1,
        since=in_force.adopted_at if in_force else None,
        author=in_force.author if in_force else "",
        coming=coming.version if coming else None,
        prepared=share if state == "preparing" else None,
        has_history=trait.history,
        used_by=users.get(trait.name, []),
    )


def _users(held: Ready) -> dict[str, list[User]]:
    """What rests on each trait: by the facts it looks at where it is an expression, else by name."""
    found: dict[str, list[User]] = {trait.name: [] for trait in held.plan.traits}
    claims = [(User(kind="segment", name=s.name, title=s.title), s.rule) for s in held.plan.segments]
    claims += [(User(kind="stage", name=s.name, title=s.title), s.claim) for s in STAGES if s.claim is not None]
    for user, claim in claims:
        parts = {*leaves(claim), *fields(claim)}
        for trait in held.plan.traits:
            if {*leaves(trait.expression), *fields(trait.expression)} <= parts:
                found[trait.name].append(user)
    named = [(User(kind="score", name=name, title=one.title), one.needs) for name, one in scores.items()]
    for name, lens in lenses.items():
        named.append((User(kind="persona", name=name, title=lens.title), tuple(f.trait for f in lens.features)))
    named += [(User(kind="practice", name=name, title=one.title), (one.trait,)) for name, one in practices.items()]
    for user, names in named:
        for name in names:
            if name in found:
                found[name].append(user)
    return found
