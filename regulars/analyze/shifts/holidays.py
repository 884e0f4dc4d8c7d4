"""Weeks that say nothing of habits: those with a day on which everybody shops otherwise. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from regulars.kit.clock import EPOCH_DAY

WEEK_DAYS = 7
# 1970-01-01 was a Thursday.
MONDAY_SHIFT = 3
THURSDAY = 3
NOVEMBER, THANKSGIVING = 11, 4


def week_of(day: int) -> int:
    """Number of the week, Monday to Sunday, that a day lies in."""
    return (day + MONDAY_SHIFT) // WEEK_DAYS


def monday_of(week: int) -> int:
    """The day number of a week's Monday."""
    return week * WEEK_DAYS - MONDAY_SHIFT


@cache
def holiday_weeks(first_year: int, last_year: int) -> frozenset[int]:
    """Weeks with Easter, Independence Day, Thanksgiving, Christmas or New Year, of these years."""
    days: list[date] = []
    for year in range(first_year, last_year + 1):
        days += [date(year, 1, 1), easter(year), date(year, 7, 4), thanksgiving(year), date(year, 12, 25)]
    return frozenset(week_of((day - EPOCH_DAY).days) for day in days)


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, NOVEMBER, 1)
    return first + timedelta(days=(THURSDAY - first.weekday()) % WEEK_DAYS + (THANKSGIVING - 1) * WEEK_DAYS)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar. Source: Meeus, Astronomical Algorithms, chapter 8."""
    cycle, (century, rest) = year % 19, divmod(year, 100)
    epact = (19 * cycle + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (cycle + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
