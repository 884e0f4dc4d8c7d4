"""Orders in bands of size: the shape behind a mean, shared by the reports on carts and checkout values. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regulars.optimize.reports import Chart, Column, Series, Value

COLUMNS = [
    Column(name="band", title="Band"),
    Column(name="orders", title="Orders", unit="count"),
    Column(name="share", title="Part of orders", unit="share"),
    Column(name="before", title="Part of orders before", unit="share"),
    Column(name="revenue_cents", title="Revenue", unit="cents"),
]
CHART = Chart(
    kind="bars",
    x="band",
    series=(Series(column="share", title="Now"), Series(column="before", title="Before", role="before")),
)


def rows(columns: dict[str, NDArray[Any]], starts: list[int], names: list[str]) -> list[list[Value]]:
    """One row a band; band i holds sizes from starts[i] up to below the next one, the first also all below it."""
    band = np.maximum(np.searchsorted(starts, columns["size"], side="right") - 1, 0)
    orders = np.zeros((2, len(starts)), dtype=np.int64)
    revenue = np.zeros_like(orders)
    np.add.at(orders, (columns["is_now"], band), columns["orders"])
    np.add.at(revenue, (columns["is_now"], band), columns["revenue_cents"])
    shares = orders / np.maximum(orders.sum(axis=1, keepdims=True), 1)
    return [
        [name, int(orders[1, at]), float(shares[1, at]), float(shares[0, at]), int(revenue[1, at])]
        for at, name in enumerate(names)
    ]
