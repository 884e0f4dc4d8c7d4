"""How things are said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from regulars.web import words

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("cents", "said"),
    [(6_120, "$61.20"), (81_260_000, "$812,600"), (-450, "−$4.50"), (0, "$0.00"), (None, "Not known")],
)
def test_money_has_cents_only_while_they_matter(cents: int | None, said: str) -> None:
    assert words.money(cents) == said


@pytest.mark.parametrize(
    ("age", "said"),
    [(4, "4 s ago"), (360, "6 min ago"), (10_800, "3 h ago"), (86_400, "1 March 2026"), (-5, "2 March 2026")],
)
def test_time_is_said_as_age_under_a_day_and_then_as_a_date(age: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=age), NOW, ZONE) == said


def test_days_have_headings_in_the_zone_of_the_brand() -> None:
    assert words.day_heading(NOW, NOW, ZONE) == "Today"
    assert words.day_heading(NOW - timedelta(days=1), NOW, ZONE) == "Yesterday"
    assert words.day_heading(datetime(2025, 11, 20, 2, tzinfo=UTC), NOW, ZONE) == "Wednesday 19 November 2025"


@pytest.mark.parametrize(
    ("value", "said"), [("clem@example.com", "c…m@e…m"), ("+12125550001", "+…1"), ("a", "a"), (None, None)]
)
def test_contact_data_is_masked_to_what_one_can_recognize(value: str | None, said: str | None) -> None:
    assert words.masked(value) == said


def test_identifiers_and_addresses_read_like_words() -> None:
    assert words.identifier("login:members") == "Login (members)"
    assert words.identifier("email") == "E-mail"
    assert words.address('{"street": "2 Mill St", "city": "Albany", "postcode": "12207"}') == "2 Mill St, 12207 Albany"
    assert words.initials("Clementine de Sorrel") == "CS"
    assert words.initials("") == "?"
