"""A draft is counted over a copy in columns, and the copy says what PostgreSQL says."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect
from regulars.analyze.errors import NotCountedYet, RuleRefused
from regulars.analyze.segments import mirror, tree, unkept
from regulars.lake.duckdb import Engine
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
TWICE = tree.read({"kind": "trait", "trait": "orders", "is": ">=", "value": 2})


def counted(town: Town, rule: Any = TWICE) -> int:
    with town.app.transaction() as app:
        return analyze.draft(app, rule).people


def test_a_count_follows_events_days_and_new_rules(town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (1, order(TODAY - 29)), (2, order(TODAY)), (3, track("Email Opened", TODAY))])
    assert counted(town) == 1

    town.batch([(2, order(TODAY))])
    assert counted(town) == 2

    lately = tree.read({"kind": "trait", "trait": "orders_30", "is": ">=", "value": 2})
    assert counted(town, lately) == 2
    town.tick(TODAY + 5)
    assert counted(town, lately) == 1
    town.merge(2, 1)
    assert counted(town) == 1


def test_a_number_that_nothing_keeps_yet_is_counted_from_the_lake(town: Town) -> None:
    bread = [{"column": "category", "value": "BREAD"}]
    rule = tree.read({"kind": "did", "event": "Order Line", "where": bread, "value": 2, "days": 33})
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 3)), (1, order(TODAY - 20)), (2, order(TODAY)), (3, order(TODAY - 40, 5))])
    collect.flush(town.app)

    assert counted(town, rule) == 1
    assert counted(town, tree.NoneOf(of=(rule,))) == 2


def test_as_many_numbers_that_nothing_keeps_are_counted_at_once_as_may_be_held_and_no_more(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 3)), (2, order(TODAY - 40, 5))])
    collect.flush(town.app)

    def within(*days: int) -> Any:
        return tree.read({"kind": "any", "of": [{"kind": "did", "event": "Order Line", "days": day} for day in days]})

    assert counted(town, within(*range(21, 33))) == 1
    # One of those before is asked for again, eleven are new: it stays while others go.
    assert counted(town, within(21, *range(33, 44))) == 2
    with pytest.raises(RuleRefused, match="13 numbers that nothing keeps yet"):
        counted(town, within(*range(21, 34)))


def test_a_large_brand_is_read_beside_the_requests_and_who_asks_first_is_told(town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "SMALL_CUSTOMERS", 0)
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (1, order(TODAY - 29)), (2, order(TODAY)), (3, track("Email Opened", TODAY))])

    with pytest.raises(NotCountedYet):
        counted(town)
    followed(town)
    assert counted(town) == 1

    for cents, people in ((5, 2), (9_000_000_000_000, 2)):
        town.batch([(2, order(TODAY, cents))])
        counted(town)
        followed(town)
        assert counted(town) == people


def followed(town: Town) -> None:
    """The copy has caught up."""
    thread = mirror.mirror(town.app)._thread
    assert thread is not None
    thread.join()


def did(days: int, *columns: str) -> Any:
    """Bought any line in so many days, under conditions that hold for all of them."""
    where = [{"column": column, "is": ">=", "value": -1} for column in columns]
    return tree.read({"kind": "did", "event": "Order Line", "where": where, "days": days})


def kept(town: Town) -> Any:
    copy = mirror.mirror(town.app)._copy
    assert copy is not None
    return copy.unkept


def test_what_drafts_hold_stays_within_its_limit_and_a_rule_that_needs_more_is_refused(
    town: Town, monkeypatch: Any
) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(who, order(TODAY - day)) for who, day in ((1, 3), (1, 5), (2, 3), (3, 7))])
    collect.flush(town.app)
    monkeypatch.setattr(unkept, "FACET_ROWS_LIMIT", 6)

    for column in ("day", "quantity", "revenue_cents"):
        assert counted(town, did(77, column)) == 3
        assert sum(made.rows for made in kept(town)._made.values()) <= 6
    with pytest.raises(RuleRefused, match="more than 6 numbers of customers and days"):
        counted(town, tree.AnyOf(of=(did(77, "day"), did(77, "quantity"))))
    assert sum(made.rows for made in kept(town)._made.values()) <= 6


@pytest.mark.parametrize("column", ["occurred_us", "order_hash", "product_hash"])
def test_no_rule_asks_for_what_tells_one_fact_from_another(town: Town, column: str) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY))])

    with pytest.raises(RuleRefused, match=f"Facts have no column '{column}'"):
        counted(town, did(77, column))


def test_a_copy_stays_while_somebody_counts_over_it_and_goes_with_the_last(town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY))])
    held = mirror.mirror(town.app)

    def read_by_others() -> None:
        for _ in range(2):
            town.batch([(2, order(TODAY))])
            counted(town)

    with town.app.transaction() as app, held.reading(app) as (engine, copy):
        with held.reading(app):
            read_by_others()
        read_by_others()
        assert engine.rows(f"select count(*) from {copy.rows.wide}") == [(1,)]
    tables = "select count(*) from information_schema.tables where table_name like $name"
    assert engine.rows(tables, {"name": f"{copy.rows.table}%"}) == [(0,)]
    assert not held._gone


def test_whoever_changes_the_table_of_rows_does_not_wait_for_the_lake(town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "SMALL_CUSTOMERS", 0)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (2, order(TODAY))])
    collect.flush(town.app)
    locked = list[bool]()
    made = Engine.make

    def watched(engine: Engine, name: str, query: str) -> None:
        if name.startswith("unkept"):
            with town.app.transaction() as app:
                app.db.execute("lock table trait_state in access exclusive mode nowait")
                locked.append(True)
        made(engine, name, query)

    monkeypatch.setattr(Engine, "make", watched)
    mirror.mirror(town.app).warm(town.app)
    followed(town)

    assert set(unkept.PREPARED) <= set(kept(town).facets())
    assert len(locked) >= len(kept(town).facets())
    before = len(locked)
    kept(town).prepare(town.app, [])
    assert len(locked) == before


def test_a_count_is_as_old_as_the_oldest_of_its_numbers(town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 3))])
    collect.flush(town.app)
    began = town.app.clock.now()

    def read_at(rule: Any) -> Any:
        with town.app.transaction() as app:
            return analyze.draft(app, rule).read_at

    assert (read_at(TWICE), read_at(did(77))) == (began, began)
    town.app.clock.move_to(began + timedelta(minutes=4))

    assert (read_at(TWICE), read_at(did(76))) == (town.app.clock.now(), began)
