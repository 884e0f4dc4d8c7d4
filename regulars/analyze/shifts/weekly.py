"""Every series that is watched, week by week, out of the lake: of everybody, and of the people of each segment.

A segment's numbers are those of its people on the days on which they were in it, for every hundred of them: whoever is
in it today says nothing of those who were in it in spring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from regulars import collect
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


def watched(app: App, last_week: int) -> list[Watched]:
    """All series up to and including a week; none where no whole week is known."""
    with duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(app), LAKE_COLUMNS)
        read_membership(app, lake)
        lake.view("owned", OWNED)
        ((first_day,),) = lake.rows(SQL.first_fact_day)
        if first_day is None:
            return []
        first = max(week_of(first_day - 1) + 1, last_week - WEEKS_MAX + 1)
        if first > last_week:
            return []
        scopes = _read_spells(app, lake, monday_of(last_week + 1))
        found: list[Watched] = []
        for _, one in series.items():
            found += _of_everybody(lake, one, first, last_week)
            if one.by is None:
                found += [_of_scope(lake, one, scope, first, last_week) for scope in scopes]
        return found


def _read_spells(app: App, lake: duckdb.Engine, until: int) -> list[str]:
    row = app.db.execute(SQL.moves_counted).fetchone()
    assert row is not None, "a count has a row"
    rows = app.db.execute(
        SQL.spells, {"until": until, "every": 1 + row[0] // SPELLS_MAX, "zone": app.settings.zone.key}
    ).fetchall()
    columns = {"segment": "text", "customer": "bigint", "from_day": "bigint", "to_day": "bigint"}
    lake.table("spell", columns, rows)
    return sorted({row[0] for row in rows})


def _of_everybody(lake: duckdb.Engine, one: Series, first: int, last: int) -> list[Watched]:
    given = {"event": one.event, "first": monday_of(first), "last": monday_of(last + 1) - 1}
    whole = _weeks(lake.rows(SQL.weekly, given), first, last)
    if one.by is None:
        return [Watched(scope=EVERYBODY, series=one.name, part="", first_week=first, values=one.values(whole, whole))]
    rows = lake.rows(SQL.weekly_parts, given | {"most": PARTS_MAX})
    parts = sorted({row[0] for row in rows})
    return [
        Watched(
            scope=EVERYBODY,
            series=one.name,
            part=part,
            first_week=first,
            values=one.values(_weeks([row[1:] for row in rows if row[0] == part], first, last), whole),
        )
        for part in parts
    ]


def _of_scope(lake: duckdb.Engine, one: Series, scope: str, first: int, last: int) -> Watched:
    given = {"event": one.event, "first": monday_of(first), "last": monday_of(last + 1) - 1, "scope": scope}
    weeks = _weeks(lake.rows(SQL.weekly_in_scope, given), first, last)
    members = np.zeros(last - first + 1)
    for week, count in lake.rows(SQL.member_weeks, {"scope": scope, "from_week": first, "to_week": last}):
        members[week - first] = count
    values = one.values(weeks, weeks)
    if one.unit != "share":
        values = values * PER_PEOPLE / np.maximum(members, 1)
    return Watched(
        scope=scope,
        series=one.name,
        part="",
        first_week=first,
        values=np.where(members >= MEMBERS_MIN, values, np.nan),
    )


def _weeks(rows: Sequence[tuple[Any, ...]], first: int, last: int) -> Weeks:
    sums = np.zeros((4, last - first + 1))
    for week, *values in rows:
        sums[:, week - first] = values
    return Weeks(events=sums[0], customers=sums[1], revenue_cents=sums[2], on_web=sums[3])


def newest_week(day: int) -> int:
    """The last whole week that had a day and more to arrive, as of a day."""
    return week_of(day - 1 - WEEK_DAYS)
