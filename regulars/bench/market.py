"""A made-up year of purchases with nothing in it to find, or with exactly the effects that are asked for.

Customers buy at steady rates of their own with gamma distributed gaps; days, hours, products, coupons and channels
are drawn independently of each other and of who buys. So every detector of opportunities has its null here, and an
effect that is planted is the only one.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.analyze import missed
from regulars.kit.clock import EPOCH_DAY
from regulars.lake.duckdb import Engine

EFFECTS = (
    *("overdue_regulars", "one_channel", "near_tier", "category_gap", "slow_hours", "coupon_dependent"),
    *("declining_product", "lapsing_best", "shrinking_baskets"),
)
LAST_DAY = 20_600
DAYS = 364
AFTER_DAYS = 91
HOUR_US = 3_600_000_000
CATEGORIES, PRODUCTS_EACH = 24, 6
OPEN_FROM, OPEN_HOURS = 8, 13
COUPON_RATE = 0.08
WEB_USERS, WEB_PART = 0.4, 0.3
TIERS = tuple(
    missed.Tier(name=name, takes=takes) for name, takes in (("Silver", 750), ("Gold", 1_500), ("Platinum", 3_000))
)
assert EPOCH_DAY.year == 1970

Ints = NDArray[np.int64]


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders and their lines as columns."""

    customer: Ints
    day: Ints
    hour: Ints
    cents: Ints
    coupon_cents: Ints
    is_web: NDArray[np.bool_]
    line_order: Ints
    line_product: Ints
    granted: Ints
    """Credits granted to each customer."""


def made(seed: int, customers: int, effects: Collection[str] = ()) -> Orders:
    """A year of so many customers; the same seed gives the same year."""
    dice = np.random.default_rng(seed)
    usual = 4 + dice.gamma(2.0, 9.0, customers)
    shape = dice.uniform(0.8, 3.0, customers)
    count = int(np.ceil(DAYS / 4)) + 20
    gaps = dice.gamma(shape[:, None], (usual / shape)[:, None], (customers, count))
    # Begun long before the year, so that the first gap is under way at its first day.
    at = np.cumsum(gaps, axis=1) - dice.uniform(0, 1, (customers, 1)) * usual[:, None]
    keep = (at >= 0) & (at < DAYS)
    web_user = dice.random(customers) < WEB_USERS
    picked = dice.random(customers)
    who, place = np.nonzero(keep)
    when = at[who, place]
    chance = dice.random(len(who))
    late = when >= DAYS - AFTER_DAYS
    stays = np.ones(len(who), dtype=bool)
    if "overdue_regulars" in effects:
        stays &= ~((picked[who] < 0.08) & (usual[who] < 15) & (when > DAYS - 60))
    if "lapsing_best" in effects:
        stays &= ~((picked[who] > 0.7) & (usual[who] < 14) & late & (chance < 0.75))
    if "one_channel" in effects:
        stays &= ~(~web_user[who] & late & (chance < 0.3))
    who, when, late = who[stays], when[stays], late[stays]
    day = np.floor(when).astype(np.int64)
    return _filled(dice, who, day, late, web_user, picked, set(effects))


