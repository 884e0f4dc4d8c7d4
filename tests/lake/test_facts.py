"""Events as typed facts: what could round differently is decided once."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regulars.collect import FACT_COLUMNS, facts_of
from regulars.collect.facts import cents, count, text, whole
from regulars.model import Body, Event

NAMES = [column.name for column in FACT_COLUMNS]
ZONE = ZoneInfo("America/New_York")


def facts(name: str, kind: str = "track", at: datetime | None = None, **properties: Any) -> list[dict[str, Any]]:
    """The facts of one event at a till, by column."""
    when = at or datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    event = Event(
        seq=7, source="till", source_kind="tills", login_space="till", message_id="m", kind=kind, name=name,
        occurred_at=when, received_at=when, body=Body(properties=properties),
    )  # fmt: skip
    return [dict(zip(NAMES, fact, strict=True)) for fact in facts_of([event], ZONE)]


def test_an_order_is_one_fact_and_one_for_each_product() -> None:
    lines = [
        {"category": "FUEL", "quantity": 89_638, "revenue": 19.99, "discount": 0.1},
        {"category": "BREAD", "quantity": 2, "revenue": 1.1, "coupon_discount": 0.55},
    ]

    order, fuel, bread = facts("Order Completed", revenue=21.09, products=lines, store_id=12)

    assert (order["revenue_cents"], order["discount_cents"], order["coupon_cents"]) == (2109, 10, 55)
    assert (order["quantity"], order["store"], order["channel"]) == (3, "12", "store")
    assert (fuel["event"], fuel["quantity"], fuel["revenue_cents"]) == ("Order Line", 1, 1999)
    assert (bread["fact_id"], bread["category"], bread["store"]) == (7 * 4096 + 2, "BREAD", "12")


def test_a_day_is_the_brands_own() -> None:
    (late,) = facts("Email Opened", at=datetime(2026, 3, 2, 3, 30, tzinfo=UTC))
    (noon,) = facts("Email Opened", at=datetime(2026, 3, 2, 17, 0, tzinfo=UTC))

    assert noon["day"] - late["day"] == 1


def test_money_given_back_is_no_revenue() -> None:
    (returned,) = facts("Item Returned", revenue="3.20")

    assert (returned["revenue_cents"], returned["refund_cents"]) == (None, 320)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [(0.29, 29), (1.005, 100), (19.99, 1999), (5, 500), ("12.30", 1230), (-2.5, -250), (True, None), ("x", None)]  # noqa: RUF005
    + [(float("nan"), None), (1e300, None), (None, None), ("Infinity", None), ([], None), ("9" * 40, None)]
    + [(" +1.5e2 ", 15_000), (".5", 50), ("7.", 700), ("1e-9", 0), ("--5", None), ("", None), (".", None)]
    # Beyond what arithmetic should be tried with, and digits that only look like ours.
    + [("1e999997", None), ("1e999999999", None), ("1e-999999999", None), ("0." + "1" * 30_000, None), ("12²", None)]
    + [("\u0661\u0662", None), ("1_000", None), ("NaN", None), ("sNaN", None)],
)
def test_amounts_become_whole_cents_or_nothing(wire: Any, expected: int | None) -> None:
    assert cents(wire) == expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [(3, 3), (3.0, 3), (" -3 ", -3), (True, None), (3.5, None), ("3.0", None), ("--5", None), ("-", None), ("", None)]  # noqa: RUF005
    + [("²", None), ("\u0663", None), ("9" * 400, None), (10**13, None), (-1e13, None), (float("inf"), None)],
)
def test_whole_numbers_are_read_or_there_is_none(wire: Any, expected: int | None) -> None:
    assert whole(wire) == expected


def test_an_order_is_named_by_text_or_number_and_by_nothing_else() -> None:
    def named(value: Any) -> int | None:
        return facts("Order Refunded", order_id=value)[0]["order_hash"]

    assert named(12) == named("12") == named(12.0) is not None
    assert named(1.5) is not None
    assert [named(value) for value in (None, True, [], {}, [1], {"id": 1})] == [None] * 6


def test_one_event_cannot_carry_more_than_a_typing_errors_worth() -> None:
    lines = [{"price": 9e10, "quantity": 999, "discount": 9e10, "coupon_discount": "90000000000"}] * 800

    order, line, *_ = facts("Order Completed", products=lines)

    assert (line["revenue_cents"], order["discount_cents"], order["coupon_cents"]) == (None, None, None)


def test_every_cent_of_a_large_amount_survives_its_way_through_json() -> None:
    assert all(cents(n / 100) == n for n in [*range(20_000), *range(10**11, 10**11 + 20_000)])


def test_odd_values_never_break_a_batch() -> None:
    odd: list[Any] = [None, True, 1.5, float("nan"), "", " ", [], {}, "a\tb\\\n\x00", "9" * 400, -(10**30)]
    odd += ["--5", "-", "²", "1e999999999", [[1]], {"a": 1}, 10**17, float("inf"), "-" * 30_000]
    for value in odd:
        facts(
            "Order Completed", revenue=value, products=[{"category": value, "quantity": value}, value], store_id=value
        )
        facts("Order Completed", products=value)
        facts("Survey Answered", score=value, minutes=value, order_id=value)
        assert whole(value) is None
        assert count(value) == 1
        assert "\t" not in (text(value) or "")
        assert "\n" not in (text(value) or "")


def test_pages_are_facts_and_identify_is_not() -> None:
    assert [fact["event"] for fact in facts("Home", kind="page")] == ["Page Viewed"]
    assert facts("", kind="identify") == []
