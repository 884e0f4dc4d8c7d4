"""What the lifecycle looks like: sizes and figures of every stage, who went further, from where to where people got."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import sqrt

import msgspec

from regulars.analyze.errors import UnknownStage
from regulars.analyze.lifecycle.figures import Figure, compared_since, figures, flows
from regulars.analyze.lifecycle.judge import SQL
from regulars.analyze.stages import RANK_BY_STAGE, STAGES, Stage
from regulars.app import App
from regulars.kit.clock import day_number

STAGE_MEMBERS_A_PAGE = 50
VISITS_SHOWN = 50
# With fewer who had their time, one of them is the whole share.
WATCHED_MIN = 20
# 97.5% of a normal distribution lie below it: 19 of 20 cases within.
Z = 1.959964


class StageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One stage now. Money in cents."""

    name: str
    title: str
    phase: str
    meaning: str
    customers: int
    share: float
    """Of all who stand in a stage."""
    before: int
    """Customers at the beginning of the time looked at."""
    spend_365_cents: int
    """Of all its customers when they were counted."""
    spent_each_cents: int | None
    """Of one customer; None: it was empty."""
    orders_90: float
    """Of one customer."""
    survey_mean: float | None
    """Mean of its customers' mean answers; None: nobody answered."""
    watched: int
    """Came into it 90 to 270 days ago and did not end: they had their 90 days to go further."""
    further: int
    """Of these, reached a higher stage within 90 days."""
    conversion: tuple[float, float, float] | None
    """Share of them, and between what it lies in 19 of 20 cases (Wilson); None: too few to say."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Customers who were in one stage and are in another. None: not known then, or not any more."""

    before: str | None
    after: str | None
    customers: int


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """Customers by stage, in the order of the stages, at the end of a day (days since 1970-01-01)."""

    day: int
    customers: list[int]


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about stages over the last `days`."""

    days: int
    today: int
    since_day: int
    """The end of this day is compared with now; moves may go back less far."""
    figures_day: int
    """Spend, orders, answers and who went further are counted once a day, at last on this one."""
    customers: int
    stages: list[StageFigures]
    flows: list[Flow]
    """Only who moved, most first."""
    sizes: list[Sizes]
    """Oldest first, one a day that changed anything."""
    up: int
    down: int


class StageMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a stage."""

    customer: int
    since: datetime
    before: str | None


class StageVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One move of a customer; None: not known before, or ended."""

    before: str | None
    after: str | None
    at: datetime


class Standpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer stands, and how she came there, newest first."""

    stage: Stage
    since: datetime
    visits: list[StageVisit]


def lifecycle(app: App, days: int) -> Lifecycle:
    """The stages now and what moved in the last `days`."""
    today = day_number(app.clock.now(), app.settings.zone)
    since = compared_since(app, today, days)
    now: dict[str, int] = dict(app.db.execute(SQL.sizes).fetchall())
    counted = figures(app)
    sizes = _sizes(app, since, today, now)
    moved = [Flow(before=before or None, after=after or None, customers=n) for before, after, n in flows(app, days)]
    return Lifecycle(
        days=days,
        today=today,
        since_day=since,
        figures_day=next(iter(counted.values())).day,
        customers=sum(now.values()),
        stages=_figures(counted, now, sizes[0].customers),
        flows=sorted(moved, key=lambda flow: -flow.customers),
        sizes=sizes,
        up=sum(flow.customers for flow in moved if _step(flow) > 0),
        down=sum(flow.customers for flow in moved if _step(flow) < 0),
    )


def stage_named(name: str) -> Stage:
    """The declared stage, or UnknownStage."""
    if name not in RANK_BY_STAGE:
        raise UnknownStage(f"There is no stage named '{name[:60]}'", f"Choose one of: {', '.join(RANK_BY_STAGE)}")
    return STAGES[RANK_BY_STAGE[name]]


def stage_members(app: App, stage: str, after: tuple[datetime, int] | None = None) -> list[StageMember]:
    """A page of those in a stage, who came last first; `after` are the instant and customer of the row before."""
    stage_named(stage)
    since, customer = after or (app.clock.now() + timedelta(days=1), 0)
    given = {"stage": stage, "since": since, "customer": customer, "limit": STAGE_MEMBERS_A_PAGE}
    rows = app.db.execute(SQL.members, given).fetchall()
    return [StageMember(customer=who, since=came, before=before) for who, came, before in rows]


def standpoint(app: App, customer: int) -> Standpoint | None:
    """Where a customer stands; None for somebody we do not know."""
    row = app.db.execute(SQL.stage_of, {"customer": customer}).fetchone()
    if row is None or row[0] not in RANK_BY_STAGE:
        return None
    visits = app.db.execute(SQL.moves_of, {"customer": customer, "limit": VISITS_SHOWN}).fetchall()
    return Standpoint(
        stage=stage_named(row[0]),
        since=row[1],
        visits=[StageVisit(before=before, after=after, at=at) for before, after, at in visits],
    )


def _figures(counted: Mapping[str, Figure], now: dict[str, int], before: list[int]) -> list[StageFigures]:
    everybody = sum(now.values()) or 1
    found: list[StageFigures] = []
    for stage, was in zip(STAGES, before, strict=True):
        one, customers = counted[stage.name], now.get(stage.name, 0)
        found.append(
            StageFigures(
                name=stage.name,
                title=stage.title,
                phase=stage.phase,
                meaning=stage.meaning,
                customers=customers,
                share=customers / everybody,
                before=was,
                spend_365_cents=one.spend_365_cents,
                spent_each_cents=one.spend_365_cents // one.customers if one.customers else None,
                orders_90=one.orders_90 / one.customers if one.customers else 0.0,
                survey_mean=one.answers / one.answered if one.answered else None,
                watched=one.watched,
                further=one.further,
                conversion=wilson(one.further, one.watched) if one.watched >= WATCHED_MIN else None,
            )
        )
    return found


def _sizes(app: App, since: int, today: int, now: dict[str, int]) -> list[Sizes]:
    """Back from today, taking away what each day brought."""
    count = dict(now)
    ends = {today: dict(count)}
    for day, stage, change in app.db.execute(SQL.net_by_day, {"since": since}).fetchall():
        ends.setdefault(day, dict(count))
        count[stage] = count.get(stage, 0) - change
        # What stood before this day's moves is the end of the day before.
        ends[day - 1] = dict(count)
    ends[since] = count
    return [
        Sizes(day=day, customers=[size.get(stage.name, 0) for stage in STAGES]) for day, size in sorted(ends.items())
    ]


def _step(flow: Flow) -> int:
    """Up, down, or neither: who came to be known or ended took no step."""
    if flow.before is None or flow.after is None:
        return 0
    return RANK_BY_STAGE.get(flow.after, 0) - RANK_BY_STAGE.get(flow.before, 0)


def wilson(part: int, whole: int) -> tuple[float, float, float]:
    """A share with the interval that holds the true one in 19 of 20 cases (Wilson, 1927). `whole` above 0."""
    share = part / whole
    middle = (share + Z * Z / (2 * whole)) / (1 + Z * Z / whole)
    reach = Z * sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole)) / (1 + Z * Z / whole)
    return share, max(0.0, middle - reach), min(1.0, middle + reach)
