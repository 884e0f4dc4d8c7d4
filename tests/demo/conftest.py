"""The year of Corner Market, made once a run and summed up."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

import pytest

from regulars.demo import generate
from regulars.demo.stream import SOURCES

TODAY = date(2026, 3, 2)


@dataclass
class Sums:
    """What the generated events add up to, counted from the messages alone."""

    names: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    order_cents: int = 0
    line_cents: Counter[str] = field(default_factory=Counter)
    spend: Counter[str] = field(default_factory=Counter)
    coupon_households: set[str] = field(default_factory=set)
    reached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    redeemed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    kinds: dict[str, str] = field(default_factory=dict)
    """Of campaigns, by their id."""
    message_ids: set[str] = field(default_factory=set)
    ordered: bool = True
    uncounted_orders: int = 0
    last: str = ""


@pytest.fixture(scope="session")
def full() -> Sums:
    """The whole year."""
    sums = Sums()
    for chunk in generate.year("full", TODAY).chunks():
        for made in chunk:
            add(sums, made.message, SOURCES[made.source])
    return sums


def add(sums: Sums, message: dict, source: str) -> None:
    name = message.get("event") or message["type"]
    sums.names[name] += 1
    sums.sources[source] += 1
    sums.message_ids.add(message["messageId"])
    sums.ordered = sums.ordered and message["timestamp"] >= sums.last
    sums.last = message["timestamp"]
    given = message.get("properties", {})
    if name == "Order Completed":
        add_order(sums, given)
    if name == "Campaign Sent":
        sums.reached[given["campaign_type"]].add(given["household_id"])
        sums.kinds[given["campaign_id"]] = given["campaign_type"]
    if name == "Coupon Redeemed":
        sums.redeemed["all"].add(given["household_id"])
        sums.redeemed[given["campaign_id"]].add(given["household_id"])


def add_order(sums: Sums, given: dict) -> None:
    cents = 0
    for line in given["products"]:
        sale = round(line["revenue"] * 100)
        cents += sale
        sums.line_cents["all"] += sale
        sums.line_cents["discounted"] += sale if line.get("discount") else 0
        sums.line_cents["coupon"] += sale if line.get("coupon_discount") else 0
        sums.line_cents["private"] += sale if line.get("brand") == "Private" else 0
        if line.get("coupon_discount") or line.get("coupon_match_discount"):
            sums.coupon_households.add(given["household_id"])
    assert cents == round(given["revenue"] * 100)
    sums.order_cents += cents
    sums.spend[given["household_id"]] += cents
