"""Pulling: rows that a place gives become messages and pass the same door; how far it is commits with them.

A row's message id is made of its key and its cursor: fetched again it is a duplicate, changed it is a new event.
"""

from __future__ import annotations

import tomllib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from regulars.app import App
from regulars.collect.door import Arrival, Row, admit
from regulars.collect.errors import PullRefused
from regulars.collect.files.mapping import Mapping, check, compiled
from regulars.collect.formats.cells import filled, plain
from regulars.collect.journal import APPEND_MAX_EVENTS, Entry, Rejected, append, mint
from regulars.collect.keys import NAME, SQL, Source, register, source_by_name
from regulars.collect.pulls import Connect, pulls
from regulars.collect.pulls.secret import check_open
from regulars.kit.errors import NotFound, RegularsError

# "PULL": class of the advisory locks that say which are being pulled.
PULL_LOCK = 0x50554C4C
BATCH_ROWS = APPEND_MAX_EVENTS
ID_BYTES = 16
Cursor = int | float | str | datetime | date


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
    ran_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time again."""
        return self.ran_at is None or now - self.ran_at >= timedelta(minutes=self.definition.every_minutes)


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
    return [_use(row) for row in app.db.execute(SQL.pulls, {"name": None})]


def pull_named(app: App, name: str) -> PullUse:
    """One of them. Raises NotFound."""
    row = app.db.execute(SQL.pulls, {"name": name}).fetchone()
    if row is None:
        raise NotFound(f"There is no pull '{name}'", "Choose one from `regulars pull list`")
    return _use(row)


def remove_pull(app: App, name: str) -> None:
    """Forget a pull and how far it was. What came in stays."""
    app.db.execute(SQL.remove_pull, {"pull": pull_named(app, name).id})


def run_pull(app: App, name: str) -> PullReport:
    """Fetch what is new, a batch a transaction; a run that was cut off goes on behind its last batch."""
    with app.transaction() as inside:
        use = pull_named(inside, name)
        source = source_by_name(inside, use.source)
    assert source is not None
    plug = pulls[use.definition.kind]
    connect = msgspec.convert(use.definition.connect, plug.settings)
    since = _decoded(use.cursor)
    report = PullReport(pull=name, rows=0, accepted=0, duplicates=0, refused=0)
    with _held(app, use):
        try:
            highest: Any = since
            for batch in _batches(plug.rows(connect, since)):
                highest = _highest(highest, batch, connect.cursor)
                report = _put(app, use, source, batch, connect, report, highest if plug.is_ordered else since)
        except RegularsError as fault:
            _ended(app, use, None, f"{fault.what}. {fault.fix}")
            raise
        _ended(app, use, highest, None)
    return report


def _read(path: Path) -> Definition:
    try:
        definition = msgspec.convert(tomllib.loads(path.read_text()), Definition)
        if definition.kind not in set(pulls):
            raise PullRefused(f"There is no pull of kind '{definition.kind}'", f"Choose one of: {', '.join(pulls)}")
        connect = msgspec.convert(definition.connect, pulls[definition.kind].settings)
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise PullRefused(f"The definition {path.name} cannot be used: {fault}", "Mend what it names") from None
    check(definition.mapping, f"The mapping of {path.name}")
    for field in ("url", "token"):
        check_open(getattr(connect, field, ""))
    if definition.every_minutes < 1:
        raise PullRefused("every_minutes is below 1", "Say how many minutes lie between two runs")
    return definition


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    going = iter(rows)
    while batch := list(islice(going, BATCH_ROWS)):
        yield batch


def _highest(highest: Any, batch: list[dict[str, Any]], cursor: str) -> Any:
    values = [row[cursor] for row in batch if row.get(cursor) is not None]
    try:
        return max([*values, highest] if highest is not None else values, default=None)
    except TypeError:
        raise PullRefused(f"The values of {cursor} cannot be put in order", "Choose a column of one type") from None


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
        made = mapped(filled(row))
        made["messageId"] = _message_id(use.name, row.get(connect.key), row.get(connect.cursor))
        item = admit(made, arrival)
        if isinstance(item, Row):
            entries.append(Entry(source, now, item))
        else:
            rejected.append(Rejected(source, now, item))
    with app.transaction() as inside:
        fate = append(inside, entries, rejected)
        moved = {"pull": use.id, "cursor": _encoded(cursor), "rows": len(batch)}
        inside.db.execute(SQL.move_pull, moved)
    doubled, contradicted = len(fate.duplicates), len(fate.conflicts)
    return PullReport(
        pull=use.name,
        rows=report.rows + len(batch),
        accepted=report.accepted + len(entries) - doubled - contradicted,
        duplicates=report.duplicates + doubled,
        refused=report.refused + len(rejected) + contradicted,
    )


def _message_id(name: str, key: object, cursor: object) -> str:
    told = msgspec.json.encode([plain(key), plain(cursor)], enc_hook=str)
    return f"pull:{name[:40]}:{blake2b(told, digest_size=ID_BYTES).hexdigest()}"


def _ended(app: App, use: PullUse, cursor: object, fault: str | None) -> None:
    with app.transaction() as inside:
        given = {"pull": use.id, "cursor": _encoded(cursor), "fault": fault, "now": app.clock.now()}
        inside.db.execute(SQL.end_pull, given)


@contextmanager
def _held(app: App, use: PullUse) -> Generator[None, None, None]:
    """Nobody else runs it meanwhile, and a process that dies lets go."""
    with psycopg.connect(app.store.dsn, autocommit=True) as connection:
        row = connection.execute(SQL.hold_import, {"class": PULL_LOCK, "run": use.id}).fetchone()
        if row != (True,):
            raise PullRefused(f"Pull {use.name} is running already", "Wait for its end")
        yield


def _encoded(cursor: object) -> str | None:
    if cursor is None:
        return None
    kind = next(name for name, type in KINDS.items() if isinstance(cursor, type))
    return msgspec.json.encode([kind, cursor]).decode()


def _decoded(text: str | None) -> object:
    if text is None:
        return None
    kind, value = msgspec.json.decode(text)
    return msgspec.convert(value, KINDS[kind])


# A datetime is a date, too: the narrower one first.
KINDS: dict[str, type[Cursor]] = {"time": datetime, "date": date, "int": int, "float": float, "text": str}


def _use(row: tuple[Any, ...]) -> PullUse:
    told: dict[str, Any] = dict(zip(PullUse.__struct_fields__, row, strict=True))
    told["definition"] = msgspec.json.decode(told["definition"], type=Definition)
    return PullUse(**told)
