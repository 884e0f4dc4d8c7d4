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

    assert sentence(best.rule, TRAITS, "EUR").startswith("spend in the last 365 days is at least €3,000 and")


def test_a_currency_without_a_sign_is_said_by_its_code() -> None:
    assert money(6_120, "CHF") == "CHF 61.20"


def test_no_title_guesses_who_the_customer_is() -> None:
    titles = [trait.title for trait in TRAITS] + [segment.title for segment in SEGMENTS]

    assert not {"she", "her", "he", "his"} & {word for title in titles for word in title.lower().split()}