def _filled(
    dice: np.random.Generator,
    who: Ints,
    day: Ints,
    late: NDArray[np.bool_],
    web_user: NDArray[np.bool_],
    picked: NDArray[np.float64],
    effects: set[str],
) -> Orders:
    customers, orders = len(picked), len(who)
    course = dice.uniform(0.5, 1.5, OPEN_HOURS)
    hour = OPEN_FROM + dice.choice(OPEN_HOURS, orders, p=course / course.sum())
    if "slow_hours" in effects:
        is_slow = (weekday(LAST_DAY - DAYS + 1 + day) == 1) & (hour >= 14) & (hour < 16)
        moved = is_slow & (dice.random(orders) < 0.6)
        hour[moved] = OPEN_FROM + dice.choice(6, int(moved.sum()))
    level = dice.lognormal(0, 0.4, customers)
    cents = np.rint(2_500 * level[who] * dice.lognormal(0, 0.5, orders)).astype(np.int64)
    if "shrinking_baskets" in effects:
        cents[late & (picked[who] > 0.4) & (picked[who] < 0.52)] //= 2
    rate = np.where(picked[who] < 0.06, 0.6, COUPON_RATE) if "coupon_dependent" in effects else COUPON_RATE
    coupon = np.where(dice.random(orders) < rate, cents // 5, 0)
    is_web = web_user[who] & (dice.random(orders) < WEB_PART)
    line_order = np.repeat(np.arange(orders), 1 + dice.poisson(2.0, orders))
    product = _products(dice, customers, who[line_order], late[line_order], effects)
    spend = np.bincount(who, cents, customers) / 100
    granted = np.zeros(customers, dtype=np.int64)
    if "near_tier" in effects:
        near = np.flatnonzero((spend > 1_000) & (spend < 1_380) & (picked < 0.5))
        granted[near] = np.rint(1_500 * dice.uniform(0.94, 0.995, len(near)) - spend[near]).astype(np.int64)
    return Orders(
        customer=who, day=LAST_DAY - DAYS + 1 + day, hour=hour, cents=cents, coupon_cents=coupon, is_web=is_web,
        line_order=line_order, line_product=product, granted=granted,
    )  # fmt: skip


def _products(dice: np.random.Generator, customers: int, who: Ints, late: NDArray[np.bool_], effects: set[str]) -> Ints:
    """Product of each line: category times PRODUCTS_EACH plus place; popular ones first."""
    fame = 1 / np.arange(2, CATEGORIES + 2)
    category = dice.choice(CATEGORIES, len(who), p=fame / fame.sum())
    if "category_gap" in effects:
        # Two tastes that begin everywhere and come to share what is theirs: even categories or odd ones.
        taste = dice.integers(0, 2, customers)
        strays = (category % 2 != taste[who]) & (dice.random(len(who)) < 0.6)
        category[strays] = (category[strays] + 1) % CATEGORIES
    product = category * PRODUCTS_EACH + dice.integers(0, PRODUCTS_EACH, len(who))
    if "declining_product" in effects:
        gone = late & (product % 40 == 1) & (dice.random(len(who)) < 0.8)
        product[gone] += 1
    return product


def weekday(day: Ints) -> Ints:
    """0 for Monday; day 0 (1970-01-01) was a Thursday."""
    return (day + 3) % 7


def fill(lake: Engine, orders: Orders) -> None:
    """The views that a year is read from: facts, membership, everybody, span."""
    count, lines, people = len(orders.customer), len(orders.line_order), len(orders.granted)
    of = orders.line_order
    us = (orders.day * 24 + orders.hour) * HOUR_US
    names = np.array([f"Category {number}" for number in range(CATEGORIES)])
    products = np.array([f"P{number}" for number in range(CATEGORIES * PRODUCTS_EACH)])
    share = orders.cents // np.maximum(np.bincount(of, minlength=count), 1)
    lake.arrays("order_fact", {
        "signature": orders.customer, "seq": np.arange(count), "occurred_us": us, "day": orders.day,
        "revenue_cents": orders.cents, "coupon_cents": orders.coupon_cents,
        "channel": np.where(orders.is_web, "web", "store"),
    })  # fmt: skip
    lake.arrays("line_fact", {
        "signature": orders.customer[of], "seq": of, "occurred_us": us[of], "day": orders.day[of],
        "revenue_cents": share[of], "category": names[orders.line_product // PRODUCTS_EACH],
        "product": products[orders.line_product],
    })  # fmt: skip
    granted = np.flatnonzero(orders.granted)
    lake.arrays("grant_fact", {
        "signature": granted, "occurred_us": np.full(len(granted), LAST_DAY * 24 * HOUR_US),
        "day": np.full(len(granted), LAST_DAY), "quantity": orders.granted[granted],
        "refund_cents": np.zeros(len(granted), dtype=np.int64),
    })  # fmt: skip
    lake.view(
        "facts",
        "select 'Order Completed' as event, * from order_fact union all by name"
        " select 'Order Line' as event, * from line_fact union all by name"
        " select 'Tier Credit Granted' as event, * from grant_fact",
    )
    lake.make("membership", f"select range as signature, range as customer from range({people})")
    lake.make("everybody", f"select range as customer, true as known from range({people})")
    lake.table("span", {"signature": "bigint", "from_us": "bigint", "to_us": "bigint", "holder": "bigint"}, [])
    assert lines >= count
