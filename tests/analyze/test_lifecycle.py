"""Stages of the lifecycle: where people stand, how they get further, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars import analyze
from regulars.analyze.errors import UnknownStage
from regulars.analyze.lifecycle import RANK_BY_STAGE, settle_everybody
from regulars.analyze.plan import leaves, plan
from regulars.analyze.schema import ready
from regulars.model import Batch, Changes, People
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
NOBODY = People(batch=Batch(events=[], last_seq=0), customers=[], created=[], merged=[], recompute=[])


@pytest.fixture
def regular(town: Town) -> Town:
    """Customer 1 came every fifth day until yesterday, twenty times."""
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 1 - 5 * n)) for n in range(20)])
    return town


def test_every_stage_looks_at_traits_of_the_catalogue_alone() -> None:
    held = plan(analyze.TRAITS).columns

    wanted = [leaf for stage in analyze.STAGES if stage.claim for leaf in leaves(stage.claim)]

    assert wanted
    assert all(leaf in held for leaf in wanted)


def test_one_walks_up_from_a_look_to_a_regular_and_each_step_is_told(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))

    town.batch([(7, track("Email Opened", TODAY))])
    town.batch([(7, order(TODAY - 9))])
    town.batch([(7, order(TODAY - 5))])
    changes = town.batch([(7, order(TODAY - 3)), (7, order(TODAY - 1))])

    assert [(move.before, move.after) for move in changes.stages] == [("optimize", "nurture")]
    assert path_of(town, 7) == [None, "radiate", "align", "optimize", "nurture"]
    assert told_of(town, 7) == ["align", "optimize", "nurture"]


def test_time_alone_lets_a_regular_fall_back_step_by_step(regular: Town) -> None:
    assert stage_of(regular, 1) == "nurture"

    changes = regular.tick(TODAY + 100)
    regular.tick(TODAY + 200)

    assert [(move.customer, move.before, move.after) for move in changes.stages] == [(1, "nurture", "optimize")]
    assert 1 in changes.touched
    assert stage_of(regular, 1) == "align"


def test_taking_part_makes_a_regular_an_advocate_and_bad_answers_end_a_lifetime(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 1 - 14 * n)) for n in range(20)])

    town.batch([(1, track("Survey Answered", TODAY, question="How was it?", score=5))])
    assert stage_of(town, 1) == "lifetime"
    town.batch([(1, track("Survey Answered", TODAY, question="How was it?", score=1)) for _ in range(3)])

    assert stage_of(town, 1) == "engage"


def test_the_same_day_again_and_the_same_judgement_again_move_nobody(regular: Town) -> None:
    regular.tick(TODAY + 1)

    with regular.app.transaction() as app:
        assert settle_everybody(app, ready(app), app.clock.now()) == []
    assert regular.tick(TODAY + 1).stages == []


def test_who_goes_up_in_another_ends_quietly_and_the_survivor_is_judged_by_both(regular: Town) -> None:
    regular.batch([(2, order(TODAY - 2))])

    changes = regular.merge(1, 2)

    assert {(move.customer, move.after) for move in changes.stages} == {(1, None), (2, "nurture")}
    assert path_of(regular, 1)[-1] is None
    assert told_of(regular, 1) == []


def test_a_split_person_gets_a_stage_of_her_own(regular: Town) -> None:
    regular.batch([(2, order(TODAY - 2))])
    regular.merge(2, 1)

    regular.split(2, into=2)

    assert (stage_of(regular, 1), stage_of(regular, 2)) == ("nurture", "align")


def test_an_erased_customer_leaves_numbers_and_no_name(regular: Town) -> None:
    with regular.app.transaction() as app:
        analyze.forget(app, [1])
        rows = app.db.execute("select customer, after from lifecycle_move").fetchall()

    assert [after for _, after in rows] == ["nurture"]
    assert all(customer != 1 for customer, _ in rows)


def test_past_sizes_and_flows_come_from_what_was_stored(regular: Town) -> None:
    regular.batch([(2, order(TODAY - 2)), (3, track("Page Viewed", TODAY))])
    regular.app.clock.move_to(EPOCH + timedelta(days=TODAY + 100))
    regular.tick(TODAY + 100)

    with regular.app.transaction() as app:
        seen = analyze.lifecycle(app, 30)

    sizes = {size.day: dict(zip(RANK_BY_STAGE, size.customers, strict=True)) for size in seen.sizes}
    assert (sizes[TODAY + 99]["nurture"], sizes[TODAY + 100]["nurture"]) == (1, 0)
    assert sorted((flow.before, flow.after, flow.customers) for flow in seen.flows) == [
        ("nurture", "optimize", 1),
        ("radiate", "initiate", 1),
    ]
    assert (seen.up, seen.down) == (0, 2)
    assert {stage.name: stage.customers for stage in seen.stages}["optimize"] == 1
    assert {stage.name: stage.before for stage in seen.stages}["nurture"] == 1


def test_conversion_counts_who_had_the_time_to_go_further(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY - 200))
    town.batch([(number, order(TODAY - 200)) for number in range(1, 31)])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY - 150))
    town.tick(TODAY - 150)
    town.batch([(number, order(TODAY - 150)) for number in range(1, 11)])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))

    with town.app.transaction() as app:
        align = next(stage for stage in analyze.lifecycle(app, 365).stages if stage.name == "align")

    assert (align.watched, align.further) == (30, 10)
    assert align.conversion is not None
    share, low, high = align.conversion
    assert (round(share, 4), round(low, 4), round(high, 4)) == (0.3333, 0.1923, 0.5122)  # Wilson, by hand


def test_who_went_up_in_another_within_the_time_is_not_among_those_who_stayed(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY - 200))
    town.batch([(number, order(TODAY - 200)) for number in range(1, 31)])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY - 150))
    town.tick(TODAY - 150)
    town.merge(1, 2)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))

    with town.app.transaction() as app:
        align = next(stage for stage in analyze.lifecycle(app, 365).stages if stage.name == "align")

    assert align.watched == 29


def test_the_first_day_of_an_existing_brand_is_no_news_of_anybody(regular: Town) -> None:
    with regular.app.transaction() as app:
        app.db.execute("delete from lifecycle_stage; delete from lifecycle_move; delete from announcement")

        moves = settle_everybody(app, ready(app), app.clock.now())

    assert moves == []
    assert stage_of(regular, 1) == "nurture"
    assert told_of(regular, 1) == []


def test_what_was_counted_beside_the_flow_is_what_would_be_counted_now(regular: Town) -> None:
    regular.batch([(2, order(TODAY - 2)), (3, track("Page Viewed", TODAY))])
    regular.app.clock.move_to(EPOCH + timedelta(days=TODAY + 100))
    regular.tick(TODAY + 100)
    with regular.app.transaction() as app:
        now = analyze.lifecycle(app, 365)
        assert analyze.is_lifecycle_due(app)

    analyze.keep_lifecycle(regular.app)

    with regular.app.transaction() as app:
        assert analyze.lifecycle(app, 365) == now
        assert not analyze.is_lifecycle_due(app)
        app.db.execute("delete from trait_state")
        assert analyze.lifecycle(app, 365).stages == now.stages


def test_moves_that_come_late_of_days_that_were_counted_are_counted_too(regular: Town) -> None:
    analyze.keep_lifecycle(regular.app)
    # The calendar is a day on; what comes before the day's tick, or out of history, is still of an older day.
    regular.app.clock.move_to(EPOCH + timedelta(days=TODAY + 1))
    regular.batch([(2, track("Page Viewed", TODAY)), (2, order(TODAY - 2))])
    analyze.keep_lifecycle(regular.app)
    regular.batch([(3, order(TODAY - 1))])

    with regular.app.transaction() as app:
        sizes = analyze.lifecycle(app, 30).sizes
        app.db.execute("delete from lifecycle_net; update lifecycle_counted set until = 0")
        assert analyze.lifecycle(app, 30).sizes == sizes


def test_why_ends_in_her_own_events(regular: Town) -> None:
    with regular.app.transaction() as app:
        found = analyze.why_stage(app, 1)

    assert found.stage == "nurture"
    assert next(step for step in found.steps if step.holds).is_here
    nurture = next(step for step in found.steps if step.is_here)
    assert [(part.value, part.holds) for part in nurture.clauses] == [("20", True), ("1 day", True)]
    assert len(nurture.clauses[0].events) == 20
    assert [part.rule for part in found.steps[0].clauses if not part.wanted] == [
        "at least 1 survey answer",
        "mean survey score below 3",
    ]


def test_nobody_and_nothing_are_refused_in_words(regular: Town) -> None:
    with regular.app.transaction() as app, pytest.raises(UnknownStage, match="no stage named 'loyal'"):
        analyze.stage_members(app, "loyal")
    with regular.app.transaction() as app, pytest.raises(UnknownStage, match="stands in no stage"):
        analyze.why_stage(app, 99)


def stage_of(town: Town, customer: int) -> str | None:
    with town.app.transaction() as app:
        here = analyze.standpoint(app, customer)
    return here.stage.name if here else None


def path_of(town: Town, customer: int) -> list[str | None]:
    with town.app.transaction() as app:
        rows = app.db.execute(
            "select before, after from lifecycle_move where customer = %s order by id", [customer]
        ).fetchall()
    return [rows[0][0], *[after for _, after in rows]]


def told_of(town: Town, customer: int) -> list[str]:
    with town.app.transaction() as app:
        rows = app.db.execute(
            "select properties ->> 'stage' from announcement where customer = %s and name = 'Lifecycle Stage Entered'"
            " order by length(message_id), message_id",
            [customer],
        ).fetchall()
    return [row[0] for row in rows]


def test_a_decision_before_the_first_event_is_no_day_of_the_brand(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    with town.app.transaction() as app:
        analyze.update(app, Changes(people=NOBODY, touched=[]))
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY - 300))

    town.batch([(1, order(TODAY - 300))])

    with town.app.transaction() as app:
        assert app.db.execute("select day from as_of").fetchall() == [(TODAY - 300,)]
