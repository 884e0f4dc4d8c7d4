"""A person erased in every room and every store, with the proof; and what happens around it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from regulars import analyze, collect, design, privacy
from regulars.app import App
from regulars.lake import Lake
from regulars.privacy.proof import prove
from tests.conftest import stored
from tests.databases import with_database
from tests.engage.town import message, order, person, tell
from tests.worker.conftest import twin
from tests.worker.place import drain
from tests.worker.test_withdrawal import PROJECTIONS

__all__ = ["twin"]  # a fixture
HERS = ("anna.kowalska@example.com", "anna-7001", "+13125550142", "(312) 555-0142", "CARD-88123", "browser-of-anna")


@pytest.fixture
def app(app: App) -> App:
    """The usual one, with the tables of its traits."""
    analyze.ensure_schema(app)
    return app


def anna(app: App) -> list[dict[str, Any]]:
    """A regular with an account, a card, a phone, a browser, orders, a return, a yes, a no, and a tablet of others."""
    at = app.clock.now() - timedelta(days=40)
    traits = {
        "first_name": "Anna", "email": "Anna.Kowalska@example.com", "email_verified": True, "phone": "(312) 555-0142",
        "loyalty_card": "CARD-88123", "consent": {"email": True},
    }  # fmt: skip
    told = [message("identify", "anna-7001", at, traits=traits, anonymousId="browser-of-anna")]
    told += [order("anna-7001", at + timedelta(days=day), "30.00") for day in (1, 11, 21)]
    refund = {"order_id": f"o-anna-7001-{at + timedelta(days=21):%Y%m%d%H%M}", "revenue": "10.00"}
    told += [message("track", "anna-7001", at + timedelta(days=22), event="Order Refunded", properties=refund)]
    told += [message("track", "anna-7001", at + timedelta(days=23), event="Unsubscribed")]
    tablet = {"device": {"id": "tablet-in-the-shop"}}
    told += [message("page", "anna-7001", at + timedelta(days=24), name="Menu", context=tablet)]
    return told


def others(app: App) -> list[dict[str, Any]]:
    at = app.clock.now() - timedelta(days=39)
    told = [person(login, at, consent=True) for login in ("berta", "carla")]
    told += [order(login, at + timedelta(days=day), "25.00") for login in ("berta", "carla") for day in (2, 12)]
    tablet = {"device": {"id": "tablet-in-the-shop"}}
    told += [message("page", "berta", at + timedelta(days=24), name="Menu", context=tablet)]
    return told


def town(app: App) -> int:
    """Everybody carried and copied to the lake; gives Anna's id."""
    tell(app, "shop", anna(app), "web")
    tell(app, "crm", others(app))
    drain(app)
    collect.flush(app)
    with app.transaction() as inside:
        row = inside.db.execute("select customer from profile where first_name = 'Anna'").fetchone()
    assert row is not None
    return row[0]


def ask(app: App, customer: int) -> int:
    with app.transaction() as inside:
        return privacy.ask_erasure(inside, customer, "officer", "request 12")


def erase(app: App, customer: int) -> privacy.Proof:
    """From the wish to the proof."""
    id = ask(app, customer)
    carry(app, id)
    return proof(app, id)


def carry(app: App, id: int) -> None:
    while privacy.carry_erasure(app, id):
        pass


def proof(app: App, id: int) -> privacy.Proof:
    with app.transaction() as inside:
        found = privacy.erasure_proof(inside, id)
    assert found is not None
    return found


def books(app: App) -> dict[str, list[str]]:
    """Every projection of everybody."""
    with app.transaction() as inside:
        return {name: sorted(map(repr, inside.db.execute(sql))) for name, sql in PROJECTIONS.items()}


def everywhere(app: App) -> str:
    """All that stands in any table, as text."""
    with app.transaction() as inside:
        tables = inside.db.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return "\n".join(
            str(row) for (name,) in tables for row in inside.db.execute(f"select to_jsonb(t)::text from {name} t")
        )


