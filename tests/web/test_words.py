"""How things are said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from regulars.web import words
from regulars.web.api.profile import PointsLine
from regulars.web.pages.profile import points_for

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
    ("value", "said"), [("clem@example.com", "c…m@e…m"), ("+12125550001", "+…1"), ("a", "…"), (None, None)]
)
def test_contact_data_is_masked_to_what_one_can_recognize(value: str | None, said: str | None) -> None:
    assert words.masked(value) == said


def test_identifiers_and_addresses_read_like_words() -> None:
    assert words.identifier("login:members") == "Login (members)"
    assert words.identifier("email") == "E-mail"
    assert words.address('{"street": "2 Mill St", "city": "Albany", "postcode": "12207"}') == "2 Mill St, 12207 Albany"
    assert words.initials("Clementine de Sorrel") == "CS"
    assert words.initials("") == "?"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("birth_date", "1963-11-21", "21 November 1963"),
        ("birth_date", "not known", "not known"),
        ("first_name", "1963-11-21", "1963-11-21"),
        ("address", '{"street": "1 Mill Street", "city": "Troy"}', "1 Mill Street, Troy"),
    ],
)
def test_a_profile_field_is_said_as_what_it_is(field: str, value: str, said: str) -> None:
    assert words.stated(value, field) == said


def test_a_reason_within_a_sentence_neither_shouts_nor_breaks_it() -> None:
    assert words.inside("Never agreed to marketing; silence is no") == "never agreed to marketing, silence is no"


@pytest.mark.parametrize(
    ("kind", "place", "note", "said"),
    [
        ("earn", "store 412", "", "Bought in store 412"),
        ("earn", "web", "", "Bought on the web"),
        ("settle", None, "", "Ran out"),
        ("adjust", None, "Sorry for the rye loaf", "Sorry for the rye loaf"),
    ],
)
def test_a_movement_of_points_says_what_it_was_for(kind: str, place: str | None, note: str, said: str) -> None:
    line = PointsLine(kind=kind, day=20_773, points=27, order="", place=place, expires_day=None, note=note)

    assert points_for(line) == said
