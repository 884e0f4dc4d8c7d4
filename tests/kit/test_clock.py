"""Time is handed in, and days are the brand's days."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from regulars.kit.clock import (
    EPOCH,
    ManualClock,
    SystemClock,
    day_date,
    day_number,
    from_microseconds,
    microseconds,
)

INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


def test_a_manual_clock_stands_until_it_is_moved_and_sleeping_moves_it() -> None:
    clock = ManualClock(datetime(2026, 3, 2, 16, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == clock.now() == datetime(2026, 3, 2, 15, tzinfo=UTC)

    clock.sleep(90)

    assert clock.now() == datetime(2026, 3, 2, 15, 1, 30, tzinfo=UTC)


def test_a_manual_clock_may_go_back() -> None:
    clock = ManualClock(EPOCH)

    clock.move_to(EPOCH - timedelta(days=1))

    assert clock.now() == datetime(1969, 12, 31, tzinfo=UTC)


def test_the_systems_clock_gives_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_day_changes_at_the_brands_midnight_also_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 3, 28, 22, 59, tzinfo=UTC), datetime(2026, 3, 28, 23, 0, tzinfo=UTC)

    assert day_number(after, berlin) == day_number(before, berlin) + 1
    assert day_date(day_number(after, berlin)).isoformat() == "2026-03-29"


@given(INSTANTS)
def test_microseconds_go_there_and_back_exactly(instant: datetime) -> None:
    assert from_microseconds(microseconds(instant)) == instant


@given(INSTANTS)
def test_a_day_number_is_the_local_date(instant: datetime) -> None:
    zone = ZoneInfo("America/New_York")

    assert day_date(day_number(instant, zone)) == instant.astimezone(zone).date()
