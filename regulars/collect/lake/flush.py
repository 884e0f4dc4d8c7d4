"""The journal copied to Parquet by day: bodies as they came, and typed facts beside them.

Only what the flow has carried is copied, for then every row has its record; a row keeps the id of its signature and
never of a customer, so merges and splits rewrite nothing. A file is never changed: others take its place. It counts
once its row stands in lake_file, which commits together with the lake's checkpoint: a kill leaves at most a file that
nobody reads.

Of one kind and day the files' spans of positions never overlap: a file holds all events of its day within its span.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.collect.aside import aside_between
from regulars.collect.facts import FACT_COLUMNS, Fact, facts_of
from regulars.collect.journal import LAKE, checkpoint_of, last_withdrawal
from regulars.collect.keys import SQL as JOURNAL_SQL
from regulars.kit.clock import day_date, day_number
from regulars.kit.logging import logger
from regulars.lake.files import Written
from regulars.model import Body, Event
from regulars.store import queries

SQL = queries(__package__)
log = logger("collect")
# Rows held in memory at once, and rows of the largest file.
FLUSH_CHUNK_EVENTS = 20_000
# Files written at once.
WRITERS = 8
FACT_TYPES = {"signature": "bigint"} | {column.name: column.type for column in FACT_COLUMNS}
DAY_PLACE = [column.name for column in FACT_COLUMNS].index("day")
JOURNAL_TYPES = {
    "seq": "bigint",
    "signature": "bigint",
    "source_id": "bigint",
    "message_id": "text",
    "kind": "text",
    "name": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "body": "text",
    "body_hash": "bytea",
}

JOURNAL, FACTS = "journal", "facts"
# Before any day there is.
FIRST_DAY = -(10**9)

Span = tuple[int, int]
"""Positions from and to, both included."""


class Part(NamedTuple):
    """What becomes one file."""

    kind: str
    day: int
    types: dict[str, str]
    rows: list[Any]


_body = msgspec.json.Decoder(Body).decode


class FlushReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one flush copied."""

    events: int = 0
    facts: int = 0
    files: int = 0
    up_to: int = 0
    """Journal position up to which the lake is complete."""


def flush(app: App) -> FlushReport:
    """Copy what the flow has carried since the last flush, in chunks that commit one by one."""
    total = FlushReport()
    while True:
        before = total.up_to
        if app.connection is not None:
            step = _flush_chunk(app)
        else:
            with app.transaction() as inside:
                step = _flush_chunk(inside)
        total = FlushReport(
            events=total.events + step.events,
            facts=total.facts + step.facts,
            files=total.files + step.files,
            up_to=step.up_to,
        )
        if step.up_to == before:
            return total


def _flush_chunk(app: App) -> FlushReport:
    done = checkpoint_of(app, LAKE)
    clean_of = last_withdrawal(app)
    row = app.db.execute(SQL.carried_to, {"after": done, "limit": FLUSH_CHUNK_EVENTS}).fetchone()
    if row is None or row[0] is None:
        return FlushReport(up_to=done)
    up_to: int = row[0]
    rows = app.db.execute(SQL.carried, {"after": done, "to": up_to}).fetchall()
    app.db.execute(JOURNAL_SQL.advance, {"reader": LAKE, "seq": up_to})
    parts = parts_of(app, rows, kept_from(app))
    files = write_parts(app, [(part, (done + 1, up_to)) for part in parts], clean_of)
    facts = sum(len(part.rows) for part in parts if part.kind == FACTS)
    return FlushReport(events=len(rows), facts=facts, files=files, up_to=up_to)


def kept_from(app: App) -> int:
    """The first day the lake keeps (retention)."""
    row = app.db.execute(SQL.kept_from).fetchone()
    assert row is not None, "an aggregate has a row"
    return FIRST_DAY if row[0] is None else row[0]


def parts_of(app: App, rows: list[tuple[Any, ...]], first_day: int) -> list[Part]:
    """These journal rows and their facts by kind and day, days before `first_day` left out."""
    zone = app.settings.zone
    bodies: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        bodies[day_number(row[6], zone)].append(row[:-1])
    typed: defaultdict[int, list[Any]] = defaultdict(list)
    for signature, fact in _facts(app, rows) if rows else ():
        typed[fact[DAY_PLACE]].append((signature, *fact))
    parts = [Part(JOURNAL, day, JOURNAL_TYPES, part) for day, part in sorted(bodies.items())]
    parts += [Part(FACTS, day, FACT_TYPES, part) for day, part in sorted(typed.items())]
    return [part for part in parts if part.day >= first_day]


def write_parts(app: App, parts: list[tuple[Part, Span]], clean_of: int) -> int:
    """One file each, listed; gives how many."""
    if not parts:
        return 0
    # Each file waits for the disk; several waits at once take hardly longer than one.
    with ThreadPoolExecutor(WRITERS) as pool:
        files = list(pool.map(partial(_write, app), parts))
    add_files(app, files, clean_of)
    return len(files)


def add_files(app: App, files: list[dict[str, Any]], clean_of: int) -> None:
    """List these files."""
    columns = {name: [file[name] for file in files] for name in files[0]}
    app.db.execute(SQL.add_files, columns | {"now": app.clock.now(), "clean_of": clean_of})


def _facts(app: App, rows: list[tuple[Any, ...]]) -> list[tuple[int, Fact]]:
    signatures = {row[0]: row[1] for row in rows}
    aside = aside_between(app, rows[0][0] - 1, rows[-1][0])
    events = [
        Event(
            seq=seq, source="", source_kind=source_kind, login_space="", message_id=message_id, kind=kind, name=name,
            occurred_at=occurred_at, received_at=received_at, body=_body(body),
        )
        for seq, _, _, message_id, kind, name, occurred_at, received_at, body, _, source_kind in rows
        if seq not in aside
    ]  # fmt: skip
    return [(signatures[fact[0]], fact) for fact in facts_of(events, app.settings.zone)]


def _write(app: App, given: tuple[Part, Span]) -> dict[str, Any]:
    part, span = given
    path = path_of(part.kind, part.day, span)
    return listing(part.kind, part.day, path, span, app.lake.write(path, part.types, part.rows))


def path_of(kind: str, day: int, span: Span, mark: str = "") -> str:
    """Below the lake's root; `mark` tells a file from those of the same span before it."""
    first, last = span
    return f"{kind}/day={day_date(day).isoformat()}/{first:012d}-{last:012d}{mark}.parquet"


def listing(kind: str, day: int, path: str, span: Span, written: Written) -> dict[str, Any]:
    """A written file as its row."""
    return {
        "kind": kind,
        "day": day,
        "path": path,
        "rows": written.rows,
        "size_bytes": written.size_bytes,
        "sha256": written.sha256,
        "from_seq": span[0],
        "to_seq": span[1],
    }


def fact_files(app: App, until_day: int | None = None) -> list[str]:
    """Absolute paths of the sound fact files of the lake, up to a day; says so where damaged ones are left out."""
    row = app.db.execute(SQL.damaged_files, {"kind": FACTS}).fetchone()
    if row and row[0]:
        log.warning("lake_damaged", files=row[0], rows=row[1], see="regulars lake repair")
    rows = app.db.execute(SQL.files_of, {"kind": FACTS, "until": until_day}).fetchall()
    return [str(app.lake.root / path) for (path,) in rows]
