"""The card at the till: trouble first, three facts, one thing to do, and nothing a customer should not read along."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from regulars.engage.card import Known, card
from regulars.kit.clock import day_number
from regulars.kit.settings import Settings
from regulars.model import Card

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = day_number(NOW, Settings().zone)
REGULAR = {
    "orders": 40,
    "spend_cents": 81_260_00,
    "net_spend_cents": 80_000_00,
    "first_order_day": TODAY - 600,
    "last_order_day": TODAY - 3,
    "gap_mean_days": 6.2,
    "top_category": "DAIRY",
    "favorite_store": "334",
    "return_rate": 0.31,
    "channels": 2,
    "rfm": "555",
}


def made(traits: dict[str, Any] | None = None, **more: Any) -> Card:
    return card(Known(customer=7, first_name="Ada", traits={**REGULAR, **(traits or {})}, **more), Settings(), NOW)


def words(shown: Card) -> str:
    return " ".join([shown.greeting, *shown.facts, shown.action or "", shown.action_why or ""])


@pytest.mark.parametrize("traits", [{}, {"last_score": 1, "calls_90": 3}, {"last_order_day": TODAY - 90}])
def test_no_spend_score_or_risk_can_be_read_over_the_shoulder(traits: dict[str, Any]) -> None:
    told = words(made(traits, points=20))

    for secret in ("$", "81,260", "80,000", "555", "%", "of 5", "risk", "lapsing", "value"):
        assert secret not in told


def test_trouble_comes_first_and_three_facts_are_shown() -> None:
    shown = made({"last_score": 2, "calls_90": 2, "last_return_day": TODAY - 4})

    assert shown.facts == [
        "Was not happy in the latest survey",
        "Called us twice in the last 90 days",
        "Brought something back 4 days ago",
    ]
    assert shown.action == "Ask what we could do better, and listen"


@pytest.mark.parametrize("old", [{"last_return_day": TODAY - 200}, {"last_score": 1, "last_answer_day": TODAY - 200}])
def test_what_went_wrong_long_ago_is_history(old: dict[str, Any]) -> None:
    assert made(old).facts[0] == "Last order 3 days ago, usually every 6 days"


def test_without_trouble_the_useful_facts_are_shown() -> None:
    assert made(left_email=True).facts == [
        "Last order 3 days ago, usually every 6 days",
        "Buys most from dairy",
        "Gets no e-mail from us, as asked: say the news here",
    ]


@pytest.mark.parametrize("drawer", ["COUPON/MISC ITEMS", "MISCELLANEOUS(CORP USE ONLY)", "Unknown", None])
def test_what_a_till_files_under_miscellaneous_is_no_taste(drawer: str | None) -> None:
    assert made({"top_category": drawer}).facts[:2] == [
        "Last order 3 days ago, usually every 6 days",
        "Mostly in store 334",
    ]


@pytest.mark.parametrize(
    ("born", "said"),
    [
        (date(1980, 11, 20), "Birthday today"),
        (date(1980, 11, 26), "Birthday on Thursday"),
        (date(1980, 11, 27), "Last order 3 days ago, usually every 6 days"),
        (date(1980, 2, 29), "Last order 3 days ago, usually every 6 days"),
    ],
)
def test_a_birthday_within_the_week_is_told_without_the_age(born: date, said: str) -> None:
    assert made(birth_date=born).facts[0] == said


def test_one_action_with_its_why() -> None:
    back, points = made({"last_order_day": TODAY - 60}), made(points=1_840)

    assert (back.action, back.action_why) == ("Say that it is good to see them again", "The last order was 60 days ago")
    assert (points.action, points.action_why) == ("Offer to spend points today", "1,840 points are there to use")


def test_a_stranger_with_a_card_gets_a_plain_hello() -> None:
    shown = card(Known(customer=7), Settings(), NOW)

    assert (shown.greeting, shown.facts, shown.action) == ("Hello", ["No order yet"], None)


def test_the_offer_of_our_letter_stands_on_the_card_to_its_last_day_also_before_trouble() -> None:
    told = {"offer": "Five off", "offered_at": NOW - timedelta(days=9)}

    last, over = made({"last_score": 1}, offer_until=NOW.date(), **told), made(offer_until=date(2026, 11, 19), **told)

    assert (last.action, last.action_why) == ("Five off", "We wrote about it on 11 November; until 20 November")
    assert last.facts[0] == "Was not happy in the latest survey"
    assert over.action is None
