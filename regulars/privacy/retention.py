"""What is too old goes: every day the journal is read once by slices, and what no rule keeps any more goes for good.

A declaration that nobody approved is read the same way and takes nothing: what it would take is its report. It cannot
be undone, so an approval is of the declaration as it stands; any change of the file, a hold as well, waits for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

import msgspec

from regulars import collect, flow
from regulars.app import App
from regulars.kit.logging import logger
from regulars.privacy.errors import RetentionRefused
from regulars.privacy.periods import Retention, becomes_nobodys, retention_of_file
from regulars.store import queries

SQL = queries(__package__ or "")
# Read at once, and gone at once: the flow waits for what goes.
LOOKED_AT_ONCE, GONE_AT_ONCE = 20_000, 2_000
# A larger part of all events at once needs its number typed.
SHARE_MAX = 0.10
log = logger("privacy")
_encode = msgspec.json.Encoder().encode


class ClassReport(msgspec.Struct, kw_only=True):
    """One class of events."""

    kept_from: date
    """What happened before this day goes."""
    is_nobodys: bool
    """Orders: what went stays as nobody's, because the law asks for it."""
    law: str
    purposes: tuple[str, ...]
    going: dict[str, int] = {}
    """Events by month (2026-03) that go."""
    held: dict[str, int] = {}
    """By month, whose time is over and that a hold keeps."""
    staying: dict[str, int] = {}
    """By month."""
    held_because: dict[str, int] = {}
    """By the reason of the hold."""
    unseen: tuple[str, ...] = ()
    """Names of events of which none was met so far."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of the whole journal by one declaration."""

    id: int
    declared: str
    takes: bool
    """It was approved: what it counted as going went."""
    began_at: datetime
    ended_at: datetime | None
    events: int
    """Looked at: all that say something still."""
    classes: dict[str, ClassReport]
    approved_at: datetime | None
    approved_by: str | None

    @property
    def going(self) -> int:
        """Events that go, or went."""
        return sum(sum(one.going.values()) for one in self.classes.values())

    @property
    def unseen(self) -> list[str]:
        """Declared names of which there is no event, because none came or all went; known once everything was tried."""
        names = [event for one in self.classes.values() for event in one.unseen]
        return names if self.ended_at is not None and not self.takes else []

    @property
    def share(self) -> float:
        """Of all events."""
        return self.going / self.events if self.events else 0.0


class Slice(NamedTuple):
    """What a look at some positions found."""

    up_to: int | None
    """None: there is nothing more."""
    looked: int
    due: list[tuple[int, str, str, str]]
    """Position, class, event and month of what is over its time."""
    staying: list[tuple[str, str, str, int]]
    """Class, event, month and how many."""


class Last(NamedTuple):
    """How the last reading stands; nothing but None: there was none."""

    declared: str | None
    takes: bool | None
    began_at: datetime | None
    ended_at: datetime | None
    approved_at: datetime | None


def is_waiting(app: App, last: Last) -> bool:
    """Whether `step` has something to do or to say, without asking the database again."""
    try:
        declared = retention_of_file(app.settings)
    except RetentionRefused:
        return True
    if last.declared != declared.text:
        return bool(declared.classes) or last.declared is not None
    return bool(declared.classes) and (last.ended_at is None or _is_due(app, last, app.today))


def step(app: App) -> int:
    """The worker's: one slice of today's reading, in a transaction of its own; 0: it is done, or nothing is declared.

    Raises RetentionRefused where the file cannot be read: then nothing goes.
    """
    with app.transaction() as inside:
        declared = retention_of_file(app.settings)
        if not declared.classes:
            _note_nothing(inside, declared)
            return 0
        reading = _latest(inside, declared)
        today = app.today
        if reading is not None and reading.ended_at is not None and not _is_due(app, reading, today):
            return 0
        if reading is None or reading.ended_at is not None:
            reading = _begin(inside, declared, takes=reading is not None and reading.approved_at is not None)
        return _read_on(inside, reading, declared, today)


