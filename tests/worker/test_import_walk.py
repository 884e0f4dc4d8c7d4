"""A file imported into a brand that lives, and taken back: as if it had never come, in every room."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from regulars import analyze, collect, resolve
from regulars.app import App
from regulars.kit.clock import ManualClock
from tests.engage.town import message, order, person, tell
from tests.worker.place import drain
from tests.worker.test_withdrawal import PROJECTIONS

OLD = [f"old{number}" for number in range(8)]
NEW = [f"new{number}" for number in range(20)]
# What is under way for somebody; that a journey once began, and ended, stays written down.
QUERIES = PROJECTIONS | {
    "journeys": "select journey, customer, entry_key, node, held from enrolment where status = 'live'"
}
# A day passes meanwhile, and these age with it.
AGING = {"traits", "segments"}


def brand(app: App) -> list[dict[str, Any]]:
    """Regulars of a shop; the first two have not come for weeks."""
    start = app.clock.now() - timedelta(days=100)
    told = [person(login, start) for login in OLD]
    often = [(login, 10 if login in OLD[:2] else 16) for login in OLD]
    return told + [order(login, start + timedelta(days=6 * n), "50.00") for login, times in often for n in range(times)]


def till(app: App) -> list[dict[str, Any]]:
    """Somebody whom a till knows by another login, and by her card."""
    at = app.clock.now() - timedelta(days=50)
    return [message("identify", "t-1", at, traits={"loyalty_card": "C-1"}), order("t-1", at, "10.00")]


def export(app: App) -> list[dict[str, Any]]:
    """New people who bought and stayed away, and more of those who are there: one is known to the till, one says no."""
    start = app.clock.now() - timedelta(days=100)
    told = [person(login, start) for login in NEW]
    told += [order(login, start + timedelta(days=6 * n), "20.00") for login in NEW for n in range(10)]
    told += [order(login, start + timedelta(days=97, hours=n), "90.00") for login in OLD[:5] for n in range(3)]
    told += [message("identify", OLD[2], start, traits={"loyalty_card": "C-1"})]
    told += [message("identify", OLD[5], start + timedelta(days=98), traits={"first_name": "Other"})]
    told += [message("track", OLD[6], start, event="Unsubscribed", properties={"email": f"{OLD[6]}@example.com"})]
    returned = {"order_id": f"o-{OLD[7]}-{start:%Y%m%d%H%M}", "revenue": "50.00"}
    return [*told, message("track", OLD[7], start + timedelta(days=9), event="Order Refunded", properties=returned)]


def snapshot(app: App) -> dict[str, list[str]]:
    with app.transaction() as inside:
        return {name: sorted(map(repr, inside.db.execute(sql))) for name, sql in QUERIES.items()}


def differing(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    return [name for name in one if one[name] != other[name]]


def next_day(app: App) -> None:
    """Until the next tick, which lets journeys begin and end."""
    assert isinstance(app.clock, ManualClock)
    app.clock.sleep(timedelta(days=1).total_seconds())
    drain(app)


def test_a_file_that_was_imported_and_undone_has_never_been(app: App, twin: App, tmp_path: Path) -> None:
    for each in (app, twin):
        tell(each, "crm", brand(each))
        tell(each, "tills", till(each), "tills")
        drain(each)
    before = snapshot(app)
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in export(app)))
    with app.transaction() as inside:
        source, _ = collect.register(inside, "archive", "crm", "crm")

    report = collect.import_file(app, path, source)
    drain(app)
    next_day(app)
    between = snapshot(app)
    with app.transaction() as inside:
        collect.undo_import(inside, report.run or 0, "anna")
    drain(app)
    next_day(twin)

    after, never = snapshot(app), snapshot(twin)
    assert (report.accepted, report.refused) == (len(export(twin)), 0)
    assert (len(before["customers"]), len(between["customers"])) == (len(OLD) + 1, len(OLD) + len(NEW))
    assert differing(before, between) == list(before)
    assert differing(after, never) == []
    assert differing({name: before[name] for name in before if name not in AGING}, after) == []
    collect.flush(app)
    with app.transaction() as inside:
        found = resolve.rebuild(inside)
        assert (found.created, found.merged, found.recompute) == ([], [], [])
        assert analyze.differences(inside) == []
    assert differing(snapshot(app), never) == []