def test_nothing_of_an_erased_person_is_left_and_the_others_are_as_before(app: App) -> None:
    customer = town(app)
    before = books(app)

    found = erase(app, customer)

    after = books(app)
    for name in ("identifiers", "fields", "profiles", "words", "consents", "traits", "segments"):
        assert set(after[name]) <= set(before[name]), name
    assert not [word for word in HERS if word.lower() in everywhere(app).lower()]
    assert (found.report.hits, found.report.exceptions, found.is_genuine) == (0, [], True)
    assert found.report.spellings >= len(HERS)
    with app.transaction() as inside:
        assert inside.db.execute("select 1 from profile where first_name = 'Anna'").fetchone() is None
    drain(app)
    collect.flush(app)
    with app.transaction() as inside:
        assert analyze.differences(inside) == []


def test_what_the_law_keeps_of_orders_stays_as_nobodys(app: App) -> None:
    customer = town(app)
    before = revenue(app)

    erase(app, customer)
    drain(app)
    collect.flush(app)

    assert revenue(app) == before
    with app.transaction() as inside:
        kept = inside.db.execute(
            "select j.name, j.body -> 'properties' ->> 'order_id', c.known from journal j"
            " join event_customer e using (seq) join customer c on c.id = e.customer"
            " where j.message_id like 'retained:%' order by j.seq"
        ).fetchall()
        wallets = inside.db.execute(
            "select count(*) from wallet w join customer c on c.id = w.customer where not c.known"
        ).fetchall()
    assert [name for name, _, _ in kept] == ["Order Completed"] * 3 + ["Order Refunded"]
    assert kept[2][1] == kept[3][1]  # the refund is of that order still
    assert {is_known for _, _, is_known in kept} == {False}  # baskets of nobody
    assert wallets == [(0,)]  # and nobody earns by them


def revenue(app: App) -> Any:
    with app.transaction() as inside:
        return inside.db.execute(
            "select sum((body -> 'properties' ->> 'revenue')::numeric) from journal j"
            " where j.name = 'Order Completed' and not is_withdrawn(seq)"
        ).fetchone()


def test_s16_the_books_balance_with_no_person_in_them(app: App) -> None:
    with app.transaction() as inside:
        design.post(inside, 5, design.Earn(key="a", day=0, source="o1", awards=[design.Award(points=100)]))
        design.post(
            inside, 5, design.Earn(key="b", day=0, source="o2", awards=[design.Award(points=30)], pending_days=90_000)
        )
        design.post(inside, 5, design.Redeem(key="c", day=1, points=20))

        design.forget(inside, [5], {"o1": "erased-1"}, 1)

        sums = dict(
            inside.db.execute(
                "select account, sum(points)::int from ("
                " select target as account, points from transfer union all select source, -points from transfer) t"
                " group by account"
            ).fetchall()
        )
        people = inside.db.execute("select distinct customer < 0, seq, note from ledger_entry").fetchall()
        wallets = inside.db.execute("select count(*) from wallet").fetchone()
        orders = inside.db.execute("select source from ledger_entry where kind = 'earn' order by id").fetchall()
    named = ("issued", "redeemed", "forfeited", "available", "pending")
    assert [sums.get(name, 0) for name in named] == [-130, 20, 110, 0, 0]
    assert (people, wallets, orders[0]) == ([(True, None, "")], (0,), ("erased-1",))


def test_the_scan_finds_one_copy_left_in_one_store(app: App) -> None:
    customer = town(app)
    id = ask(app, customer)
    privacy.carry_erasure(app, id)
    with app.transaction() as inside:
        note = '{"note": "call anna.KOWALSKA@example.com"}'
        inside.db.execute("update journal set body = body || %s::jsonb where seq = 9", [note])
    app.settings.home_path.mkdir(exist_ok=True)
    (app.settings.home_path / "worker.log").write_text("sent to anna.kowalska@example.com\n")
    kept = app.lake.write("journal/left.parquet", {"seq": "bigint", "body": "text"}, [(1, '{"userId":"anna-7001"}')])

    privacy.carry_erasure(app, id)

    found = proof(app, id).report
    assert [(one.store, one.place, one.hits) for one in found.exceptions] == [
        ("database", "journal", 1), ("lake", "journal/left.parquet", kept.rows), ("files", "worker.log", 1)
    ]  # fmt: skip
    assert found.hits == 3


