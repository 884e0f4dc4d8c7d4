"""Pulling: rows that a place gives become messages and pass the same door; how far it is commits with them.

A row's message id is made of its key and its cursor: fetched again it is a duplicate, changed it is a new event. A row
without one of them cannot be told from others and is refused, so it is a row with its reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from regulars.app import App
from regulars.collect.door import Arrival, Refused, Row, admit, refuse
from regulars.collect.errors import ROW_WITHOUT_CURSOR, PullBusy, PullRefused
from regulars.collect.files.mapping import Mapping, check, compiled
from regulars.collect.formats.cells import filled
from regulars.collect.hold import held
from regulars.collect.journal import APPEND_MAX_EVENTS, Entry, Rejected, append, mint
from regulars.collect.keys import NAME, SQL, Source, register, source_by_name
from regulars.collect.pulls import Connect, no_column, pulls
from regulars.collect.pulls.cursors import highest, is_told, looked_back, value_of, written
from regulars.kit.errors import NotFound, RegularsError, place_of
from regulars.kit.secret import check_open

# "PULL": class of the advisory locks that say which are being pulled.
PULL_LOCK = 0x50554C4C
BATCH_ROWS = APPEND_MAX_EVENTS
ID_BYTES = 16
EVERY_MAX_MINUTES = 366 * 24 * 60
"""A year. Longer than any calendar counts, it could not be said when it is due, and all would wait."""
CUT_OFF_REST = timedelta(minutes=5)
"""So long after its beginning a run that was cut off is due again, where it is not due sooner."""


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a definition's file says, as TOML."""

    kind: str
    """sql, rest, …"""
    source: str
    """Where its events come from; made if need be."""
    source_kind: str = "other"
    every_minutes: int = 60
    """How often it is due."""
    connect: dict[str, Any]
    mapping: Mapping = Mapping()


class PullUse(msgspec.Struct, frozen=True, kw_only=True):
    """One pull and how it stands."""

    id: int
    name: str
    source: str
    definition: Definition
    cursor: str | None
    """How far it is, as JSON; None: nothing came yet."""
    rows: int
    fault: str | None
    """Why its last run failed; None: it did not."""
    began_at: datetime | None
    ran_at: datetime | None
    """When its last run ended."""
    is_running: bool

    @property
    def is_cut_off(self) -> bool:
        """Its last run did not end and goes on no more."""
        if self.is_running or self.began_at is None:
            return False
        return self.ran_at is None or self.ran_at < self.began_at

    @property
    def state(self) -> str:
        """running, cut off, failed, waiting, or new where it never ran."""
        if self.is_running:
            return "running"
        if self.is_cut_off:
            return "cut off"
        return "failed" if self.fault else "waiting" if self.began_at else "new"

    def is_due(self, now: datetime) -> bool:
        """Whether it is time again."""
        if self.is_running or self.began_at is None:
            return not self.is_running
        every = timedelta(minutes=self.definition.every_minutes)
        return now - self.began_at >= (min(every, CUT_OFF_REST) if self.is_cut_off else every)


class PullReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one run brought."""

    pull: str
    rows: int
    accepted: int
    duplicates: int
    refused: int


def add_pull(app: App, name: str, path: Path) -> PullUse:
    """Keep a definition under this name, in the caller's transaction; one that is there keeps its cursor."""
    definition = _read(path)
    if not NAME.fullmatch(name):
        raise PullRefused(f"'{name}' is no name", "Use lower-case letters, digits, - and _")
    source = source_by_name(app, definition.source) or register(app, definition.source, definition.source_kind)[0]
    told = {"name": name, "source": source.id, "definition": msgspec.json.encode(definition).decode()}
    app.db.execute(SQL.keep_pull, told)
    return pull_named(app, name)


def list_pulls(app: App) -> list[PullUse]:
    """All of them, by name."""
    return [_use(row) for row in app.db.execute(SQL.pulls, {"name": None, "class": PULL_LOCK})]


def pull_named(app: App, name: str) -> PullUse:
    """One of them. Raises NotFound."""
    row = app.db.execute(SQL.pulls, {"name": name, "class": PULL_LOCK}).fetchone()
    if row is None:
        raise NotFound(f"There is no pull '{name}'", "Choose one from `regulars pull list`")
    return _use(row)


def remove_pull(app: App, name: str) -> None:
    """Forget a pull and how far it was. What came in stays."""
    app.db.execute(SQL.remove_pull, {"pull": pull_named(app, name).id})


def run_pull(app: App, name: str) -> PullReport:
    """Fetch what is new, a batch a transaction; a run that was cut off goes on behind its last batch.

    Raises NotFound, PullBusy where somebody runs it, PullRefused, and PullAway where its place does not answer.
    """
    with app.transaction() as inside:
        id = pull_named(inside, name).id
    with held(app, PULL_LOCK, id, PullBusy(f"Pull {name} is running already", "Wait for its end")):
        with app.transaction() as inside:
            use = pull_named(inside, name)
            inside.db.execute(SQL.begin_pull, {"pull": id, "now": app.clock.now()})
        try:
            report, reached = _fetched(app, use)
        except RegularsError as fault:
            _ended(app, id, None, f"{fault.what}. {fault.fix}")
            raise
        except psycopg.OperationalError:
            # The database went away: what came is in, and it goes on from there.
            raise
        except Exception as fault:
            _ended(app, id, None, f"It broke: {place_of(fault)}")
            raise
        _ended(app, id, reached, None)
    return report


