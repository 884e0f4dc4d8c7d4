"""A year of purchases out of the lake: what the detectors read. One set query for each thing, whatever the size."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, HOURS, YEAR_DAYS, Categories, Ints, Products, Tier, Year
from regulars.lake.duckdb import Engine
from regulars.store import queries

SQL = queries("regulars.analyze.opportunities")
# Bits of one word and of two, by buyers and by revenue: what is rarer cannot be told from chance.
CATEGORIES = 48
PRODUCTS = 120
# Orders with a product in 39 weeks that make somebody a loyal buyer of it.
LOYAL_ORDERS = 4
QUARTER_SECONDS = 900
WEEK_DAYS = 7
COLUMNS = (
    *("orders_before", "orders_after", "spend_before", "spend_after", "spend_year", "first_day", "last_day"),
    *("last_before", "channels_before", "coupon_orders", "coupon_cents", "days", "gap_squares", "granted_credits"),
    "breadth_before",
)


def read(lake: Engine, zone: ZoneInfo, until: int, tiers: tuple[Tier, ...] = ()) -> Year | None:
    """The year that ends with the last order up to `until`; None where nothing was bought.

    `lake` has the views facts, membership (signature, customer), span and everybody (customer, known).
    """
    (last,) = lake.rows(SQL.last_day, {"until": until})[0]
    if last is None:
        return None
    lake.run(SQL.bound, {"first_day": last - YEAR_DAYS + 1, "split": last - AFTER_DAYS + 1, "last_day": last})
    for statement in (SQL.owned, SQL.bought, SQL.line, SQL.given, SQL.sold):
        lake.run(statement)
    _tell_hours(lake, zone)
    lake.run(SQL.kinds, {"most": CATEGORIES})
    lake.run(SQL.goods, {"most": PRODUCTS})
    lake.run(SQL.baskets)
    lake.run(SQL.held)
    buyers = lake.columns(SQL.buyers)
    customers = buyers["customer"].astype(np.int64)
    return Year(
        as_of_day=last,
        customers=customers,
        columns={name: buyers[name].astype(np.float64) for name in COLUMNS},
        had_before=buyers["had_before"].astype(np.int64),
        had_after=buyers["had_after"].astype(np.int64),
        usual_hour=buyers["usual_hour"].astype(np.int64),
        hours=_hours(lake),
        categories=_categories(lake),
        products=_products(lake, customers),
        tiers=tiers,
    )


def _tell_hours(lake: Engine, zone: ZoneInfo) -> None:
    """Which local hour of the week each quarter hour is in; zones change their offset on quarter hours only."""
    hours: list[tuple[int, int]] = []
    for (quarter,) in lake.rows(SQL.quarters):
        local = datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC).astimezone(zone)
        hours.append((quarter, local.weekday() * 24 + local.hour))
    lake.table("hour_of", {"quarter": "bigint", "hour": "bigint"}, hours)


def _hours(lake: Engine) -> Ints:
    found = lake.columns(SQL.hours)
    weeks = YEAR_DAYS // WEEK_DAYS
    counts = np.zeros((weeks, HOURS), dtype=np.int64)
    if len(found["week"]):
        counts[weeks - 1 - found["week"].astype(np.int64), found["hour"].astype(np.int64)] = found["orders"]
        first = int(np.argmax(counts.sum(axis=1) > 0))
        return counts[first:]
    return counts[:0]


def _categories(lake: Engine) -> Categories:
    found = lake.rows(SQL.kind_spend)
    return Categories(
        names=[str(name) for name, _ in found], spend_cents=np.array([cents for _, cents in found], dtype=np.float64)
    )


def _products(lake: Engine, customers: Ints) -> Products:
    sums = lake.columns(SQL.goods_sums)
    loyal = lake.columns(SQL.loyal, {"least": LOYAL_ORDERS})
    return Products(
        names=[str(name) for name in sums["product"]],
        categories=[str(name) for name in sums["category"]],
        before=sums["before"].astype(np.float64),
        after=sums["after"].astype(np.float64),
        square_before=sums["square_before"].astype(np.float64),
        square_after=sums["square_after"].astype(np.float64),
        cross=sums["crossed"].astype(np.float64),
        loyal_product=loyal["place"].astype(np.int64),
        loyal_customer=np.asarray(np.searchsorted(customers, loyal["customer"]), dtype=np.int64),
        loyal_before=loyal["before"].astype(np.float64),
        loyal_after=loyal["after"].astype(np.float64),
        loyal_cents=loyal["cents"].astype(np.float64),
    )