def try_out(app: App) -> Reading:
    """A reading of the whole journal by what is declared now that takes nothing. Raises RetentionRefused."""
    declared = _something(app)
    with app.transaction() as inside:
        reading = _begin(inside, declared, takes=False)
    going_on = 1
    while going_on:
        with app.transaction() as inside:
            going_on = _read_on(inside, _one(inside, reading.id), declared, app.today)
    with app.transaction() as inside:
        return _one(inside, reading.id)


def approve(app: App, actor: str, number: int | None = None) -> Reading:
    """Let what the last reading would take go from the next one on. Raises RetentionRefused.

    `number`: the events that go, where they are more than SHARE_MAX of all.
    """
    declared = _something(app)
    app.db.execute(SQL.lock_readings)
    reading = _latest(app, declared)
    if reading is None or reading.ended_at is None:
        raise RetentionRefused("Nobody knows yet what these rules would take", "Run `regulars retention try` first")
    if reading.share > SHARE_MAX and number != reading.going:
        raise RetentionRefused(
            f"These rules take {reading.going:,} events, {reading.share:.0%} of all, and nothing brings them back",
            f"Look at the report; if that is meant, give the number {reading.going}",
        )
    app.db.execute(SQL.approve_reading, {"id": reading.id, "by": actor, "now": app.clock.now()})
    log.info("retention_approved", reading=reading.id, events=reading.going)
    return _one(app, reading.id)


def latest(app: App) -> Reading | None:
    """The last reading by what is declared now; None: there is none yet, or nothing is declared."""
    declared = retention_of_file(app.settings)
    return _latest(app, declared) if declared.classes else None


def begins(app: App) -> dict[str, date]:
    """Since which day there is history, by class, of all that something was taken of."""
    return dict(app.db.execute(SQL.history_begins).fetchall())


def _note_nothing(app: App, declared: Retention) -> None:
    """That nothing was declared for a while: what is declared then is new, and no approval of before holds for it."""
    last = app.db.execute(SQL.latest_reading).fetchone()
    if last is not None and _reading(last).declared != declared.text:
        nothing = _begin(app, declared, takes=False)
        app.db.execute(SQL.end_reading, {"id": nothing.id, "now": app.clock.now()})


def _something(app: App) -> Retention:
    declared = retention_of_file(app.settings)
    if not declared.classes:
        raise RetentionRefused("No period is declared: everything is kept", "Write retention.yaml into the data folder")
    return declared


def _is_due(app: App, reading: Reading | Last, today: date) -> bool:
    """Once a day; at once after an approval."""
    if reading.approved_at is not None and not reading.takes:
        return True
    assert reading.began_at is not None, "a reading has begun"
    return reading.began_at.astimezone(app.settings.zone).date() < today


def _begin(app: App, declared: Retention, *, takes: bool) -> Reading:
    given = {"declared": declared.text, "takes": takes, "now": app.clock.now()}
    row = app.db.execute(SQL.begin_reading, given | {"classes": _encode(_fresh(app, declared)).decode()}).fetchone()
    assert row is not None, "an insert that returns"
    return _one(app, row[0])


def _fresh(app: App, declared: Retention) -> dict[str, ClassReport]:
    today = app.today
    return {
        name: ClassReport(
            kept_from=declared.kept_from(name, today),
            is_nobodys=becomes_nobodys(rule),
            law=rule.law,
            purposes=rule.purposes,
            unseen=rule.events,
        )
        for name, rule in declared.classes.items()
    }


