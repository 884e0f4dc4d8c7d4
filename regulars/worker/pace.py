"""When to tick: pure decisions about time, and the worker's memory of it."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from regulars.app import App
from regulars.store import queries

SQL = queries(__package__ or "")

TICK_AT = time(10, 0)
"""Local time of the brand at which a day's tick happens: a humane hour for what it may send."""
STILL_AFTER = timedelta(minutes=2)
"""A step of the worker takes seconds: events that wait while it is silent for longer wait for nobody."""
REPLAY_TICK_DAYS = 7
"""While history is replayed, time passes in steps of this many days."""


class Pace(msgspec.Struct, frozen=True):
    """The worker's memory."""

    ticked_at: datetime | None
    replaying: bool
    replay_until: int | None
    flushed_at: datetime | None
    read_asked_at: datetime | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked for the audit to be read now, and it is not done."""

    asked_at: datetime
    seen_at: datetime | None
    """When a worker was last at work; None: never."""
    is_still: bool
    """No worker has been at work for STILL_AFTER."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the flow stands: what waits for it, and whether anybody carries."""

    waiting: int
    """Events accepted and not carried yet."""
    waiting_since: datetime | None
    """When the first of them was received."""
    seen_at: datetime | None
    """When a worker was last at work; None: never."""
    set_aside: int
    """Events that could not be carried (refusals of code RG-1120)."""
    is_still: bool
    """Events wait and no worker has been at work for STILL_AFTER."""


def standing(app: App) -> Standing:
    """How the flow stands now; cheap enough for a page that asks often."""
    waiting, since, seen_at, aside = app.db.execute(SQL.standing).fetchall()[0]
    rested = app.clock.now() - STILL_AFTER
    last = max(at for at in (since, seen_at) if at is not None) if waiting and since else None
    return Standing(
        waiting=max(0, waiting),
        waiting_since=since,
        seen_at=seen_at,
        set_aside=aside,
        is_still=last is not None and last < rested,
    )


def read(app: App) -> Pace:
    """The memory, locked until the transaction ends."""
    return Pace(*app.db.execute(SQL.read_pace).fetchall()[0])


def peek(app: App) -> Pace:
    """The memory, not locked."""
    return Pace(*app.db.execute(SQL.peek_pace).fetchall()[0])


def ask_reading(app: App) -> None:
    """Have the audit read now, between events, instead of when there is nothing else to do."""
    app.db.execute(SQL.ask_reading, {"at": app.clock.now()})


def reading(app: App) -> Reading | None:
    """The reading that is asked for and not done; None: nobody waits for one."""
    asked_at, seen_at = app.db.execute(SQL.reading).fetchall()[0]
    if asked_at is None:
        return None
    is_still = max(seen_at or asked_at, asked_at) < app.clock.now() - STILL_AFTER
    return Reading(asked_at=asked_at, seen_at=seen_at, is_still=is_still)


def next_tick(ticked_at: datetime, zone: ZoneInfo) -> datetime:
    """The next daily tick after `ticked_at`, at the brand's tick hour."""
    local = ticked_at.astimezone(zone)
    day = local.date() if local.time() < TICK_AT else local.date() + timedelta(days=1)
    return datetime.combine(day, TICK_AT, zone)


def tick_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """The tick of the day of `instant`."""
    return datetime.combine(instant.astimezone(zone).date(), TICK_AT, zone)


def replay_tick_before(ticked_at: datetime, instant: datetime, zone: ZoneInfo) -> datetime:
    """The last tick of a replay at or before `instant`: whole steps of REPLAY_TICK_DAYS from the last one."""
    last = ticked_at.astimezone(zone).date()
    steps = (instant.astimezone(zone).date() - last).days // REPLAY_TICK_DAYS
    due = datetime.combine(last + timedelta(days=steps * REPLAY_TICK_DAYS), TICK_AT, zone)
    return due if due <= instant else due - timedelta(days=REPLAY_TICK_DAYS)


def replay_tick_after(ticked_at: datetime, instant: datetime, zone: ZoneInfo) -> datetime:
    """The first tick of a replay after `instant`."""
    return replay_tick_before(ticked_at, instant, zone) + timedelta(days=REPLAY_TICK_DAYS)


def begin_replay(app: App) -> None:
    """History follows, in the order of its own time: the worker's clock goes with it."""
    app.db.execute(SQL.begin_replay)


def cancel_replay(app: App) -> None:
    """The load broke: where nothing of it is in the journal there is nothing to go on with, and the replay is over."""
    app.db.execute(SQL.cancel_replay)


def end_replay(app: App) -> None:
    """All history is in the journal."""
    app.db.execute(SQL.end_of_replay)


def is_caught_up(app: App) -> bool:
    """True when every journalled event is carried, every own event journalled, and no replay runs."""
    behind, announced, replaying = app.db.execute(SQL.waiting).fetchall()[0]
    return not (behind or announced or replaying)
