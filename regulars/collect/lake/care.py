"""The lake kept small and clean: files joined, withdrawn events taken out, old days given up, what is left over swept.

No file is changed. Others take its place in one transaction that lists them and unlists it; it stays on the disk for
LEAVE_AFTER, because somebody may be reading it. Each step is short and holds the lake's checkpoint, so that no flush
writes meanwhile; a kill leaves at most a file that nobody lists, and that is swept, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.collect.journal import LAKE, checkpoint_of
from regulars.collect.lake.flush import SQL, add_files, listing, path_of
from regulars.kit.clock import day_number
from regulars.kit.logging import logger

log = logger("collect")
# A file of so many rows is not joined with others; no joined file is larger than FILE_MAX_ROWS.
SMALL_ROWS = 20_000
FILE_MAX_ROWS = 50_000
# So many small files of one day are worth a rewrite.
CROWD_FILES = 4
# Crowded days looked at in one step; one of them is worked on.
CROWDS = 100
# Files looked at in one step after a withdrawal.
FOLLOW_FILES = 50
LEAVE_AFTER = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
ORPHAN_AFTER = timedelta(days=1)
SWEEP_FILES = 1_000
MARK_BYTES = 4
# Steps of one round of tending; the rest is done in the next.
TEND_STEPS = 20
SUFFIXES = (".parquet", ".partial")


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """Files that went into fewer."""

    before: int = 0
    after: int = 0


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What left the lake for good."""

    before_day: int
    """Days since 1970-01-01; everything before it is gone from the lake and stays in the journal."""
    files: int
    events: int
    size_bytes: int


class File(NamedTuple):
    """A row of lake_file that may be replaced."""

    id: int
    kind: str
    day: int
    path: str
    rows: int
    sha256: bytes
    from_seq: int
    to_seq: int
    clean_of: int


def tend(app: App) -> int:
    """Some of what there is to do, in transactions of its own: the worker's idle time. Gives the steps taken."""
    steps = 0
    while steps < TEND_STEPS and (follow_in_lake(app) or _compact_step(app).before):
        steps += 1
    sweep(app)
    return steps


def compact(app: App) -> Compacted:
    """Join small files of a day until none is worth it, a transaction a day."""
    total = Compacted()
    while (step := _compact_step(app)).before:
        total = Compacted(before=total.before + step.before, after=total.after + step.after)
    sweep(app)
    return total


def _compact_step(app: App) -> Compacted:
    with app.transaction() as inside:
        checkpoint_of(inside, LAKE)
        given = {"small": SMALL_ROWS, "files": CROWD_FILES, "limit": CROWDS}
        for kind, day in inside.db.execute(SQL.crowded_days, given).fetchall():
            files = [File(*one) for one in inside.db.execute(SQL.files_of_day, {"kind": kind, "day": day})]
            groups = [group for group in _packed(files) if len(group) > 1]
            if groups:
                return _join(inside, files, groups)
        return Compacted()


def _join(app: App, files: Sequence[File], groups: Sequence[Sequence[File]]) -> Compacted:
    if _mark_torn(app, files):
        return Compacted(before=len(files), after=len(files))
    for group in groups:
        _replace(app, group, (), min(file.clean_of for file in group))
    return Compacted(before=sum(map(len, groups)), after=len(groups))


def _packed(files: Sequence[File]) -> list[list[File]]:
    """Neighbors joined up to FILE_MAX_ROWS; a file that is large already stands alone."""
    groups: list[list[File]] = []
    room = 0
    for file in files:
        if groups and file.rows < SMALL_ROWS and file.rows <= room:
            groups[-1].append(file)
            room -= file.rows
        else:
            groups.append([file])
            room = FILE_MAX_ROWS - file.rows
    return groups


def _mark_torn(app: App, files: Sequence[File]) -> bool:
    """A damaged file must not be copied into a sound one: readers do without it until it is repaired."""
    torn = [file.id for file in files if not app.lake.is_whole(file.path, file.sha256)]
    if torn:
        log.error("lake_damaged", files=len(torn), see="regulars lake verify")
        known = [row[0] for row in app.db.execute(SQL.all_files) if row[8]]
        app.db.execute(SQL.mark_damaged, {"damaged": [*known, *torn], "now": app.clock.now()})
    return bool(torn)


