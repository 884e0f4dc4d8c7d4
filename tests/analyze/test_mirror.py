"""A draft is counted over a copy in columns, and the copy says what PostgreSQL says."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect
from regulars.analyze.errors import NotCountedYet, RuleRefused
from regulars.analyze.segments import mirror, tree
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
