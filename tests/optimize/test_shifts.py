"""Who moved where between two days."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import optimize
from regulars.analyze import scores
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.optimize import ReportResult
from regulars.optimize.reports.segment_shift import GONE, NEW, Shift, finding, matrix

GRADES = list(scores["rfm"].grades)
places = st.sampled_from([*GRADES, None])


def ask(app: App, name: str, **params: object) -> ReportResult:
    with app.transaction() as inside:
        return optimize.report(inside, name, params)


@given(st.lists(st.tuples(places, places), max_size=60))
def test_rows_of_the_matrix_add_up_to_the_sizes_before_and_columns_to_the_sizes_after(
    moves: list[tuple[str | None, str | None]],
) -> None:
    counted = Counter((before or NEW, after or GONE) for before, after in moves if before or after)
    rows = matrix([Shift(before, after, count) for (before, after), count in counted.items()], GRADES)

    for place in GRADES:
        assert sum(int(str(row[2])) for row in rows if row[0] == place) == sum(b == place for b, _ in moves)
        assert sum(int(str(row[2])) for row in rows if row[1] == place) == sum(a == place for _, a in moves)
    for row_of in {row[0] for row in rows}:
        shares = [float(str(row[3])) for row in rows if row[0] == row_of]
        assert sum(shares) == pytest.approx(1 if any(shares) else 0)


@pytest.fixture
def history(app: App) -> App:
    """Ten customers: five lapsed of whom two became loyal, three loyal, one new, one merged away."""
    changes = [(customer, 100, "lapsed") for customer in range(1, 6)] + [
        (customer, 90, "loyal") for customer in (6, 7, 8)
    ]
    changes += [(1, 150, "loyal"), (2, 150, "loyal"), (9, 160, "new"), (10, 100, "best"), (3, 210, "best")]
    with app.transaction() as inside:
        for customer, day, grade in changes:
            inside.db.execute(
                "insert into score_change (customer, model, as_of_day, version, value, grade)"
                " values (%s, 'rfm', %s, 1, 1, %s)",
                [customer, day, grade],
            )
        inside.db.execute(
            "insert into customer (id, known, founder_signature) select g, true, g from generate_series(1, 9) g"
        )
    return app


def test_a_grade_holds_until_the_next_one(history: App) -> None:
    result = ask(history, "segment_shift", start=day_date(120).isoformat(), until=day_date(200).isoformat())

    found = {(row[0], row[1]): row[2] for row in result.rows if row[2]}
    assert found == {("lapsed", "loyal"): 2, ("lapsed", "lapsed"): 3, ("loyal", "loyal"): 3, (NEW, "new"): 1}
    assert result.title == "2 customers climbed (25.0%) and 0 slipped (0.0%); most of all from lapsed to loyal (2)"


def test_who_moved_twice_between_the_days_is_counted_at_both_ends_only(history: App) -> None:
    result = ask(history, "segment_shift", start=day_date(95).isoformat(), until=day_date(300).isoformat())

    assert {(row[0], row[1]): row[2] for row in result.rows if row[2]} == {
        (NEW, "lapsed"): 2,
        (NEW, "loyal"): 2,
        (NEW, "best"): 1,
        (NEW, "new"): 1,
        ("loyal", "loyal"): 3,
    }


@pytest.mark.parametrize("name", ["segment_shift", "segment_flows"])
def test_moves_between_a_day_and_an_earlier_one_are_refused(history: App, name: str) -> None:
    with history.transaction() as inside:
        inside.db.execute(
            "insert into segment_move (segment, customer, entered, at, day)"
            " values ('best_customers', 1, true, '2026-01-01', 10)"
        )

    with pytest.raises(optimize.ParameterRefused, match="is after the last one"):
        ask(history, name, start=day_date(200).isoformat(), until=day_date(120).isoformat())


def test_nobody_scored_on_both_days_is_said_in_words() -> None:
    assert finding([Shift(NEW, "new", 4)], GRADES) == "4 customers are new; nobody was scored on both days"
    assert finding([Shift("loyal", "loyal", 4)], GRADES) == "Nobody moved between groups; 0 customers are new"


def test_segments_show_who_came_and_who_left_and_a_round_trip_is_neither(app: App) -> None:
    moves = [
        (1, True, 10),
        (2, True, 10),
        (3, True, 20),
        (1, False, 20),
        (2, False, 15),
        (2, True, 18),
        (4, True, 20),
        (4, False, 21),
    ]
    with app.transaction() as inside:
        for customer, entered, day in moves:
            inside.db.execute(
                "insert into segment_move (segment, customer, entered, at, day)"
                " values ('best_customers', %s, %s, '2026-01-01', %s)",
                [customer, entered, day],
            )

    result = ask(app, "segment_flows", start=day_date(12).isoformat(), until=day_date(30).isoformat())

    assert result.rows == [["Best customers", 2, 1, 1, 2]]
    assert result.title == "No segment changed its size"
