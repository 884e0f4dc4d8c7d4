"""Acts: looks at every series once a week, keeps what changed, tells what is new. Called beside the flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars import collect
from regulars.analyze.errors import UnknownShift
from regulars.analyze.scores import Floats
from regulars.analyze.shifts import detect
from regulars.analyze.shifts.chance import alarms, draws_for, further, sharpened
from regulars.analyze.shifts.detect import Change
from regulars.analyze.shifts.holidays import WEEK_DAYS, holiday_weeks, monday_of
from regulars.analyze.shifts.series import series
from regulars.analyze.shifts.weekly import EVERYBODY, SQL, Watched, newest_week, watched
from regulars.app import App
from regulars.kit.clock import day_date, day_number
from regulars.kit.dice import hash64

# A change found again within so many days is the same one.
NEAR_DAYS = 21
CHANGES_MAX = 3
NOBODY = 0
"""In the place of the customer: what everybody does is about nobody in particular."""
SHOWN = 200
NOTE_MAX_CHARS = 200


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A change of level, as people see it."""

    id: int
    scope: str
    series: str
    part: str
    day: int
    """Monday of the first week after the change."""
    low_day: int
    high_day: int
    before: float
    after: float
    p: float
    shape: str
    found_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None

    @property
    def change(self) -> float | None:
        """As a share of before; None where there was nothing."""
        return self.after / self.before - 1 if self.before else None


Answer = tuple[float | None, list[Change]]
"""The p value of a series, None where there is too little to say, and its changes."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A series as it was looked at last."""

    scope: str
    series: str
    part: str
    first_day: int
    values: list[float | None]
    holidays: list[int]
    """Places of weeks that say nothing of habits."""
    p: float | None
    """Chance of so large a change in a series without one; None: too little to say."""
    looked_day: int
    looked_at: datetime


def is_due(app: App) -> bool:
    """Has a whole week gone by that nobody looked at?"""
    row = app.db.execute(SQL.last_looked).fetchone()
    week = newest_week(day_number(app.clock.now(), app.settings.zone))
    return row is None or row[0] is None or row[0] < monday_of(week)


def look(app: App, breathe: Callable[[], object] = lambda: None) -> int:
    """Look at all series up to the last whole week; how many changes nobody was told of before."""
    week = newest_week(day_number(app.clock.now(), app.settings.zone))
    every = watched(app, week, breathe)
    breathe()
    judged = [(one, changes) for one, changes in zip(every, judge(every, breathe), strict=True)]
    with app.transaction() as inside:
        inside.db.execute(SQL.keep_looks, _kept(judged, week, inside.clock.now()))
        inside.db.execute(SQL.forget_looks, {"day": monday_of(week)})
        told = [shift for one, (_, changes) in judged for change in changes if (shift := _tell(inside, one, change))]
        collect.announce(inside, told)
    return len(told)


def judge(every: Sequence[Watched], breathe: Callable[[], object] = lambda: None) -> list[Answer]:
    """For each series its p value and its changes, the largest first. Pure.

    Everybody's series are one family and those of all segments another, each with one rate of false alarms: what is
    seen of everybody does not fade because somebody made segments.
    """
    found: list[Answer] = [(None, [])] * len(every)
    for is_all in (True, False):
        places = [at for at, one in enumerate(every) if (one.scope == EVERYBODY) is is_all]
        for at, answer in zip(places, _judge_family([every[at] for at in places], breathe), strict=True):
            found[at] = answer
    return found


def _judge_family(every: Sequence[Watched], breathe: Callable[[], object]) -> list[Answer]:
    first: list[Change | None] = []
    for one in every:
        first.append(_change(one, one.values, 0))
        breathe()
    chances = iter(sharpened([change.chance for change in first if change], breathe))
    first = [change and msgspec.structs.replace(change, chance=next(chances)) for change in first]
    bound = alarms([change.p for change in first if change])
    found: list[Answer] = []
    for one, change in zip(every, first, strict=True):
        changes = [change, *_further(one, change, bound)] if change and change.p <= bound else []
        found.append((change.p if change else None, changes[:CHANGES_MAX]))
    return found


def shifts(app: App, limit: int = SHOWN) -> list[Shift]:
    """All changes, those that nobody saw to first, then the newest."""
    return _shifts(app, None, limit)


def shift(app: App, ident: int) -> Shift:
    """One change, or UnknownShift."""
    found = _shifts(app, ident, 1)
    if not found:
        raise UnknownShift(f"There is no shift {ident}", "Choose one from the page Shifts")
    return found[0]