def cut_off_pull(app: App, name: str, after: timedelta) -> None:
    """Say of a run that somebody ended from outside, after so long, why, and what becomes of the pull."""
    with app.transaction() as inside:
        use = pull_named(inside, name)
        goes_on = (
            "It goes on behind its last batch"
            if pulls[use.definition.kind].is_ordered
            else "It begins again where it began: ask for less with `since` and `parameters`"
        )
        hours = round(after / timedelta(hours=1))
        fault = f"It took over {hours} hours and was cut off. {goes_on}"
        inside.db.execute(SQL.cut_off_pull, {"pull": use.id, "fault": fault})


def _fetched(app: App, use: PullUse) -> tuple[PullReport, object]:
    """What came, and how far it is then."""
    with app.transaction() as inside:
        source = source_by_name(inside, use.source)
    assert source is not None
    plug = pulls[use.definition.kind]
    connect = msgspec.convert(use.definition.connect, plug.settings)
    known = reached = value_of(use.cursor)
    report = PullReport(pull=use.name, rows=0, accepted=0, duplicates=0, refused=0)
    for batch in _batches(plug.rows(connect, looked_back(known, connect))):
        if not report.rows:
            _check_columns(batch, connect)
        reached = highest((row.get(connect.cursor) for row in batch), reached, connect.cursor)
        report = _put(app, use, source, batch, connect, report, reached if plug.is_ordered else known)
    return report, reached


def _check_columns(batch: list[dict[str, Any]], connect: Connect) -> None:
    """Raise PullRefused where no row of the first ones has the key or the cursor."""
    names = list(dict.fromkeys(name for row in batch for name in row))
    for wanted in (connect.key, connect.cursor):
        if wanted not in names:
            raise no_column(wanted, names)


def _read(path: Path) -> Definition:
    try:
        definition = msgspec.convert(tomllib.loads(path.read_text()), Definition)
        if definition.kind not in set(pulls):
            raise PullRefused(f"There is no pull of kind '{definition.kind}'", f"Choose one of: {', '.join(pulls)}")
        msgspec.convert(definition.connect, pulls[definition.kind].settings)
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise PullRefused(f"The definition {path.name} cannot be used: {fault}", "Mend what it names") from None
    check(definition.mapping, f"The mapping of {path.name}")
    # Ours are columns, whatever they are called.
    check_open(definition.connect, PullRefused, plain=Connect.__struct_fields__)
    if definition.every_minutes < 1:
        raise PullRefused("every_minutes is below 1", "Say how many minutes lie between two runs")
    if definition.every_minutes > EVERY_MAX_MINUTES:
        raise PullRefused(f"every_minutes is above {EVERY_MAX_MINUTES:,}, a year", "Let it run more often")
    return definition


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    going = iter(rows)
    while batch := list(islice(going, BATCH_ROWS)):
        yield batch


def _put(
    app: App,
    use: PullUse,
    source: Source,
    batch: list[dict[str, Any]],
    connect: Connect,
    report: PullReport,
    cursor: object,
) -> PullReport:
    """Append a batch and, in the same transaction, how far the pull is."""
    now = app.clock.now()
    arrival = Arrival(source, now, lambda: mint(app))
    mapped = compiled(use.definition.mapping, app.settings.zone)
    entries: list[Entry] = []
    rejected: list[Rejected] = []
    for row in batch:
        item = _admitted(use.name, row, mapped(filled(row)), connect, arrival)
        if isinstance(item, Row):
            entries.append(Entry(source, now, item))
        else:
            rejected.append(Rejected(source, now, item))
    with app.transaction() as inside:
        fate = append(inside, entries, rejected)
        moved = {"pull": use.id, "cursor": None if cursor is None else written(cursor), "rows": len(batch)}
        inside.db.execute(SQL.move_pull, moved)
    doubled, contradicted = len(fate.duplicates), len(fate.conflicts) + len(fate.stopped)
    return PullReport(
        pull=use.name,
        rows=report.rows + len(batch),
        accepted=report.accepted + len(entries) - doubled - contradicted,
        duplicates=report.duplicates + doubled,
        refused=report.refused + len(rejected) + contradicted,
    )


def _admitted(
    name: str, row: dict[str, Any], made: dict[str, Any], connect: Connect, arrival: Arrival
) -> Row | Refused:
    """The row as the journal takes it, or why it does not; `made` is the message of it."""
    key, cursor = row.get(connect.key), row.get(connect.cursor)
    told = [_identity(key), _identity(cursor)]
    made["messageId"] = f"pull:{name[:40]}:{blake2b(msgspec.json.encode(told), digest_size=ID_BYTES).hexdigest()}"
    missing = connect.key if key is None else None if is_told(cursor) else connect.cursor
    if missing is None:
        return admit(made, arrival)
    return refuse(
        made,
        ROW_WITHOUT_CURSOR,
        f"The row has no value in {missing}",
        "Give it one where it comes from, or name a column that is always filled; it is fetched again then",
    )


def _identity(value: object) -> str | None:
    try:
        return written(value)
    except PullRefused:
        return None if value is None else str(value)  # a key needs no order


def _ended(app: App, id: int, reached: object, fault: str | None) -> None:
    with app.transaction() as inside:
        cursor = None if reached is None else written(reached)
        given = {"pull": id, "cursor": cursor, "fault": fault, "now": app.clock.now()}
        inside.db.execute(SQL.end_pull, given)


def _use(row: tuple[Any, ...]) -> PullUse:
    told: dict[str, Any] = dict(zip(PullUse.__struct_fields__, row, strict=True))
    told["definition"] = msgspec.json.decode(told["definition"], type=Definition)
    return PullUse(**told)
