"""Values and rules as people read them."""

import pytest

from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.rules import sentence, shown
from regulars.kit.money import money


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (8_000, "cents", "$80.00"),
        (-300_000, "cents", "−$3,000"),
        (20_773, "date", "16 November 2026"),
        (0.25, "share", "25%"),
        (5.0, "days", "5.0 days"),
        (None, "cents", "not known"),
    ],
)
def test_values_carry_their_unit_and_days_are_dates(value: object, unit: str, said: str) -> None:
    assert shown(value, unit, "USD") == said


def test_a_rule_says_amounts_with_the_sign_of_the_brands_currency() -> None:
    best = next(segment for segment in SEGMENTS if segment.name == "best_customers")

    assert sentence(best.rule, TRAITS, "EUR").startswith("spend in the last 365 days of at least €3,000 and")


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ("one_channel", "at least 3 orders and exactly 1 channel used"),
        ("coupon_lovers", "at least 3 orders with a coupon and at least 10% of orders with a coupon"),
        ("new_customers", "the first order at most 30 days ago"),
        ("unhappy", "at least 1 survey answer and mean survey score below 3"),
        ("browsing_only", "at least 3 page views in the last 30 days and no orders in the last 30 days"),
        (
            "lapsing_regulars",
            "at least 6 days with an order and more days since the latest order than 2 times usual days between orders"
            " plus 7 and the latest order at most 180 days ago",
        ),
    ],
)
def test_a_segment_is_said_as_a_marketer_would_say_it(segment: str, said: str) -> None:
    rule = next(each.rule for each in SEGMENTS if each.name == segment)

    assert sentence(rule, TRAITS) == said


def test_a_currency_without_a_sign_is_said_by_its_code() -> None:
    assert money(6_120, "CHF") == "CHF 61.20"


def test_no_title_guesses_who_the_customer_is() -> None:
    titles = [trait.title for trait in TRAITS] + [segment.title for segment in SEGMENTS]

    assert not {"she", "her", "he", "his"} & {word for title in titles for word in title.lower().split()}
