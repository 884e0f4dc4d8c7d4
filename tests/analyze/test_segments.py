"""Groups of customers: entering, leaving, and why."""

from datetime import timedelta

import pytest

from regulars import analyze
from regulars.analyze.errors import UnknownSegment
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
BOUGHT = {"kind": "trait", "trait": "orders", "is": ">=", "value": 1}


@pytest.fixture
def regular(town: Town) -> Town:
    """Customer 1 came every fifth day until 20 days ago."""
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 20 - 5 * n)) for n in range(8)])
    return town


def test_a_regular_who_stays_away_lapses_and_comes_back(regular: Town) -> None:
    assert "lapsing_regulars" in {segment for segment, *_ in moves_of(regular)}

    changes = regular.batch([(1, order(TODAY))])

    assert ("lapsing_regulars", 1, False) in {(m.segment, m.customer, m.entered) for m in changes.moves}


def test_a_segment_that_empties_is_worth_nothing_from_then_on(regular: Town) -> None:
    for days in (1, 200, 201):
        regular.tick(TODAY + days)

    with regular.app.transaction() as app:
        worth = [(one.day - TODAY, one.customers) for one in analyze.worth(app, "lapsing_regulars")]
    assert worth == [(1, 1), (200, 0)]


def test_time_alone_moves_customers_and_the_journal_will_tell(regular: Town) -> None:
    regular.batch([(1, order(TODAY))])

    changes = regular.tick(TODAY + 25)

    assert ("lapsing_regulars", 1, True) in {(m.segment, m.customer, m.entered) for m in changes.moves}
    with regular.app.transaction() as app:
        told = app.db.execute("select name, customer, properties from announcement").fetchall()
    said = {"segment": "lapsing_regulars", "title": "Lapsing regulars"}
    assert ("Segment Entered", 1, said) in told


def test_why_names_every_comparison_with_its_value_and_events(regular: Town) -> None:
    with regular.app.transaction() as app:
        why = analyze.why(app, "lapsing_regulars", 1)

    assert why.is_member
    assert [(c.value, c.holds) for c in why.clauses] == [("8", True), ("20 days", True), ("20 days", True)]
    assert len(why.clauses[0].events) == 8
    assert why.clauses[1].events[0].at.date() == (EPOCH + timedelta(days=TODAY - 20)).date()


def test_a_rule_is_counted_over_everybody(regular: Town) -> None:
    regular.batch([(2, order(TODAY)), (3, track("Email Opened", TODAY))])

    with regular.app.transaction() as app:
        assert analyze.count(app, analyze.read(BOUGHT)) == 2
        assert analyze.count(app, analyze.read({"kind": "none", "of": [BOUGHT]})) == 1
        long_ago = {"kind": "trait", "trait": "days_since_order", "is": ">", "value": 10}
        assert analyze.count(app, analyze.read(long_ago)) == 1


def test_sizes_over_time_add_up_to_the_members(regular: Town) -> None:
    regular.tick(TODAY + 5)
    regular.batch([(1, order(TODAY + 5))])

    with regular.app.transaction() as app:
        sizes = {view.name: view.size for view in analyze.segments(app)}
        history = {name: analyze.size_history(app, name) for name in sizes}
        assert all((h[-1].size if h else 0) == sizes[name] for name, h in history.items())
        assert [(s.day, s.size) for s in history["lapsing_regulars"]] == [(TODAY, 1), (TODAY + 5, 0)]
        assert [m.customer for m in analyze.members(app, "new_customers")] == []
        with pytest.raises(UnknownSegment):
            analyze.members(app, "nobody")


def test_a_customer_who_went_up_in_another_leaves_quietly(regular: Town) -> None:
    regular.batch([(2, order(TODAY))])

    changes = regular.merge(1, 2)

    assert not any(move.customer == 1 for move in changes.moves)
    with regular.app.transaction() as app:
        assert app.db.execute("select count(*) from segment_member where customer = 1").fetchone() == (0,)


def test_traits_of_a_customer_are_told_as_people_read_them(regular: Town) -> None:
    with regular.app.transaction() as app:
        told = {value.name: value.shown for value in analyze.traits_of(app, 1)}
        assert analyze.traits_of(app, 99) == []

    assert (told["spend_cents"], told["gap_mean_days"], told["last_score"]) == ("$80.00", "5.0 days", "not known")


def moves_of(town: Town) -> list[tuple[str, bool]]:
    """What customer 1 went through."""
    with town.app.transaction() as app:
        return [(visit.segment, visit.entered) for visit in analyze.visits(app, 1)]
