"""Acts: looks through a lens when it is due, keeps the groups and who belongs to them. Called by tick and worker.

Looking for groups takes seconds and reads the lake, so it is done beside the flow; telling everybody's group from her
traits is a pure expression and happens on every day tick. Looked again, a group that is mostly the same people keeps
its number and the name a marketer gave it.
"""

# SciPy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import linear_sum_assignment

from regulars import collect
from regulars.analyze import columns
from regulars.analyze.personas import mixture, portrait
from regulars.analyze.personas.growth import Census, Growth, growths
from regulars.analyze.personas.lenses import Lens, lenses
from regulars.analyze.personas.mixture import Params, Stability
from regulars.analyze.personas.portrait import Portrait
from regulars.analyze.scores import Floats, Ints, TraitTable
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.store import queries

SQL = queries("regulars.analyze.personas")

REFIT_DAYS = 28
# Where there were too few customers to say, so long.
RETRY_DAYS = 1
VERSIONS_KEPT = 24
# Days on which groups are counted backwards, and how many.
STEP_DAYS = 28
STEPS = 6
# A group emerges or fades against so long ago: traits of 90 days share nothing with those of then, and who was there
# all year is steady, however small the group once was.
GROWTH_DAYS = 3 * STEP_DAYS
# Groups of two versions are the same when they share this part of all who are in either of them.
SAME_FROM = 0.3
# A group is described on so many: more digits help nobody.
DESCRIBED_MAX = 20_000
ORDER_DAYS = "order_days"


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """One look through a lens, as stored."""

    lens: str
    version: int
    as_of_day: int
    fitted_at: datetime
    judged: int
    sampled: int
    stability: Stability | None
    """None: too few customers to say."""
    params: Params | None
    """None: no stable groups."""
    applied_day: int
    applied: int
    strange: int


def newest(app: App, lens: str) -> Fit | None:
    """The look that judges today; None before the first."""
    row = app.db.execute(SQL.newest_fit, {"lens": lens}).fetchone()
    if row is None:
        return None
    version, as_of_day, fitted_at, judged, sampled, stability, params, applied_day, applied, strange = row
    return Fit(
        lens=lens,
        version=version,
        as_of_day=as_of_day,
        fitted_at=fitted_at,
        judged=judged,
        sampled=sampled,
        stability=msgspec.convert(stability, Stability | None),
        params=msgspec.convert(params, Params | None),
        applied_day=applied_day,
        applied=applied,
        strange=strange,
    )


def is_due(app: App) -> bool:
    """Is there a lens that nobody looked through for REFIT_DAYS?"""
    return bool(_due(app, day_number(app.clock.now(), app.settings.zone)))


def fit_due(app: App, breathe: Callable[[], object]) -> int:
    """Look through every lens that is due, each in a transaction of its own; how many. For a thread beside the flow."""
    day = day_number(app.clock.now(), app.settings.zone)
    with app.transaction() as inside:
        due = _due(inside, day)
    for name in due:
        fit(app, name, breathe)
    return len(due)


def fit(app: App, name: str, breathe: Callable[[], object] = lambda: None) -> Fit:
    """Look through one lens now, whatever is due. The flow goes on meanwhile; what was found is stored at once."""
    lens, day = lenses[name], day_number(app.clock.now(), app.settings.zone)
    with app.transaction() as inside:
        table = _judged(lens, columns.of_now(inside, _needs(lens), day))
    stability, params = mixture.find(table, lens.features, day, breathe)
    breathe()
    censuses = [] if params is None else _look_back(app, lens, params, day, breathe)
    with app.transaction() as inside:
        # Read again: who changed meanwhile is told by what she is now, and nobody is erased before it is written.
        collect.checkpoint_of(inside, collect.FLOW)
        table = _judged(lens, columns.of_now(inside, _needs(lens), day))
        return _store(inside, lens, table, stability, params, censuses)


