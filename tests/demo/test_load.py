"""The year goes into the journal once, whatever happens on the way, and the truth stays outside."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq
import pytest

from regulars import collect, demo, profile, resolve
from regulars.app import App

TODAY = date(2026, 3, 2)
MIN_PRECISION = 0.99
MIN_RECALL = 0.93
MIN_B_CUBED = 0.96
MATCH_ERROR = 0.02
# Of a few hundred records, 2% is less than what one person brings.
MATCH_SLACK_RECORDS = 4


def count(app: App, sql: str) -> int:
    with app.transaction() as inside:
        row = inside.db.execute(sql).fetchone()  # pyright: ignore[reportArgumentType]
    assert row is not None
    return row[0]


class Killed(Exception):
    """Stands for a kill."""


def test_a_load_killed_half_way_and_run_again_brings_every_event_once(app: App) -> None:
    def kill(done: int, _: int) -> None:
        if done >= 15_000:
            raise Killed

    with pytest.raises(Killed):
        demo.load(app, "small", TODAY, kill)
    half = count(app, "select count(*) from journal")

    report = demo.load(app, "small", TODAY)

    assert 0 < half < report.events
    assert (report.accepted, report.duplicates, report.refused) == (report.events - half, half, 0)
    assert count(app, "select count(*) from journal") == report.events
    assert count(app, "select count(*) from journal where name = 'Order Completed'") == report.orders


def test_another_size_in_the_same_folder_is_refused(app: App) -> None:
    def stop(_: int, __: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        demo.load(app, "small", TODAY, stop)

    with pytest.raises(demo.DemoRefused, match="RG-1952"):
        demo.load(app, "full")
    with pytest.raises(demo.DemoRefused, match="full, small"):
        demo.load(app, "tiny")


def test_the_house_recognizes_the_people_and_what_joins_them_without_ever_seeing_the_truth(app: App) -> None:
    report = demo.load(app, "small", TODAY)
    carry(app)

    judged = demo.evaluate(app)

    truth = pq.read_table(demo.truth_path(app))
    assert truth.num_rows == report.events
    assert count(app, "select count(*) from journal where body ? 'person' or body -> 'context' ? 'person'") == 0
    assert judged.precision >= MIN_PRECISION
    assert judged.recall >= MIN_RECALL
    assert judged.b_cubed >= MIN_B_CUBED
    assert judged.largest <= 2 * judged.true_largest
    assert judged.records > 3_000
    assert off_by(audited(app), demo.true_matches(app)) == []


def audited(app: App) -> resolve.Audit:
    """The audit of everything that was carried."""
    collect.flush(app)
    resolve.prepare(app)
    with app.transaction() as inside:
        return resolve.audit(inside)


def off_by(found: resolve.Audit, truth: list[demo.TrueMatch]) -> list[str]:
    """What the audit got wrong by more than MATCH_ERROR, and by more than one person's records."""
    faults: list[str] = []
    for true in truth:
        match = found.match(true.source, true.type)
        joins = match.joins if match else 0
        if abs(joins - true.joins) > max(MATCH_ERROR * true.joins, MATCH_SLACK_RECORDS):
            faults.append(f"{true}: found {joins}")
    return faults


def carry(app: App) -> None:
    while True:
        with app.transaction() as inside:
            batch = collect.claim(inside, 5_000)
            if batch is None:
                return
            profile.apply(inside, resolve.identify(inside, batch))
            collect.advance(inside, batch)


def test_evaluating_before_the_load_is_done_says_so(app: App) -> None:
    with pytest.raises(demo.DemoRefused, match="Load the demo"):
        demo.evaluate(app)