def looks(app: App, scope: str | None = None, name: str | None = None, part: str | None = None) -> list[Look]:
    """The series as they were looked at last, everybody's first."""
    given = {"scope": scope, "series": name, "part": part}
    names = Look.__struct_fields__
    rows = app.db.execute(SQL.looks, given).fetchall()
    return [msgspec.convert(dict(zip(names, row, strict=True)), Look) for row in rows]


def acknowledge(app: App, ident: int, *, by: str, note: str = "") -> Shift:
    """Say that somebody saw to it, and what they know about it."""
    given = {"id": shift(app, ident).id, "by": by, "now": app.clock.now(), "note": note.strip()[:NOTE_MAX_CHARS]}
    app.db.execute(SQL.acknowledge, given)
    return shift(app, ident)


def _change(one: Watched, values: Floats, offset: int) -> Change | None:
    closed = _closed(one, offset, len(values))
    # The same series on the same weeks draws the same lots.
    seed = hash64(one.scope, one.series, one.part, one.first_week, offset) & 0xFFFFFFFF
    return detect.change_of(values, closed, series[one.series].unit, seed)


def _further(one: Watched, change: Change, bound: float) -> list[Change]:
    """Changes before and after the largest, as sure as it has to be."""
    parts = ((0, one.values[: change.place]), (change.place, one.values[change.place :]))
    found: list[Change] = []
    for offset, values in parts:
        more = _change(one, values, offset)
        if more and (chance := further(more.chance, draws_for(bound))).p <= bound:
            more = msgspec.structs.replace(more, chance=chance)
            places = {name: getattr(more, name) + offset for name in ("place", "low", "high")}
            found.append(msgspec.structs.replace(more, **places))
    return sorted(found, key=lambda one: one.p)


def _kept(
    judged: Sequence[tuple[Watched, tuple[float | None, list[Change]]]], week: int, now: datetime
) -> dict[str, Any]:
    """Every series as columns."""
    every = [one for one, _ in judged]
    return {
        "scopes": [one.scope for one in every],
        "series": [one.series for one in every],
        "parts": [one.part for one in every],
        "first_days": [monday_of(one.first_week) for one in every],
        "values": [_json([None if np.isnan(v) else round(v, 6) for v in one.values.tolist()]) for one in every],
        "holidays": [_json(np.flatnonzero(_closed(one, 0, len(one.values))).tolist()) for one in every],
        "ps": [p for _, (p, _) in judged],
        "looked_day": monday_of(week),
        "now": now,
    }


def _json(values: object) -> str:
    return msgspec.json.encode(values).decode()


def _closed(one: Watched, offset: int, count: int) -> NDArray[np.bool_]:
    """Which of so many weeks from an offset on hold a holiday."""
    years = [day_date(monday_of(one.first_week + at)).year for at in (0, offset + count)]
    weeks = holiday_weeks(years[0], years[1])
    return np.array([one.first_week + offset + at in weeks for at in range(count)], dtype=bool)


def _tell(app: App, one: Watched, change: Change) -> collect.Announcement | None:
    now = app.clock.now()
    day, low, high = (monday_of(one.first_week + at) for at in (change.place, change.low, change.high))
    given = {
        "scope": one.scope,
        "series": one.series,
        "part": one.part,
        "day": day,
        "low_day": low,
        "high_day": high,
        "before": change.before,
        "after": change.after,
        "p": change.p,
        "shape": change.shape,
        "near": NEAR_DAYS,
        "now": now,
    }
    same = app.db.execute(SQL.same_shift, given).fetchone()
    if same is not None:
        app.db.execute(SQL.mend_shift, given | {"id": same[0]})
        return None
    row = app.db.execute(SQL.add_shift, given).fetchone()
    assert row is not None, "an insert returns its id"
    properties = {
        "series": one.series,
        "scope": one.scope or EVERYBODY,
        "part": one.part,
        "week": day_date(day).isoformat(),
        "before": round(change.before, 4),
        "after": round(change.after, 4),
    }
    return collect.Announcement(
        message_id=f"shift:{row[0]}", name="Activity Shifted", customer=NOBODY, occurred_at=now, properties=properties
    )


def _shifts(app: App, ident: int | None, limit: int) -> list[Shift]:
    names = Shift.__struct_fields__
    rows = app.db.execute(SQL.shifts, {"id": ident, "limit": limit}).fetchall()
    return [msgspec.convert(dict(zip(names, row, strict=True)), Shift) for row in rows]


__all__ = ["WEEK_DAYS", "Look", "Shift", "acknowledge", "is_due", "judge", "look", "looks", "shift", "shifts"]