def label_all(app: App, now: datetime) -> None:
    """Everybody's group in every lens as of today, from the versions in force. Three statements read, five write."""
    day = day_number(now, app.settings.zone)
    for name, lens in lenses.items():
        known = newest(app, name)
        if known is not None and known.params is not None and known.applied_day != day:
            table = _judged(lens, columns.of_now(app, _needs(lens), day))
            _label(app, known, table, mixture.judge(table, lens.features, known.params))


def _due(app: App, day: int) -> list[str]:
    found = {name: newest(app, name) for name in lenses}
    return [name for name, fit in found.items() if fit is None or day - fit.as_of_day >= _rest_days(fit)]


def _rest_days(fit: Fit) -> int:
    return REFIT_DAYS if fit.stability else RETRY_DAYS


def _needs(lens: Lens) -> list[str]:
    return [*(feature.trait for feature in lens.features), ORDER_DAYS]


def _judged(lens: Lens, table: TraitTable) -> TraitTable:
    return table.where(lens.can_judge(table))


def _look_back(app: App, lens: Lens, params: Params, day: int, breathe: Callable[[], object]) -> list[Census]:
    """Who was in which group on past days, the oldest first, by today's expression."""
    found: list[Census] = []
    for step in range(STEPS, 0, -1):
        with app.transaction() as inside:
            table = _judged(lens, columns.of_past(inside, _needs(lens), day - step * STEP_DAYS))
        labels = mixture.judge(table, lens.features, params)
        found.append(Census(day=table.as_of_day, customers=table.customers, places=labels.places))
        breathe()
    return found


def _store(
    app: App,
    lens: Lens,
    table: TraitTable,
    stability: Stability | None,
    params: Params | None,
    censuses: list[Census],
) -> Fit:
    before = newest(app, lens.name)
    given: dict[str, Any] = {
        "lens": lens.name,
        "version": before.version + 1 if before else 1,
        "day": table.as_of_day,
        "now": app.clock.now(),
        "judged": len(table.customers),
        "sampled": min(len(table.customers), mixture.FIT_SAMPLE),
        "stability": msgspec.json.encode(stability).decode(),
        "params": None if params is None else msgspec.json.encode(params).decode(),
        "kept": VERSIONS_KEPT,
    }
    standing = app.db.execute(SQL.standing, given).fetchall()
    app.db.execute(SQL.add_fit, given)
    app.db.execute(SQL.drop_old_fits, given)
    app.db.execute(SQL.lose_places, given)
    if params is None:
        app.db.execute(SQL.no_members, given)
    else:
        labels = mixture.judge(table, lens.features, params)
        old = _old_places(lens, before, table)
        personas = _take_up(app, lens, table, params, labels.places, standing, old, censuses)
        _count_days(
            app,
            lens,
            personas,
            [*censuses, Census(day=table.as_of_day, customers=table.customers, places=labels.places)],
        )
    stored = newest(app, lens.name)
    assert stored is not None, "it was just stored"
    if params is not None:
        _label(app, stored, table, mixture.judge(table, lens.features, params))
    app.db.execute(SQL.drop_faded, given)
    return stored


def _old_places(lens: Lens, before: Fit | None, table: TraitTable) -> Ints | None:
    """Everybody's group of today by the version before: what the new groups are compared with."""
    if before is None or before.params is None or before.params.features != [f.trait for f in lens.features]:
        return None
    return mixture.judge(table, lens.features, before.params).places


def _take_up(
    app: App,
    lens: Lens,
    table: TraitTable,
    params: Params,
    places: Ints,
    standing: list[tuple[Any, ...]],
    old: Ints | None,
    censuses: list[Census],
) -> list[int]:
    """Persona ids by place: old ones where a group is mostly the same people, new ones elsewhere."""
    groups = len(params.centers)
    portraits = _portraits(app, lens, table, params, places, censuses)
    kept = _same(old, places, [place for _, place, _ in standing], groups)
    ids = {place: ident for ident, place, _ in standing}
    found: list[int] = []
    for place, name in enumerate(portrait.names(lens, params)):
        given = {
            "lens": lens.name,
            "place": place,
            "name": name,
            "now": app.clock.now(),
            "portrait": msgspec.json.encode(portraits[place]).decode(),
        }
        if place in kept:
            was, overlap = kept[place]
            app.db.execute(SQL.keep_persona, given | {"id": ids[was], "overlap": overlap})
            found.append(ids[was])
        else:
            row = app.db.execute(SQL.add_persona, given).fetchone()
            assert row is not None, "an insert returns its id"
            found.append(row[0])
    return found


