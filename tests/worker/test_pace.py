"""Replays begin and end, a worker with nothing to do rests, and a flow that stands still is seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from regulars import collect, engage, flow, worker
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.model import Batch, Outcome
from regulars.worker import Worker
from tests.engage.people import add_people, intent, states, wish
from tests.engage.town import order, person, tell
from tests.ports import free_port
from tests.worker.place import drain


def ticked_at(app: App) -> datetime | None:
    with app.transaction() as inside:
        return inside.db.execute("select ticked_at from pace").fetchall()[0][0]


def replay(app: App, *steps: Any) -> None:
    with app.transaction() as inside:
        for step in steps:
            step(inside)


def caught_up(app: App) -> bool:
    with app.transaction() as inside:
        return worker.is_caught_up(inside)


def test_a_replay_ends_with_the_last_event_of_its_history_and_the_wall_clock_rules_again(app: App) -> None:
    replay(app, worker.begin_replay)
    long_ago = app.clock.now() - timedelta(days=200)
    tell(app, "crm", [person("ada", long_ago), order("ada", long_ago + timedelta(days=60))])

    drain(app)
    during = ticked_at(app)
    replay(app, worker.end_replay)
    drain(app)

    assert during is not None
    assert during < app.clock.now() - timedelta(days=100)
    assert ticked_at(app) == app.clock.now()
    assert caught_up(app)


def test_a_replay_after_an_idle_day_begins_in_its_own_time(app: App) -> None:
    drain(app)
    assert ticked_at(app) == app.clock.now()
    long_ago = app.clock.now() - timedelta(days=200)

    replay(app, worker.begin_replay)
    tell(app, "crm", [person("ada", long_ago)])
    drain(app)

    at = ticked_at(app)
    assert at is not None
    assert at < app.clock.now() - timedelta(days=100)


def test_news_of_the_weeks_of_a_replay_behind_its_last_tick_is_carried_in_one_batch(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.worker.loop.REPLAY_TICK_EVENTS", 1)
    sizes: list[int] = []
    carry = flow.on_events

    def noted(inside: App, batch: Batch) -> Outcome:
        sizes.append(len(batch.events))
        return carry(inside, batch)

    monkeypatch.setattr(flow, "on_events", noted)
    weeks = [app.clock.now() - timedelta(weeks=week) for week in range(20, 2, -1)]
    replay(app, worker.begin_replay)
    tell(app, "crm", [person("ada", weeks[-1])])
    drain(app)
    news = [collect.Announcement(message_id=f"m{at}", name="Said", customer=1, occurred_at=at) for at in weeks]
    sizes.clear()

    with app.transaction() as inside:
        collect.announce(inside, news)
    drain(app)

    assert sizes == [len(weeks)]


def test_a_replay_of_which_nothing_came_is_over(app: App) -> None:
    replay(app, worker.begin_replay, worker.cancel_replay)

    assert caught_up(app)


def test_a_replay_of_which_something_came_stays_open_for_the_next_run(app: App) -> None:
    replay(app, worker.begin_replay)
    tell(app, "crm", [person("ada", app.clock.now() - timedelta(days=200))])
    replay(app, worker.cancel_replay)
    drain(app)

    assert not caught_up(app)


def test_while_the_mail_server_is_down_the_worker_rests_and_the_message_waits(app: App) -> None:
    app = without_mail(app)
    add_people(app, 1)
    wish(app, intent(1))
    drain(app)

    runner = Worker(app)
    try:
        assert runner.round().was_idle
    finally:
        runner.stop()
        runner.run()

    assert [state for state, _ in states(app).values()] == ["ready"]


def without_mail(app: App) -> App:
    """The same with a mail server that does not answer."""
    return replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=free_port()))


def test_what_rooms_announced_is_published_in_short_transactions(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.collect.journal.PUBLISH_MAX_EVENTS", 1)
    said = [
        collect.Announcement(message_id=f"m{n}", name="Said", customer=1, occurred_at=app.clock.now()) for n in range(3)
    ]
    with app.transaction() as inside:
        collect.announce(inside, said)

    drain(app)

    with app.transaction() as inside:
        rows = inside.db.execute("select count(*), count(distinct xmin::text) from journal where name = 'Said'")
        assert rows.fetchall() == [(3, 3)]


def standing(app: App) -> worker.Standing:
    with app.transaction() as inside:
        return worker.standing(inside)


def test_events_that_wait_while_no_worker_is_seen_make_the_flow_stand_still(app: App, clock: ManualClock) -> None:
    drain(app)
    tell(app, "crm", [person("ada", app.clock.now())])
    fresh = standing(app)

    clock.sleep(300)
    late = standing(app)
    drain(app)

    assert (fresh.waiting, fresh.is_still) == (1, False)
    assert (late.waiting, late.is_still) == (1, True)
    assert (standing(app).waiting, standing(app).is_still) == (0, False)


def test_a_worker_that_is_far_behind_but_at_work_does_not_stand_still(app: App, clock: ManualClock) -> None:
    tell(app, "crm", [person("ada", app.clock.now())])
    clock.sleep(3600)
    with app.transaction() as inside:
        inside.db.execute("update pace set seen_at = %s", [app.clock.now() - timedelta(seconds=30)])

    assert standing(app).waiting_since == app.clock.now() - timedelta(hours=1)
    assert not standing(app).is_still


def test_what_history_wanted_to_say_is_sent_in_its_own_time(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.worker.loop.REPLAY_TICK_EVENTS", 1)
    first = app.clock.now() - timedelta(days=200)
    lapsing = [f"p{n}" for n in range(8)]
    bought = [order(login, first + timedelta(days=7 * week)) for week in range(6) for login in lapsing]
    # Somebody else goes on coming, so that all of history is one claim.
    goes_on = [order("bob", first + timedelta(days=36 + day)) for day in range(90)]
    replay(app, worker.begin_replay)
    tell(app, "crm", [*(person(login, first) for login in [*lapsing, "bob"]), *bought, *goes_on])

    with engage.catcher.serving(tmp_path / "mail", port=0) as port:
        drain(replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=port)))

    assert Counter(state for state, _ in states(app).values())["sent"] >= 3
    assert {reason for _, reason in states(app).values()} <= {"accepted", "holdout"}