def _replace(app: App, files: Sequence[File], drop: Sequence[tuple[int, int]], clean_of: int) -> None:
    """One file, without these positions, in the place of neighbors of one kind and day."""
    span = (files[0].from_seq, max(file.to_seq for file in files))
    kind, day = files[0].kind, files[0].day
    path = path_of(kind, day, span, f"-{app.dice.token(MARK_BYTES).hex()}")
    written = app.lake.join(path, [file.path for file in files], drop)
    app.db.execute(SQL.drop_files, {"ids": [file.id for file in files], "now": app.clock.now()})
    if written is not None:
        made: list[dict[str, Any]] = [listing(kind, day, path, span, written)]
        add_files(app, made, clean_of)


def follow_in_lake(app: App) -> bool:
    """Take withdrawn events out of the next files that may hold them, in a transaction; False: none are left."""
    with app.transaction() as inside:
        row = inside.db.execute(SQL.withdrawal_for_lake).fetchone()
        if row is None:
            return False
        checkpoint_of(inside, LAKE)
        given = {"withdrawal": row[0], "limit": FOLLOW_FILES}
        files = [File(*one) for one in inside.db.execute(SQL.files_with, given)]
        if not files:
            inside.db.execute(SQL.lake_followed, {"id": row[0], "now": inside.clock.now()})
            log.info("withdrawal_left_the_lake", withdrawal=row[0])
        elif not _mark_torn(inside, files):
            _take_out(inside, files, row[0])
    return True


def remove_left(app: App, withdrawal: int) -> bool:
    """Take off the disk, at once, what this withdrawal has replaced; False: the lake has not followed it yet.

    Whoever is reading such a file at this instant has to ask again: an erased person's must be gone, not be going.
    """
    with app.transaction() as inside:
        row = inside.db.execute(SQL.has_followed, {"withdrawal": withdrawal}).fetchone()
        if row is None:
            return False
        given = {"before": app.clock.now() + INSTANT, "limit": SWEEP_FILES}
        left = [path for (path,) in inside.db.execute(SQL.left_before, given)]
        for path in left:
            app.lake.remove(path)
        inside.db.execute(SQL.forget_left, {"paths": left})
    return len(left) < SWEEP_FILES


def _take_out(app: App, files: Sequence[File], withdrawal: int) -> None:
    clean: list[int] = []
    for file in files:
        span = {"from": file.from_seq, "to": file.to_seq}
        gone: list[tuple[int, int]] = app.db.execute(SQL.ranges_within, span).fetchall()
        if app.lake.holds(file.path, gone):
            _replace(app, [file], gone, withdrawal)
        else:
            clean.append(file.id)
    app.db.execute(SQL.mark_clean, {"ids": clean, "withdrawal": withdrawal})


def prune(app: App, older_than_days: int) -> Pruned:
    """Give up the days before, in the caller's transaction. The journal keeps its events, so nothing is forgotten."""
    checkpoint_of(app, LAKE)
    day = day_number(app.clock.now(), app.settings.zone) - older_than_days
    app.db.execute(SQL.keep_from, {"day": day})
    row = app.db.execute(SQL.drop_days, {"day": day, "now": app.clock.now()}).fetchone()
    assert row is not None, "an aggregate has a row"
    files, events, size = row
    return Pruned(before_day=day, files=files, events=events, size_bytes=size)


def sweep(app: App) -> int:
    """Take off the disk what nobody can be reading any more, and what a kill left; gives how many files."""
    now = app.clock.now()
    with app.transaction() as inside:
        given = {"before": now - LEAVE_AFTER, "limit": SWEEP_FILES}
        left = [path for (path,) in inside.db.execute(SQL.left_before, given)]
        listed = {path for (path,) in inside.db.execute(SQL.listed_paths)}
        old = (now - ORPHAN_AFTER).timestamp()
        orphans = [
            path
            for path, written in app.lake.paths()
            if path.endswith(SUFFIXES) and path not in listed and written < old
        ]
        for path in [*left, *orphans]:
            app.lake.remove(path)
        if left:
            inside.db.execute(SQL.forget_left, {"paths": left})
    return len(left) + len(orphans)
