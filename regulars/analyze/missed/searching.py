"""One search: the year is read from the lake, judged, and kept as a numbered version."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from regulars import collect
from regulars.analyze.missed import promised, stopping
from regulars.analyze.missed.telling import SQL, told_of
from regulars.analyze.missed.tiers import tiers
from regulars.analyze.opportunities import Year
from regulars.analyze.opportunities.judging import Judged, judge
from regulars.analyze.opportunities.reading import read
from regulars.analyze.rebuild import FACTS, LAKE_COLUMNS, read_membership
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.kit.errors import place_of
from regulars.lake import duckdb

# Searches are kept for so long: a year of them to compare with.
KEPT_DAYS = 400


def is_due(app: App, now: datetime) -> bool:
    """Whether nobody has searched today, in the brand's zone."""
    row = app.db.execute(SQL.last_search).fetchone()
    return row is None or row[0] is None or row[0] < day_number(now, app.settings.zone)


def search(app: App, breathe: Callable[[], object] = lambda: None) -> int:
    """Search the year up to now and keep what was found; how many opportunities. In transactions of its own.

    What breaks is kept as the search's fault, so that pages say so, and raised.
    """
    began, now = time.monotonic(), app.clock.now()
    try:
        collect.flush(app)
        breathe()
        year, measured = _read(app, now)
        breathe()
        judged = judge(year) if year else []
    except Exception as fault:
        with app.transaction() as inside:
            _add_run(inside, now, None, 0.0, place_of(fault))
        raise
    with app.transaction() as inside:
        audited = stopping.audit(inside)
    with app.transaction() as inside:
        # Taken before anything is written, as an erasure does: who was erased while we judged must not come back.
        collect.checkpoint_of(inside, collect.FLOW)
        version = _keep(inside, now, year, judged, time.monotonic() - began)
        promised.keep(inside, version, measured)
        stopping.keep(inside, version, audited)
        inside.db.execute(SQL.drop_gone)
    return sum(one.is_found for one in judged)


def _read(app: App, now: datetime) -> tuple[Year | None, list[promised.Measured]]:
    # Before anything is read: a typing error in it is told at once, and not after a minute.
    declared = tiers(app)
    with app.transaction() as inside, duckdb.engine() as lake:
        lake.read_facts(FACTS, collect.fact_files(inside), LAKE_COLUMNS)
        read_membership(inside, lake)
        year = read(lake, app.settings.zone, day_number(now, app.settings.zone), declared)
        return year, promised.measure(lake, year.as_of_day) if year else []


def _keep(app: App, now: datetime, year: Year | None, judged: list[Judged], seconds: float) -> int:
    version = _add_run(app, now, year, seconds, None)
    told = [msgspec.json.encode(told_of(one)).decode() for one in judged]
    app.db.execute(
        SQL.add_told,
        {
            "version": version,
            "names": [one.name for one in judged],
            "ranks": list(range(len(judged))),
            "found": [one.is_found for one in judged],
            "told": told,
        },
    )
    app.db.execute(SQL.clear_members)
    if year is not None:
        with app.db.cursor().copy(SQL.load_members) as stream:
            for one in judged:
                stream.write(_lines(year, one))
    app.db.execute(SQL.drop_old_runs, {"before": day_number(now, app.settings.zone) - KEPT_DAYS})
    return version


def _add_run(app: App, now: datetime, year: Year | None, seconds: float, fault: str | None) -> int:
    given = {
        "searched_day": day_number(now, app.settings.zone),
        "as_of_day": year.as_of_day if year else None,
        "customers": len(year) if year else 0,
        "at": now,
        "seconds": round(seconds, 2),
        "fault": fault,
    }
    row = app.db.execute(SQL.add_run, given).fetchone()
    assert row is not None, "a row was just added"
    return row[0]


def _lines(year: Year, one: Judged) -> bytes:
    seen = one.seen
    rows = zip(
        year.customers[seen.members].tolist(), seen.stake_cents.round().astype(int).tolist(), seen.reasons.tolist(),
        strict=True,
    )  # fmt: skip
    return "".join(
        f"{one.name}\t{customer}\t{stake}\t{{{','.join(map(repr, reasons))}}}\n" for customer, stake, reasons in rows
    ).encode()
