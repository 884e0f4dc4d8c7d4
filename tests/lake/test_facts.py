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
    + [(float("nan"), None), (1e300, None), (None, None), ("Infinity", None), ([], None), ("9" * 40, None)],
)
def test_amounts_become_whole_cents_or_nothing(wire: Any, expected: int | None) -> None:
    assert cents(wire) == expected


def test_every_cent_of_a_large_amount_survives_its_way_through_json() -> None:
    assert all(cents(n / 100) == n for n in [*range(20_000), *range(10**11, 10**11 + 20_000)])


def test_odd_values_never_break_a_batch() -> None:
    odd: list[Any] = [None, True, 1.5, float("nan"), "", " ", [], {}, "a\tb\\\n\x00", "9" * 400, -(10**30)]
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
