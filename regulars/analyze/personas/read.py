"""Personas for people: which there are, what they are like, who is in them; and what a marketer decides about them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from regulars.analyze.errors import PersonaRefused, UnknownPersona
from regulars.analyze.personas.keep import SQL, Fit, newest
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.personas.mixture import STRANGE_QUANTILE
from regulars.analyze.personas.portrait import Portrait
from regulars.app import App

PAGE_MEMBERS = 50
NAME_MAX_CHARS = 60
# Overlap with the version before below which a group is no longer quite the one that was named.
DRIFT_BELOW = 0.6
# So many times as many strangers as at fitting, and the groups no longer fit the base.
STRANGERS_TIMES = 3
NEAREST = -1.0
State = Literal["found", "approved", "retired"]


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """A group as people see it."""

    id: int
    lens: str
    place: int | None
    """None: the newest look does not show it any more."""
    name: str
    state: State
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    overlap: float | None
    portrait: Portrait
    customers: int
    spend_cents: int
    """Of its members in the last 365 days."""
    lifetime_cents: int | None
    """Expected of its members in the next 52 weeks; None: no such score."""

    @property
    def has_drifted(self) -> bool:
        """Whether it holds other people than when it was last looked at."""
        return self.overlap is not None and self.overlap < DRIFT_BELOW


class Size(msgspec.Struct, frozen=True):
    """How many were in a group on a day, of how many who could be judged."""

    persona: int
    day: int
    customers: int
    judged: int


class PersonaMember(msgspec.Struct, frozen=True):
    """Somebody in a group; distance 0 is as typical as can be."""

    customer: int
    distance: float
    since_day: int


class Belonging(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's group in one lens."""

    lens: str
    title: str
    persona: int
    name: str
    distance: float
    since_day: int


class LensView(msgspec.Struct, frozen=True, kw_only=True):
    """A lens with what it shows."""

    name: str
    title: str
    question: str
    judged_by: str
    fit: Fit | None
    """None: nobody looked yet."""
    personas: list[Persona]
    sizes: list[Size]

    @property
    def is_drifting(self) -> bool:
        """Whether many more customers than at fitting stand far from every group."""
        if self.fit is None or self.fit.params is None or not self.fit.applied:
            return False
        return self.fit.strange > STRANGERS_TIMES * (1 - STRANGE_QUANTILE) * self.fit.applied

    @property
    def current(self) -> list[Persona]:
        """Groups that the newest look shows and that nobody retired."""
        return [one for one in self.personas if one.place is not None and one.state != "retired"]


def views(app: App) -> list[LensView]:
    """Every lens with its groups, by name of the lens."""
    found = _personas(app, None)
    sizes = _sizes(app, [one.id for one in found])
    return [
        LensView(
            name=name,
            title=lens.title,
            question=lens.question,
            judged_by=lens.judged_by,
            fit=newest(app, name),
            personas=(own := [one for one in found if one.lens == name]),
            sizes=[size for size in sizes if size.persona in {one.id for one in own}],
        )
        for name, lens in lenses.items()
    ]


def persona(app: App, ident: int) -> Persona:
    """One group, or UnknownPersona."""
    found = _personas(app, ident)
    if not found:
        raise UnknownPersona(f"There is no persona {ident}", "Choose one from the page Personas")
    return found[0]


def sizes(app: App, ident: int) -> list[Size]:
    """How a group grew, oldest first."""
    return _sizes(app, [ident])


def members(
    app: App, ident: int, after: tuple[float, int] = (NEAREST, 0), limit: int = PAGE_MEMBERS
) -> list[PersonaMember]:
    """Members beyond (distance, customer), the most typical first: the first of all is the medoid."""
    given = {"persona": persona(app, ident).id, "distance": after[0], "customer": after[1], "limit": limit}
    return [PersonaMember(*row) for row in app.db.execute(SQL.persona_members, given).fetchall()]


def personas_of(app: App, customer: int) -> list[Belonging]:
    """The groups of one customer, one a lens at most."""
    return [
        Belonging(lens=lens, title=lenses[lens].title, persona=ident, name=name, distance=distance, since_day=since)
        for lens, ident, name, distance, since in app.db.execute(SQL.personas_of, {"customer": customer}).fetchall()
    ]


def labels(app: App, lens: str) -> dict[int, str]:
    """Customer to the name of her group in a lens; who is in none is not there."""
    return dict(app.db.execute(SQL.labels, {"lens": lenses[lens].name}).fetchall())


def decide(app: App, ident: int, *, by: str, name: str | None = None, state: State | None = None) -> Persona:
    """Name a group, approve or retire it; what was decided stays with it when groups are looked for again."""
    before = persona(app, ident)
    chosen = (before.name if name is None else name).strip()
    if not 0 < len(chosen) <= NAME_MAX_CHARS or not chosen.isprintable():
        raise PersonaRefused(
            f"A persona's name has 1 to {NAME_MAX_CHARS} characters that can be seen, this one has {len(chosen)}",
            "Say in a few words what these customers do",
        )
    if any(one.name == chosen and one.id != ident and one.lens == before.lens for one in _personas(app, None)):
        raise PersonaRefused(f"Another persona is called '{chosen}'", "Choose a name that tells them apart")
    given = {"id": ident, "name": chosen, "state": state or before.state, "now": app.clock.now(), "by": by}
    app.db.execute(SQL.decide, given)
    return persona(app, ident)


def _personas(app: App, ident: int | None) -> list[Persona]:
    names = list(Persona.__struct_fields__)
    rows = app.db.execute(SQL.personas, {"id": ident}).fetchall()
    return [msgspec.convert(dict(zip(names, row, strict=True)), Persona) for row in rows]


def _sizes(app: App, personas: list[int]) -> list[Size]:
    return [Size(*row) for row in app.db.execute(SQL.sizes, {"personas": personas}).fetchall()]
