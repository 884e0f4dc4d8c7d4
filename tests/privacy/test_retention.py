"""What is too old goes: tried first, approved, held where somebody says so, and everything computed stays true."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from regulars import analyze, collect, privacy
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.settings import Settings
from regulars.privacy import periods, retention
from regulars.web import access
from regulars.web.accounts import Role
from regulars.web.api import retention as api
from tests.engage.town import customer_of, message, order, person, tell
from tests.worker.place import drain

RULES = """
classes:
  browsing: {events: [page], keep: 30 days}
  orders: {events: [Order Completed], keep: 1 year, purposes: [warranty], law: tax law}
purposes: {warranty: 2 years}
"""
VIEWS = (5, 20, 40, 60)


@pytest.fixture
def app(app: App) -> App:
    """Two people who looked at pages and bought, lately and years ago."""
    analyze.ensure_schema(app)
    now = app.clock.now()
    long_ago = now - timedelta(days=900)
    told = [person(login, long_ago - timedelta(days=1)) for login in ("ada", "ben")]
    for login in ("ada", "ben"):
        told += [message("page", login, now - timedelta(days=days), name="Menu") for days in VIEWS]
        told += [order(login, long_ago, "30.00"), order(login, now - timedelta(days=400), "20.00")]
    tell(app, "shop", told)
    drain(app)
    collect.flush(app)
    return app


def declare(app: App, text: str = RULES) -> None:
    app.settings.home_path.mkdir(exist_ok=True)
    (app.settings.home_path / "retention.yaml").write_text(text)


def approve(app: App, number: int | None = None) -> retention.Reading:
    with app.transaction() as inside:
        return retention.approve(inside, "officer", number)


def asked(app: App, sql: str) -> Any:
    with app.transaction() as inside:
        return inside.db.execute(sql).fetchall()


def standing(app: App) -> list[tuple[str, int]]:
    """Events that say something still, by name."""
    named = "case when kind = 'track' then name else kind end"
    return asked(app, f"select {named}, count(*)::int from journal where kind <> 'aside' group by 1 order by 1")


def test_a_trial_counts_what_would_go_and_takes_nothing(app: App) -> None:
    declare(app)
    before = standing(app)

    found = retention.try_out(app)
    drain(app)

    assert standing(app) == before
    assert (found.going, found.events, found.takes) == (6, 14, False)
    browsing, orders = found.classes["browsing"], found.classes["orders"]
    assert (browsing.going, browsing.staying) == ({"2026-01": 4}, {"2026-02": 4})
    assert (sum(orders.going.values()), orders.kept_from, orders.is_nobodys) == (2, date(2024, 3, 2), True)


def test_nothing_goes_before_it_was_tried_and_a_large_part_only_by_its_number(app: App) -> None:
    declare(app)
    with pytest.raises(privacy.RetentionRefused, match="Nobody knows yet"):
        approve(app)
    retention.try_out(app)

    with pytest.raises(privacy.RetentionRefused, match="43% of all"):
        approve(app)
    with pytest.raises(privacy.RetentionRefused):
        approve(app, 5)

    assert approve(app, 6).approved_by == "officer"


def test_what_is_over_its_time_leaves_every_store_and_all_that_is_computed_stays_true(app: App) -> None:
    declare(app)
    points = asked(app, "select customer, available from wallet order by 1")
    retention.try_out(app)
    approve(app, 6)

    drain(app)
    collect.flush(app)

    assert standing(app) == [("Order Completed", 4), ("identify", 2), ("page", 4)]
    assert asked(app, "select customer, available from wallet order by 1") == points
    assert asked(app, "select count(*) from journal where message_id like 'retained:%'") == [(2,)]
    revenue = "select sum((body -> 'properties' ->> 'revenue')::numeric) from journal"
    assert [float(sum_) for (sum_,) in asked(app, revenue)] == [100.0]
    with app.transaction() as inside:
        assert analyze.differences(inside) == []
        assert retention.begins(inside) == {"browsing": date(2026, 1, 31), "orders": date(2024, 3, 2)}
        spent = inside.db.execute("select spend_cents from trait_state where spend_cents > 0").fetchall()
    assert spent.count((2000,)) == 2


def test_a_day_later_only_what_became_too_old_since_goes(app: App, clock: ManualClock) -> None:
    declare(app)
    retention.try_out(app)
    approve(app, 6)
    drain(app)

    drain(app)
    with app.transaction() as inside:
        first = retention.latest(inside)
    clock.sleep(timedelta(days=11).total_seconds())
    drain(app)
    with app.transaction() as inside:
        second = retention.latest(inside)

    assert first is not None
    assert second is not None
    assert (first.going, second.going, second.takes) == (6, 2, True)


def test_a_hold_keeps_a_customers_events_or_a_class_until_its_day(app: App, clock: ManualClock) -> None:
    ada = customer_of(app, "ada")
    declare(
        app,
        RULES + f"holds: [{{customer: {ada}, reason: court case 12, until: 2026-06-30}},"
        " {class: orders, reason: audit of 2026}]",
    )

    found = retention.try_out(app)

    assert (found.going, found.classes["browsing"].held_because) == (2, {"court case 12": 2})
    assert (
        found.classes["orders"].held_because["audit of 2026"]
        + found.classes["orders"].held_because.get("court case 12", 0)
        == 2
    )
    with app.transaction() as inside, pytest.raises(privacy.ErasureRefused, match="court case 12"):
        privacy.ask_erasure(inside, ada, "officer", "request 1")
    clock.sleep(timedelta(days=200).total_seconds())
    assert "court case 12" not in retention.try_out(app).classes["browsing"].held_because


def test_a_changed_file_waits_for_another_approval_and_a_broken_one_takes_nothing(app: App) -> None:
    declare(app)
    retention.try_out(app)
    approve(app, 6)
    before = standing(app)

    declare(app, RULES.replace("30 days", "10 days"))
    drain(app)
    changed = standing(app)
    declare(app, "classes: [")
    with pytest.raises(privacy.RetentionRefused, match="cannot be read"):
        retention.step(app)

    assert changed == before == standing(app)


@pytest.mark.parametrize("between", [RULES + "holds: [{class: orders, reason: audit of 2026}]", "{}"])
def test_an_old_approval_does_not_come_back_with_the_file_it_was_of(app: App, between: str) -> None:
    declare(app)
    retention.try_out(app)
    approve(app, 6)
    declare(app, between)
    drain(app)
    before = standing(app)

    declare(app)
    with pytest.raises(privacy.RetentionRefused, match="Nobody knows yet"):
        approve(app, 6)
    drain(app)

    with app.transaction() as inside:
        found = retention.latest(inside)
    assert found is not None
    assert (found.takes, found.approved_at, standing(app)) == (False, None, before)
    approve(app, 6)
    drain(app)
    assert standing(app) != before


def test_an_approval_and_its_line_in_the_audit_log_stand_or_fall_together(app: App) -> None:
    declare(app)
    retention.try_out(app)
    nobody = SimpleNamespace(
        user=access.Visitor(account=2**70, name="officer", role=Role.ADMIN, form_token="", session=None)
    )

    with pytest.raises(psycopg.Error):
        api.approved(app, nobody, 6)  # pyright: ignore[reportArgumentType]

    with app.transaction() as inside:
        found = retention.latest(inside)
    assert found is not None
    assert found.approved_at is None


def test_a_name_that_no_event_has_is_said_in_the_trial(app: App) -> None:
    declare(
        app,
        "classes: {browsing: {events: [page, Page, Screen], keep: 1 year}, bought: {events: [order], keep: 1 year}}",
    )

    assert retention.try_out(app).unseen == ["Page", "Screen", "order"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("classes: {a: {events: [page], keep: soon}}", "is no period"),
        ("classes: {a: {events: [identify], keep: 1 year}}", "goes with the person"),
        ("classes: {a: {events: [Consent Given], keep: 1 year}}", "goes with the person"),
        ("classes: {a: {events: [page], purposes: [x]}}", "has no period"),
        ("classes: {a: {events: [page], keep: 1 year}, b: {events: [page], keep: 1 year}}", "is in a and in b"),
        ("classes: {a: {events: [page], keep: 1 year}}\nholds: [{reason: x}]", "either a customer or a class"),
        ("classes: {a: {events: [page], keep: 9999 years}}", "is no period"),
        ("classes: {a: {events: [page], keep: 101 years}}", "is no period"),
        ("classes: {a: {events: [page], purposes: [x]}}\npurposes: {x: 1201 months}", "is no period"),
        ("classes: {a: {events: [page], keep: 36501 days}}", "is no period"),
        ("classes: {a: {events: [page], keep: 1\u0663 months}}", "is no period"),
        ("classes: {a: {events: [''], keep: 1 year}}", "without a name"),
        ("holds: [{reason: x, customer: 99999999999999999999999}]", "no customer number|cannot be read"),
        ("holds: [{reason: x, customer: -1}]", "no customer number"),
        ("holds: [{reason: x, customer: 0}]", "no customer number"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "retention.yaml").write_text(text)

    with pytest.raises(privacy.RetentionRefused, match=fault):
        privacy.retention_of_file(Settings(home=str(tmp_path)))


@pytest.mark.parametrize("keep", ["100 years", "1200 months", "36500 days"])
def test_the_longest_periods_can_be_kept(keep: str) -> None:
    declared = periods.Retention(classes={"x": periods.EventClass(events=("page",), keep=keep)})

    assert periods.faults_of(declared) == []
    assert declared.kept_from("x", date(2026, 3, 31)).year in (1926, 1927)


def test_a_class_stays_as_long_as_the_longest_purpose_it_serves() -> None:
    rule = periods.EventClass(events=("page",), keep="90 days", purposes=("a", "b"))
    declared = periods.Retention(classes={"x": rule}, purposes={"a": "13 months", "b": "1 year"})

    assert declared.kept_from("x", date(2026, 3, 31)) == date(2025, 2, 28)
