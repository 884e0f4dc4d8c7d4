"""Journeys in the database: in once, woken by what happens, gone with the people."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from regulars import design
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.model import Changes, Merge
from tests.design.batches import enrolments, happened, lapse, react

DAY = timedelta(days=1)


def tick(app: App) -> None:
    with app.transaction() as inside:
        design.tick(inside, Changes(people=None, touched=[]), app.clock.now())


def test_a_regular_who_lapses_comes_in_once_however_often_it_is_told(app: App) -> None:
    for _ in range(3):
        react(app, moves=lapse(app, 7))

    assert enrolments(app) == [(7, "live", "pause")]


def test_nobody_comes_in_again_within_ninety_days_and_everybody_may_after(app: App, clock: ManualClock) -> None:
    react(app, moves=lapse(app, 7))
    clock.move_to(clock.now() + 20 * DAY)
    tick(app)
    react(app, moves=lapse(app, 7))
    assert len(enrolments(app)) == 1

    clock.move_to(clock.now() + 71 * DAY)
    react(app, moves=lapse(app, 7))

    assert [status for _, status, _ in enrolments(app)] == ["completed", "live"]


def test_an_order_wakes_her_and_she_leaves_by_the_goal_at_once(app: App, clock: ManualClock) -> None:
    react(app, moves=lapse(app, 7))
    clock.move_to(clock.now() + DAY)

    plays = react(app, [(happened(app, 5, 7, "Order Completed", revenue=10), 7)])

    assert plays.intents == []
    assert enrolments(app) == [(7, "goal", "pause")]


def test_who_waits_three_days_is_asked_for_once(app: App, clock: ManualClock) -> None:
    react(app, moves=lapse(app, 7))
    clock.move_to(clock.now() + 4 * DAY)

    wishes = [len(react(app).intents) for _ in range(3)]

    assert wishes == [1, 0, 0]
    with app.transaction() as inside:
        counts = design.journey_counts(inside, "win-back")
    assert counts.nodes["watch"].here == 1
    assert sum(counts.nodes["holdout"].outcomes.values()) == 1


def test_an_enrolment_goes_with_a_customer_who_was_found_to_be_another(app: App) -> None:
    react(app, moves=lapse(app, 7))

    react(app, merged=[Merge(7, 3)])

    assert enrolments(app) == [(3, "live", "pause")]


def test_two_on_the_same_way_who_are_one_person_go_on_once(app: App) -> None:
    react(app, moves=lapse(app, 3, 7, 8))

    react(app, merged=[Merge(7, 3), Merge(8, 3)])

    assert sorted(status for _, status, _ in enrolments(app)) == ["exited", "exited", "live"]
    assert (3, "live", "pause") in enrolments(app)


def test_two_workers_at_once_take_nobody_twice(app: App, clock: ManualClock) -> None:
    react(app, moves=lapse(app, *range(1, 201)))
    clock.move_to(clock.now() + 4 * DAY)

    with ThreadPoolExecutor(4) as workers:
        plays = list(workers.map(lambda _: react(app), range(8)))

    keys = [intent.key for each in plays for intent in each.intents]
    assert len(keys) == len(set(keys)) == 200


def test_a_walk_that_is_interrupted_leaves_nothing(app: App, clock: ManualClock) -> None:
    react(app, moves=lapse(app, 7))
    clock.move_to(clock.now() + 4 * DAY)
    try:
        with app.transaction() as inside:
            assert len(design.tick(inside, Changes(people=None, touched=[]), clock.now()).intents) == 1
            raise KeyError
    except KeyError:
        pass

    assert enrolments(app) == [(7, "live", "pause")]
    assert len(react(app).intents) == 1
