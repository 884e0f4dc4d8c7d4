"""Acts for the rhythms of customers: found on the tick, told once, as events in the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from regulars import collect
from regulars.analyze import columns
from regulars.analyze.scores import TraitTable, scores
from regulars.analyze.scoring.applying import version_of
from regulars.analyze.shifts import leaving, rhythm
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.store import queries

SQL = queries("regulars.analyze.shifts")

QUIET, BUSY, LEAVING = "quiet", "busy", "leaving"
MODEL = "lifetime_value"
# A silence that was missed for longer (nobody ticked, or history came in) is known to everybody by now.
TOLD_WITHIN_DAYS = 14
KEPT_DAYS = 400
SHOWN = 50


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """A rhythm that broke, as it was told."""

    customer: int
    kind: str
    """quiet, busy or leaving"""
    day: int
    """Of the order before the silence; the last one on which a burst was seen."""
    found_day: int
    p: float
    """How likely that is in her rhythm; of who is leaving, how likely she still is a customer."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """One customer against her own rhythm now."""

    gaps: int
    mean_days: float
    silent_days: int
    alarm_days: float
    """From so many days of silence on it is no longer her rhythm."""
    quiet: float
    """How likely so long a silence is in her own rhythm."""
    busy: float
    alive: float | None
    """How likely she still is a customer; None: she is not late, or nobody can tell."""
    alive_before: float | None
    """The same on the day of her latest order."""
    breaks: list[Break]

    @property
    def kind(self) -> str:
        """quiet, busy, leaving, or usual."""
        if self.quiet <= rhythm.QUIET_RATE:
            return QUIET
        if self.busy <= rhythm.BUSY_RATE:
            return BUSY
        return LEAVING if self.alive is not None and self.alive < leaving.EVEN else "usual"


def find_breaks(app: App, now: datetime) -> int:
    """Tell whose rhythm broke since the last tick; how many. The same day twice tells nothing twice."""
    day = day_number(now, app.settings.zone)
    table = columns.of_now(app, rhythm.NEEDS, day)
    found = rhythm.surprises(table)
    late = found.silent_days - found.alarm_days
    quiet = np.flatnonzero((found.quiet <= rhythm.QUIET_RATE) & (late >= 0) & (late < TOLD_WITHIN_DAYS))
    busy = np.flatnonzero(found.busy <= rhythm.BUSY_RATE)
    rows: list[tuple[int, str, int, float]] = [
        (int(table.customers[at]), QUIET, int(table["last_order_day"][at]), float(found.quiet[at]))
        for at in quiet.tolist()
    ]
    rows += [(int(table.customers[at]), BUSY, day, float(found.busy[at])) for at in busy.tolist()]
    alive = _alive(app, table, TOLD_WITHIN_DAYS)
    rows += [
        (int(table.customers[at]), LEAVING, int(table["last_order_day"][at]), float(alive.now[at]))
        for at in leaving.fallen(alive).tolist()
    ]
    app.db.execute(SQL.drop_old_breaks, {"before": day - KEPT_DAYS})
    if not rows:
        return 0
    customers, kinds, days, ps = map(list, zip(*rows, strict=True))
    given: dict[str, Any] = {"customers": customers, "kinds": kinds, "days": days, "ps": ps, "found": [day] * len(rows)}
    given["window_days"] = rhythm.WINDOW_DAYS
    told = app.db.execute(SQL.add_breaks, given).fetchall()
    collect.announce(app, [_announcement(row, now) for row in told])
    return len(told)


def pulse(app: App, customer: int) -> Pulse | None:
    """One customer against her own rhythm now; None: too few orders to have one."""
    day = day_number(app.clock.now(), app.settings.zone)
    table = columns.of_now(app, rhythm.NEEDS, day, [customer])
    if not len(table.customers):
        return None
    found = rhythm.surprises(table)
    if np.isinf(found.alarm_days[0]):
        return None
    rows = app.db.execute(SQL.breaks_of, {"customer": customer, "limit": SHOWN}).fetchall()
    alive = _alive(app, table, int(found.silent_days[0]))
    is_told = not np.isnan(alive.now[0])
    return Pulse(
        gaps=int(table["order_days"][0]) - 1,
        mean_days=float(table["gap_mean_days"][0]),
        silent_days=int(found.silent_days[0]),
        alarm_days=float(found.alarm_days[0]),
        quiet=float(found.quiet[0]),
        busy=float(found.busy[0]),
        alive=float(alive.now[0]) if is_told else None,
        alive_before=float(alive.before[0]) if is_told else None,
        breaks=[Break(customer=customer, kind=k, day=d, found_day=f, p=p) for k, d, f, p in rows],
    )


def recent(app: App, days: int = rhythm.WINDOW_DAYS, limit: int = SHOWN) -> list[Break]:
    """Whose rhythm broke in the last days, newest first."""
    since = day_number(app.clock.now(), app.settings.zone) - days
    rows = app.db.execute(SQL.recent_breaks, {"since": since, "limit": limit}).fetchall()
    return [Break(customer=c, kind=k, day=d, found_day=f, p=p) for c, k, d, f, p in rows]


def _alive(app: App, table: TraitTable, days: int) -> leaving.Alive:
    """By the purchase model in force; nothing before there is one."""
    version = version_of(app, scores[MODEL])
    return leaving.alive(table, version.params if version else None, days)


def _announcement(row: tuple[Any, ...], now: datetime) -> collect.Announcement:
    customer, kind, day, p = row
    return collect.Announcement(
        message_id=f"rhythm:{kind}:{customer}:{day}",
        name="Rhythm Broken",
        customer=customer,
        occurred_at=now,
        properties={"kind": kind, "chance": round(p, 6)},
    )
