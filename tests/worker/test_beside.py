"""Work beside the events rests when it breaks, longer each time, and is at work again once it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest

from regulars.kit.clock import ManualClock
from regulars.worker.beside import REST_FIRST, REST_MAX, Beside

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Step:
    """Breaks while it is told to."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault

    def __call__(self) -> int:
        if self.fault is not None:
            raise self.fault
        return 3


def test_a_step_that_breaks_rests_twice_as_long_each_time_up_to_a_limit() -> None:
    clock = ManualClock(NOON)
    beside, tried_at = Beside(clock), list[datetime]()

    def step() -> int:
        tried_at.append(clock.now())
        raise ZeroDivisionError

    while len(tried_at) < 9:
        assert beside.run("lake", step) == 0
        clock.sleep(REST_FIRST.total_seconds() / 2)

    rests = [later - earlier for earlier, later in pairwise(tried_at)]
    assert rests == [min(REST_FIRST * 2**turn, REST_MAX) for turn in range(8)]


def test_a_step_that_is_mended_works_at_once_and_its_next_rest_is_short() -> None:
    clock = ManualClock(NOON)
    beside, step = Beside(clock), Step(ZeroDivisionError())
    beside.run("lake", step)
    clock.sleep(REST_FIRST.total_seconds())
    step.fault = None

    assert [beside.run("lake", step), beside.run("lake", step)] == [3, 3]

    step.fault = ZeroDivisionError()
    beside.run("lake", step)
    clock.sleep(REST_FIRST.total_seconds())
    step.fault = None
    assert beside.run("lake", step) == 3


def test_another_step_goes_on_meanwhile() -> None:
    beside = Beside(ManualClock(NOON))
    beside.run("lake", Step(ZeroDivisionError()))

    assert beside.run("watch", Step(None)) == 3


def test_a_lost_database_is_nobodys_fault_here() -> None:
    beside = Beside(ManualClock(NOON))

    with pytest.raises(psycopg.OperationalError):
        beside.run("lake", Step(psycopg.OperationalError()))

    assert beside.run("lake", Step(None)) == 3


def test_what_broke_is_raised_once_for_whoever_waits() -> None:
    beside = Beside(ManualClock(NOON))
    beside.run("lake", Step(ZeroDivisionError()))

    with pytest.raises(ZeroDivisionError):
        beside.raise_fault()
    beside.raise_fault()