def _read_on(app: App, reading: Reading, declared: Retention, today: date) -> int:
    """One slice; 0 when the reading has ended."""
    row = app.db.execute(SQL.take_reading, {"id": reading.id}).fetchone()
    if row is None:
        return 0
    if reading.takes:
        bound = collect.checkpoint_of(app, collect.FLOW)
    else:
        bound = app.db.execute(SQL.last_position).fetchall()[0][0]
    found = _look(app, declared, reading, row[0], bound)
    if found.up_to is None:
        app.db.execute(SQL.end_reading, {"id": reading.id, "now": app.clock.now()})
        return 0
    held = _held(app, declared, found.due, today)
    met = {event for _, _, event, _ in found.due} | {event for _, event, _, _ in found.staying}
    for one in reading.classes.values():
        one.unseen = tuple(event for event in one.unseen if event not in met)
    for name, _, month, count in found.staying:
        staying = reading.classes[name].staying
        staying[month] = staying.get(month, 0) + count
    for seq, name, _, month in found.due:
        counts = reading.classes[name].held if seq in held else reading.classes[name].going
        counts[month] = counts.get(month, 0) + 1
        if seq in held:
            because = reading.classes[name].held_because
            because[held[seq]] = because.get(held[seq], 0) + 1
    going = [seq for seq, _, _, _ in found.due if seq not in held]
    if reading.takes and going:
        flow.on_expiry(app, going)
        _note_beginnings(app, reading, Counter(name for seq, name, _, _ in found.due if seq not in held))
    given = {"id": reading.id, "up_to": found.up_to, "events": found.looked}
    app.db.execute(SQL.read_to, given | {"classes": _encode(reading.classes).decode()})
    return 1


def _look(app: App, declared: Retention, reading: Reading, after: int, bound: int) -> Slice:
    rules = [(event, name) for name, rule in declared.classes.items() for event in rule.events]
    given: dict[str, Any] = {
        "after": after,
        "bound": bound,
        "limit": LOOKED_AT_ONCE,
        "most": GONE_AT_ONCE if reading.takes else LOOKED_AT_ONCE,
        "events": [event for event, _ in rules],
        "classes": [name for _, name in rules],
        "kept_from": [_begun(app, reading.classes[name].kept_from) for _, name in rules],
        "zone": app.settings.brand_zone,
    }
    up_to, looked = app.db.execute(SQL.look_up_to, given).fetchall()[0]
    if up_to is None:
        return Slice(None, 0, [], [])
    due = app.db.execute(SQL.over_their_time, given | {"bound": up_to}).fetchall()
    if len(due) == given["most"]:
        up_to, looked = app.db.execute(SQL.look_up_to, given | {"bound": due[-1][0]}).fetchall()[0]
    staying = app.db.execute(SQL.within_their_time, given | {"bound": up_to}).fetchall()
    return Slice(up_to, looked, due, staying)


def _held(app: App, declared: Retention, due: Sequence[tuple[int, str, str, str]], today: date) -> dict[int, str]:
    """Why, by position, of what a hold keeps."""
    by_class, by_customer = declared.held_classes(today), declared.held_customers(today)
    held = {seq: by_class[name] for seq, name, _, _ in due if name in by_class}
    if by_customer and due:
        given = {"seqs": [seq for seq, _, _, _ in due], "customers": list(by_customer)}
        rows = app.db.execute(SQL.positions_of_held, given).fetchall()
        held |= {seq: by_customer[customer] for seq, customer in rows}
    return held


def _note_beginnings(app: App, reading: Reading, taken: Counter[str]) -> None:
    names = sorted(taken)
    given = {"classes": names, "days": [reading.classes[name].kept_from for name in names]}
    app.db.execute(SQL.note_beginnings, given)


def _begun(app: App, day: date) -> datetime:
    return datetime.combine(day, time(), app.settings.zone)


def _latest(app: App, declared: Retention) -> Reading | None:
    """The last reading of all, if it was by this declaration: one of before another change counts no more."""
    row = app.db.execute(SQL.latest_reading).fetchone()
    last = None if row is None else _reading(row)
    return last if last is not None and last.declared == declared.text else None


def _one(app: App, id: int) -> Reading:
    return _reading(app.db.execute(SQL.one_reading, {"id": id}).fetchall()[0])


def _reading(row: tuple[Any, ...]) -> Reading:
    known: dict[str, Any] = dict(zip(Reading.__struct_fields__, row, strict=True))
    known["classes"] = msgspec.json.decode(known["classes"], type=dict[str, ClassReport])
    return Reading(**known)
