"""Quiet hours in the customer's own zone, over every change of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.engage.quiet import NIGHT, Window, next_allowed, zone_or

# Half-hour and 45-minute offsets, jumps of 30 minutes, both hemispheres, a skipped day.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
    "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo",
)  # fmt: skip
MINUTE = timedelta(minutes=1)
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(1_230_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s - s % 60, UTC))
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))


def is_quiet(at: datetime, zone: ZoneInfo, windows: tuple[Window, ...]) -> bool:
    return any(window.covers(at.astimezone(zone).time()) for window in windows)


@settings(max_examples=500, deadline=None)
@given(instants, zones, times, times.filter(lambda t: t.hour != 12))
def test_it_is_the_first_minute_that_is_not_quiet(at: datetime, zone: ZoneInfo, start: time, end: time) -> None:
    if start == end:
        return
    windows = (Window(start, end),)

    opens = next_allowed(at, zone, windows)

    assert opens >= at
    assert not is_quiet(opens, zone, windows)
    minutes = int((opens - at) / MINUTE)
    assert all(is_quiet(at + n * MINUTE, zone, windows) for n in range(minutes))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.integers(2009, 2029), st.integers(-6 * 60, 6 * 60))
def test_around_every_change_of_the_clocks_it_is_exact(name: str, year: int, minutes: int) -> None:
    zone = ZoneInfo(name)
    for jump in changes(zone, year):
        at = jump + timedelta(minutes=minutes)
        opens = next_allowed(at, zone, NIGHT)
        assert not is_quiet(opens, zone, NIGHT)
        assert opens == at or is_quiet(opens - timedelta(seconds=1), zone, NIGHT)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


def test_at_eleven_at_night_she_is_left_alone_until_seven() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    opens = next_allowed(datetime(2026, 11, 22, 23, 0, tzinfo=berlin), berlin)

    assert opens.astimezone(berlin) == datetime(2026, 11, 23, 7, 0, tzinfo=berlin)


def test_a_zone_that_is_none_falls_back_to_the_brands() -> None:
    assert [zone_or(name, "Europe/Berlin").key for name in ("Nowhere/Land", "", None, "../etc/passwd")] == [
        "Europe/Berlin"
    ] * 4
