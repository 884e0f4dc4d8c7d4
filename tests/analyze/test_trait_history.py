"""Every change of a value that is remembered stands with its cause, and events behind it where there were any."""

from datetime import timedelta

import pytest

from regulars import analyze
from regulars.analyze.errors import UnknownTrait
from regulars.analyze.history import HISTORY_DAYS, Change
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20000


@pytest.fixture
def shop(town: Town) -> Town:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))  # pyright: ignore
    return town


def changes(town: Town, customer: int, name: str = "spend_cents") -> list[Change]:
    with town.app.transaction() as app:
        return analyze.history(app, name, customer).changes


def rows(town: Town) -> int:
    with town.app.transaction() as app:
        return app.db.execute("select count(*) from trait_change").fetchall()[0][0]


def test_each_batch_that_moves_a_value_is_a_change_with_its_events(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000)), (1, order(TODAY - 8, 500))])
    shop.batch([(1, order(TODAY - 2, 2000))])

    newest, first = changes(shop, 1)

    assert (newest.value, newest.before, newest.cause) == (3500, "$15.00", "event")
    assert [one.name for one in newest.events] == ["Order Completed"]
    assert (first.value, first.before, len(first.events)) == (1500, None, 2)
    assert {one.seq for one in newest.events}.isdisjoint({one.seq for one in first.events})


def test_what_changes_nothing_that_is_remembered_writes_nothing(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000))])
    before = rows(shop)

    shop.batch([(1, track("Page Viewed", TODAY))])
    shop.tick(TODAY)

    assert rows(shop) == before


def test_a_window_that_ends_is_a_change_by_time(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 89, 1000))])
    shop.tick(TODAY)

    shop.tick(TODAY + 1)

    newest = changes(shop, 1, "spend_90_cents")[0]
    assert (newest.value, newest.cause, newest.day, newest.events) == (0, "time", TODAY + 1, [])


def test_a_merge_is_a_change_by_people_and_the_other_ones_history_ends(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000)), (2, order(TODAY - 8, 500))])

    shop.merge(2, 1)

    assert [(one.value, one.cause) for one in changes(shop, 1)] == [(1500, "people"), (1000, "event")]
    assert changes(shop, 2) == []


def test_who_is_erased_leaves_no_history(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000)), (2, order(TODAY - 8, 500))])

    with shop.app.transaction() as app:
        analyze.forget(app, [1])

    assert changes(shop, 1) == []
    assert len(changes(shop, 2)) == 1


def test_old_changes_go_stretch_by_stretch_but_for_the_last(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(analyze.forget_old.__globals__, "LOOKED_AT_ONCE", 2)
    for day in range(5):
        shop.batch([(1, order(TODAY - 9 + day, 1000))])
    shop.batch([(2, order(TODAY, 500))])
    with shop.app.transaction() as app:
        app.db.execute("update as_of set day = %s", [TODAY + HISTORY_DAYS + 1])

    steps, after = list[int](), 0
    while after is not None:
        with shop.app.transaction() as app:
            done = analyze.forget_old(app, after)
        steps, after = [*steps, done.rows], done.go_on_after

    assert (steps, rows(shop)) == ([2, 2, 0, 0], 2)
    assert [one.value for one in changes(shop, 1)] == [5000]


def test_the_oldest_change_that_is_kept_names_no_events_of_before(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.batch([(1, order(TODAY - 9, 1000))])
    shop.batch([(1, order(TODAY - 8, 1000))])
    monkeypatch.setitem(analyze.history.__globals__, "ROWS_READ", 1)

    assert [(one.value, one.before, one.events) for one in changes(shop, 1)] == [(2000, None, [])]


def test_young_changes_stay_and_are_looked_at_once(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(analyze.forget_old.__globals__, "LOOKED_AT_ONCE", 1)
    shop.batch([(1, order(TODAY - 9, 1000))])
    shop.batch([(1, order(TODAY - 8, 1000))])

    with shop.app.transaction() as app:
        done = analyze.forget_old(app)

    assert (done.rows, done.go_on_after, rows(shop)) == (0, None, 2)


def test_what_a_wrong_merge_told_of_the_one_who_stays_goes_when_it_is_undone(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000)), (2, order(TODAY - 8, 500))])
    shop.merge(2, 1)
    shop.batch([(2, order(TODAY - 2, 77_777, products=[{"category": "INSULIN", "revenue": 777.77}]))])
    assert changes(shop, 1, "top_category")[0].value == "INSULIN"

    shop.split(2, 2)

    assert [(one.value, one.cause, one.before) for one in changes(shop, 1)] == [(1000, "people", None)]
    assert "INSULIN" not in [one.value for one in changes(shop, 1, "top_category")]
    shop.batch([(1, order(TODAY, 300))])
    assert [(one.value, one.cause) for one in changes(shop, 1)] == [(1300, "event"), (1000, "people")]


def test_a_withdrawn_event_leaves_the_history_of_whose_it_was(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 500))])
    shop.batch([(1, order(TODAY - 8, 77_700, products=[{"category": "INSULIN", "revenue": 777.0}]))])
    with shop.app.transaction() as app:
        position = app.db.execute("select max(seq) from record").fetchall()[0][0]

    shop.withdraw([position])

    assert "INSULIN" not in [one.value for one in changes(shop, 1, "top_category")]
    assert 78_200 not in [one.value for one in changes(shop, 1)]


def test_of_whom_we_knew_before_values_were_remembered_no_event_is_the_cause(shop: Town) -> None:
    shop.batch([(1, order(TODAY - 9, 1000))])
    with shop.app.transaction() as app:
        app.db.execute("truncate trait_change")

    shop.batch([(1, order(TODAY - 2, 500))])

    assert [(one.value, one.cause, one.events) for one in changes(shop, 1)] == [(1500, "rule", [])]


def test_a_trait_whose_changes_are_not_kept_says_which_are(shop: Town) -> None:
    with pytest.raises(UnknownTrait, match="No history is kept of 'days_since_order'"):
        changes(shop, 1, "days_since_order")
