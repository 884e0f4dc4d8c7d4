"""The journal copied to Parquet by day: bodies as they came, and typed facts beside them.

Only what the flow has carried is copied, for then every row has its record; a row keeps the id of its signature and
never of a customer, so merges and splits rewrite nothing. Files are append-only. A file counts once its row stands in
lake_file, which commits together with the lake's checkpoint: a kill leaves at most a file that nobody reads.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect.aside import aside_between
from regulars.collect.facts import FACT_COLUMNS, Fact, facts_of
from regulars.kit.clock import day_date, day_number
from regulars.model import Body, Event
from regulars.store import queries

SQL = queries(__package__)
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

Part = tuple[str, int, dict[str, str], list[Any]]
"""What becomes one file: kind, day, types of the columns, rows."""

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
    app.db.execute(SQL.make_checkpoint, {"reader": "lake"})
    row = app.db.execute(SQL.lock_checkpoint, {"reader": "lake"}).fetchone()
    assert row is not None, "the checkpoint was just made"
    done: int = row[0]
    row = app.db.execute(SQL.carried_to, {"after": done, "limit": FLUSH_CHUNK_EVENTS}).fetchone()
    if row is None or row[0] is None:
        return FlushReport(up_to=done)
    up_to: int = row[0]
    rows = app.db.execute(SQL.carried, {"after": done, "to": up_to}).fetchall()
    app.db.execute(SQL.advance, {"reader": "lake", "seq": up_to})
    if not rows:
        return FlushReport(up_to=up_to)
    facts = _facts(app, rows)
    zone = app.settings.zone
    bodies: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        bodies[day_number(row[6], zone)].append(row[:-1])
    typed: defaultdict[int, list[Any]] = defaultdict(list)
    for signature, fact in facts:
        typed[fact[DAY_PLACE]].append((signature, *fact))
    parts: list[Part] = [("journal", day, JOURNAL_TYPES, part) for day, part in sorted(bodies.items())]
    parts += [("facts", day, FACT_TYPES, part) for day, part in sorted(typed.items())]
    # Each file waits for the disk; several waits at once take hardly longer than one.
    with ThreadPoolExecutor(WRITERS) as pool:
        files = list(pool.map(partial(_write, app, (done + 1, up_to)), parts))
    columns = {name: [file[name] for file in files] for name in files[0]}
    app.db.execute(SQL.add_files, columns | {"now": app.clock.now()})
    return FlushReport(events=len(rows), facts=len(facts), files=len(files), up_to=up_to)


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


def _write(app: App, span: tuple[int, int], part: Part) -> dict[str, Any]:
    kind, day, types, rows = part
    first, last = span
    path = f"{kind}/day={day_date(day).isoformat()}/{first:012d}-{last:012d}.parquet"
    written = app.lake.write(path, types, rows)
    return {
        "kind": kind,
        "day": day,
        "path": path,
        "rows": len(rows),
        "size_bytes": written.size_bytes,
        "sha256": written.sha256,
        "from_seq": first,
        "to_seq": last,
    }


def fact_files(app: App, until_day: int | None = None) -> list[str]:
    """Absolute paths of the facts in the lake, up to a day."""
    rows = app.db.execute(SQL.files_of, {"kind": "facts", "until": until_day}).fetchall()
    return [str(app.lake.root / path) for path, _ in rows]


def torn_files(app: App) -> list[str]:
    """Files of the lake that are missing or are not what was written, by path."""
    rows = app.db.execute(SQL.files_of, {"kind": None, "until": None}).fetchall()
    return [path for path, sha256 in rows if not app.lake.is_whole(path, sha256)]
