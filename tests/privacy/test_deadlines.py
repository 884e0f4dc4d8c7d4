"""By when a request has to be answered: each law's own calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.privacy.deadlines import business_days_later, deadline, extended, months_later

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("received", "due", "longer"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2026, 3, 2), date(2026, 4, 2), date(2026, 6, 2)),
        (date(2026, 12, 31), date(2027, 1, 31), date(2027, 3, 31)),
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last_one(received: date, due: date, longer: date) -> None:
    assert deadline("GDPR", "access", received).due_on == due
    assert extended("GDPR", "access", received) == longer


def test_california_counts_days_and_business_days() -> None:
    friday = date(2026, 3, 6)

    asked, opted_out = deadline("CCPA", "erasure", friday), deadline("CCPA", "opt_out", friday)

    assert asked.acknowledge_by == date(2026, 3, 20)
    assert asked.due_on == friday + timedelta(days=45)
    assert extended("CCPA", "erasure", friday) == friday + timedelta(days=90)
    assert opted_out.due_on == date(2026, 3, 27)
    assert extended("CCPA", "opt_out", friday) is None


def test_brazil_gives_fifteen_days_and_no_more() -> None:
    assert deadline("LGPD", "access", date(2026, 2, 20)).due_on == date(2026, 3, 7)
    assert extended("LGPD", "access", date(2026, 2, 20)) is None


@given(DAYS, st.integers(1, 24))
def test_so_many_months_later_is_in_that_month_and_never_past_its_day(day: date, months: int) -> None:
    later = months_later(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(DAYS, st.integers(1, 30))
def test_business_days_end_on_one_and_count_no_weekend(day: date, count: int) -> None:
    later = business_days_later(day, count)

    between = [day + timedelta(days=n) for n in range(1, (later - day).days + 1)]
    assert later.weekday() < 5
    assert sum(one.weekday() < 5 for one in between) == count
