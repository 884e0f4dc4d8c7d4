"""Every series that is watched, week by week, out of the lake: of everybody, and of the people of each segment.

A segment's numbers are those of its people on the days on which they were in it, for every hundred of them: whoever is
in it today says nothing of those who were in it in spring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from regulars import collect
from regulars.analyze import columns
from regulars.analyze.rebuild import FACTS, LAKE_COLUMNS, read_membership
from regulars.analyze.scores import Floats
from regulars.analyze.shifts.holidays import WEEK_DAYS, monday_of, week_of
from regulars.analyze.shifts.series import Series, Weeks, series
from regulars.app import App
from regulars.lake import duckdb
from regulars.store import queries

SQL = queries("regulars.analyze.shifts")

WEEKS_MAX = 156
PARTS_MAX = 8
# A segment is watched in weeks in which it holds so many.
MEMBERS_MIN = 30
PER_PEOPLE = 100
# So many visits to segments are read; of more a sample of the customers, the same ones in every segment.
SPELLS_MAX = 2_000_000
EVERYBODY = ""
SPELL = ("segment", "customer", "from_day", "to_day")
OWNED = (
    f"select f.event, f.day, f.revenue_cents, f.channel, f.category,"
    f" coalesce(s.holder, m.customer, f.signature) as owner from {FACTS} f"
    " left join membership m on m.signature = f.signature"
    " left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us"
)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One series of one scope: a value a week from `first_week` on, NaN where nothing can be said."""

    scope: str
    """A segment; EVERYBODY for all."""
    series: str
    part: str
    first_week: int
    values: Floats


class Scopes(msgspec.Struct, frozen=True, kw_only=True):
    """The segments that are watched, and how many people each held in a week, on the mean of its days."""

    names: list[str]
    members: Floats
    """(segments, weeks)"""


def watched(app: App, last_week: int, breathe: Callable[[], object] = lambda: None) -> list[Watched]:
    """All series up to and including a week; none where no whole week is known.

    A transaction of its own reads who is who and who was where; the lake is read after it, by four statements for each
    kind of event, however many segments there are. `breathe` is called after each of them.
    """
    with duckdb.engine() as lake:
        with app.transaction() as inside:
            lake.read_facts(FACTS, collect.fact_files(inside), LAKE_COLUMNS)
            read_membership(inside, lake)
            names = _read_spells(inside, lake, monday_of(last_week + 1))
        lake.view("owned", OWNED)
        ((first_day,),) = lake.rows(SQL.first_fact_day)
        if first_day is None:
            return []
        first = max(week_of(first_day - 1) + 1, last_week - WEEKS_MAX + 1)
        if first > last_week:
            return []
        scopes = Scopes(names=names, members=_members(lake, len(names), first, last_week))
        found: list[Watched] = []
        for event in sorted({one.event for _, one in series.items()}):
            breathe()
            alike = [one for _, one in series.items() if one.event == event]
            found += _of_event(lake, alike, scopes, first, last_week, breathe)
        return found


def _read_spells(app: App, lake: duckdb.Engine, until: int) -> list[str]:
    counts = app.db.execute(SQL.moves_counted).fetchall()
    names, moves = [name for name, _ in counts], sum(count for _, count in counts)
    given = {"names": names, "until": until, "every": 1 + moves // SPELLS_MAX, "zone": app.settings.zone.key}
    rows = columns.copied(app, SQL.spells, given, dict.fromkeys(SPELL, ">i8"))
    lake.arrays("spell", {name: rows[name].astype(np.int64) for name in SPELL})
    return names


def _members(lake: duckdb.Engine, segments: int, first: int, last: int) -> Floats:
    """Counted by who comes and who goes: each spell is two rows, however long it lasts."""
    days = np.zeros((segments, (last - first + 1) * WEEK_DAYS))
    for segment, day, more in lake.rows(SQL.comings, {"first": monday_of(first), "last": monday_of(last + 1) - 1}):
        days[segment, day - monday_of(first)] = more
    return np.cumsum(days, axis=1).reshape(segments, last - first + 1, WEEK_DAYS).mean(axis=2)


def _of_event(
    lake: duckdb.Engine,
    alike: list[Series],
    scopes: Scopes,
    first: int,
    last: int,
    breathe: Callable[[], object],
) -> list[Watched]:
    """All series of one kind of event: of everybody, of its parts, of every segment."""
    given = {"event": alike[0].event, "first": monday_of(first), "last": monday_of(last + 1) - 1}
    lake.run(SQL.did, given)
    breathe()
    whole = _weeks(lake.rows(SQL.weekly), first, last)
    plain = [one for one in alike if one.by is None]
    found = [_series(one, EVERYBODY, "", first, one.values(whole, whole)) for one in plain]
    for one in alike:
        if one.by is not None:
            parts = _grouped(lake.rows(SQL.weekly_parts, given | {"most": PARTS_MAX}))
            found += [
                _series(one, EVERYBODY, part, first, one.values(_weeks(rows, first, last), whole))
                for part, rows in sorted(parts.items())
            ]
    if plain and scopes.names:
        rows_of = _grouped(lake.rows(SQL.weekly_in_scopes))
        breathe()
        for place, name in enumerate(scopes.names):
            weeks = _weeks(rows_of.get(place, []), first, last)
            found += [_series(one, name, "", first, _of_people(one, weeks, scopes.members[place])) for one in plain]
    return found


def _of_people(one: Series, weeks: Weeks, members: Floats) -> Floats:
    """For every PER_PEOPLE of a segment; NaN in weeks in which it held too few."""
    values = one.values(weeks, weeks)
    if one.unit != "share":
        values = values * PER_PEOPLE / np.maximum(members, 1)
    return np.where(members >= MEMBERS_MIN, values, np.nan)


def _series(one: Series, scope: str, part: str, first: int, values: Floats) -> Watched:
    return Watched(scope=scope, series=one.name, part=part, first_week=first, values=values)


def _grouped(rows: Sequence[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    """By their first column, without it."""
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for key, *rest in rows:
        found.setdefault(key, []).append(tuple(rest))
    return found


def _weeks(rows: Sequence[tuple[Any, ...]], first: int, last: int) -> Weeks:
    sums = np.zeros((4, last - first + 1))
    for week, *values in rows:
        sums[:, week - first] = values
    return Weeks(events=sums[0], customers=sums[1], revenue_cents=sums[2], on_web=sums[3])


def newest_week(day: int) -> int:
    """The last whole week that had a day and more to arrive, as of a day."""
    return week_of(day - 1 - WEEK_DAYS)