def _same(old: Ints | None, new: Ints, olds: list[int], groups: int) -> dict[int, tuple[int, float]]:
    """New place to (old place, overlap) for groups that are mostly the same people; the best pairs over all."""
    if old is None or not olds:
        return {}
    shared: Floats = portrait.overlaps(old, new, max(olds) + 1, groups)
    rows, cols = linear_sum_assignment(-shared)
    pairs = zip(rows.tolist(), cols.tolist(), strict=True)
    return {b: (a, float(shared[a, b])) for a, b in pairs if shared[a, b] >= SAME_FROM and a in olds}


def _portraits(
    app: App, lens: Lens, table: TraitTable, params: Params, places: Ints, censuses: list[Census]
) -> list[Portrait]:
    chosen = np.arange(0, len(table.customers), 1 + (len(table.customers) - 1) // DESCRIBED_MAX)
    wide = columns.of_now(app, columns.numeric_traits(app), table.as_of_day, table.customers[chosen].tolist())
    at = np.searchsorted(table.customers, wide.customers)
    now = Census(day=table.as_of_day, customers=table.customers, places=places)
    since = table.as_of_day - GROWTH_DAYS
    then = next((census for census in censuses if census.day >= since and len(census.customers)), None)
    grown: list[Growth] | list[None] = (growths(then, now, len(params.centers)) if then else None) or [None] * len(
        params.centers
    )
    return [
        Portrait(
            sentence=portrait.sentence(lens, center),
            facts=portrait.facts_of(wide, (places[at] == place).astype(np.int64)),
            spokes=portrait.spokes(params, place),
            growth=grown[place],
        )
        for place, center in enumerate(params.centers)
    ]


def _count_days(app: App, lens: Lens, personas: list[int], censuses: list[Census]) -> None:
    rows = [
        (persona, census.day, int((census.places == place).sum()), len(census.customers))
        for census in censuses
        for place, persona in enumerate(personas)
    ]
    app.db.execute(SQL.drop_sizes, {"lens": lens.name, "days": [census.day for census in censuses]})
    names = ("personas", "days", "customers", "judged")
    app.db.execute(SQL.put_sizes, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _label(app: App, known: Fit, table: TraitTable, labels: mixture.Labels) -> None:
    assert known.params is not None, "only groups have members"
    given = {
        "lens": known.lens,
        "day": table.as_of_day,
        "version": known.version,
        "applied": len(table.customers),
        "strange": int((labels.distances > known.params.strange_from).sum()),
    }
    by_place = {place: ident for ident, place, _ in app.db.execute(SQL.standing, given).fetchall()}
    ids = np.array([by_place[place] for place in range(len(known.params.centers))], dtype=np.int64)
    rows = zip(table.customers.tolist(), ids[labels.places].tolist(), labels.distances.tolist(), strict=True)
    app.db.execute(SQL.make_room)
    with app.db.cursor().copy(SQL.load) as stream:
        stream.write("".join(f"{customer}\t{persona}\t{far:.3f}\n" for customer, persona, far in rows).encode())
    app.db.execute(SQL.drop_members, given)
    app.db.execute(SQL.store_members, given)
    app.db.execute(SQL.clear_room)
    app.db.execute(SQL.count_up, given)
    app.db.execute(SQL.note_look, given)
    counts = np.bincount(labels.places, minlength=len(ids)).tolist()
    sizes = {
        "personas": ids.tolist(),
        "days": [table.as_of_day] * len(ids),
        "customers": counts,
        "judged": [len(labels.places)] * len(ids),
    }
    app.db.execute(SQL.put_sizes, sizes)