def test_a_forged_report_is_told_from_ours(app: App) -> None:
    found = erase(app, town(app))

    with app.transaction() as inside:
        inside.db.execute("update erasure set report = replace(report, 'officer', 'nobody') || ' '")

    assert (found.is_genuine, proof(app, 1).is_genuine) == (True, False)


def test_events_of_hers_that_arrive_meanwhile_leave_nothing_and_the_others_untouched(app: App, twin: App) -> None:
    late = [message("page", "anna-7001", app.clock.now() - timedelta(hours=n), name="Late") for n in range(1, 7)]
    for one, arrives in ((app, True), (twin, False)):
        id = ask(one, town(one))
        tell(one, "crm", [order(login, one.clock.now(), "40.00") for login in ("berta", "carla")])
        tell(one, "shop", late[:2], "web")
        privacy.carry_erasure(one, id)
        if arrives:
            tell(one, "shop", late[2:4], "web")
        privacy.carry_erasure(one, id)
        if arrives:
            tell(one, "shop", late[4:], "web")
            tell(one, "shop", anna(one), "web")  # an old file again
        drain(one)
        collect.flush(one)

    again = prove(app, 99, app.clock.now(), ["anna.kowalska@example.com", "anna-7001", "CARD-88123"], lambda: None)

    assert (again.hits, again.exceptions) == (0, [])
    here, there = books(app), books(twin)
    assert [name for name in here if name != "membership" and here[name] != there[name]] == []


def test_a_restored_backup_does_not_bring_her_back(app: App, database_url: str, tmp_path: Path) -> None:
    customer = town(app)
    with restored(app, database_url, tmp_path / "old-lake") as (live, old):
        erase(live, customer)
        assert "anna-7001" in everywhere(old)

        assert privacy.caught_up(old) == 1

        with old.transaction() as inside:
            assert inside.db.execute("select 1 from profile where first_name = 'Anna'").fetchone() is None
        tell(old, "shop", anna(old), "web")
        drain(old)
        assert not [word for word in HERS if word.lower() in everywhere(old).lower()]
        assert (proof(old, 1).report.hits, privacy.caught_up(old)) == (0, 0)


def test_whom_a_hold_keeps_a_restored_backup_keeps_until_the_hold_is_over(
    app: App, database_url: str, tmp_path: Path
) -> None:
    customer = town(app)
    rules = app.settings.home_path / "retention.yaml"
    with restored(app, database_url, tmp_path / "old-lake") as (live, old):
        erase(live, customer)
        rules.write_text(f"holds: [{{customer: {customer}, reason: court case 12}}]")

        assert privacy.caught_up(old) == 0

        drain(old)
        with old.transaction() as inside:
            (waiting,) = privacy.erasures(inside)
        assert (waiting.state, waiting.held_because) == ("held", "court case 12")
        assert "anna-7001" in everywhere(old)
        rules.unlink()
        drain(old)
        assert "anna-7001" not in everywhere(old)


@contextmanager
def restored(app: App, database_url: str, lake: Path) -> Generator[tuple[App, App]]:
    """This installation, and another one on a backup of this instant; what stands beside the database is common."""
    app.store.pool.close()
    name = f"backup_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(with_database(database_url, "postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {urlsplit(database_url).path[1:]}")
    shutil.copytree(app.lake.root, lake)
    with stored(database_url) as live, stored(with_database(database_url, name)) as old:
        yield replace(app, store=live), replace(app, store=old, lake=Lake(lake))
    with psycopg.connect(with_database(database_url, "postgres"), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")
