"""What is revenue made of: parts of the range (or channels), and which gained or lost beyond chance."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from regulars.app import App
from regulars.optimize import intervals, sales
from regulars.optimize.intervals import Difference
from regulars.optimize.reports import TOO_EARLY, Chart, Column, Parameter, ReportResult, Series, nothing, reports
from regulars.optimize.reports.purchase_trends import PERIOD
from regulars.optimize.words import label, money, percent, points

OTHER = "Other"
MOST_PARTS = 100


class Part(msgspec.Struct, frozen=True):
    """One part of the range: its part of revenue, and the revenue itself."""

    name: str
    share: Difference
    revenue_cents: float
    is_rest: bool = False
    """Everything that is not shown by itself. A real part may well be named Other, too."""


class ProductMix:
    """Revenue by department, category, brand or channel."""

    name = "product_mix"
    title = "What is revenue made of, and what moves?"
    parameters: tuple[Parameter, ...] = (
        Parameter(
            name="by", title="Parts", type="choice", default="department",
            choices=("department", "category", "brand", "channel"),
        ),
        Parameter(name="parts", title="Parts shown", hint="The rest is one", type="whole", default=6, most=MOST_PARTS),
        *PERIOD,
    )  # fmt: skip

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        with sales.opened(app) as lake:
            period = lake.period(params["days"], params["until"]) if lake else None
            if lake is None or period is None:
                return nothing(self, TOO_EARLY)
            columns = lake.columns(sales.SQL.mix_by_owner, part=params["by"], **period.bounds)
        parts = shares(columns, params["parts"])
        return ReportResult(
            name=self.name,
            title=finding(parts, params["by"], app.settings.brand_currency),
            measure=f"Part of revenue by {params['by']}, {period.told}",
            unit="share",
            columns=[
                Column(name="part", title=params["by"].capitalize()),
                Column(name="revenue_cents", title="Revenue", unit="cents"),
                Column(name="share", title="Part of revenue", unit="share"),
                Column(name="before", title="Part before", unit="share"),
                Column(name="change", title="Change", unit="points"),
                Column(name="low", title="Change at least", unit="points"),
                Column(name="high", title="Change at most", unit="points"),
                Column(name="verdict", title="Verdict"),
            ],
            rows=[
                [
                    part.name, round(part.revenue_cents), part.share.now, part.share.before,
                    part.share.change, part.share.low, part.share.high, part.share.verdict,
                ]
                for part in parts
            ],
            chart=Chart(
                kind="parts",
                x="part",
                series=(Series(column="share", title="Now"), Series(column="before", title="Before", role="before")),
            ),
            verdict=_moved(parts) or "no part moved beyond chance",
            as_of_day=period.until,
        )  # fmt: skip


def shares(columns: dict[str, NDArray[Any]], most: int) -> list[Part]:
    """The largest parts by revenue, then everything else as one; customers are the independent units."""
    owners, owner = np.unique(columns["owner"], return_inverse=True)
    names, name = np.unique(columns["part"].astype(str), return_inverse=True)
    revenue = np.bincount(name, columns["revenue_now"] + columns["revenue_before"], len(names))
    largest = sorted(range(len(names)), key=lambda at: (-revenue[at], names[at]))
    place = np.full(len(names), min(most, len(names)))
    place[largest[:most]] = np.arange(len(largest[:most]))
    labels = [str(names[at]) for at in largest[:most]] + [OTHER] * (len(names) > most)
    spend = np.zeros((2, len(labels), len(owners)))
    for period, column in enumerate(("revenue_before", "revenue_now")):
        np.add.at(spend[period], (place[name], owner.reshape(-1)), columns[column])
    total = spend.sum(axis=1)
    return [
        Part(label, _share(spend, total, at), float(spend[1, at].sum()), is_rest=at == most)
        for at, label in enumerate(labels)
    ]


def _share(spend: NDArray[Any], total: NDArray[Any], at: int) -> Difference:
    return intervals.of_ratios((spend[1, at], total[1]), (spend[0, at], total[0]), among=spend.shape[1])


def finding(parts: list[Part], by: str, currency: str) -> str:
    """One sentence: the largest part, and the one that moved most, if any did."""
    if not parts or not any(part.share.now for part in parts):
        return "Nothing was bought in this period"
    first = max((part for part in parts if not part.is_rest), key=lambda part: part.share.now)
    told = f"{label(first.name)} brings {percent(first.share.now)} of revenue ({money(first.revenue_cents, currency)})"
    return f"{told}; {_moved(parts) or f'no {by} moved beyond chance'}"


def _moved(parts: list[Part]) -> str:
    proven = [part for part in parts if part.share.is_proven and not part.is_rest]
    if not proven:
        return ""
    # Of two that moved equally far, the one that gained is news.
    most = max(proven, key=lambda part: (round(abs(part.share.change), 6), part.share.change))
    return f"{label(most.name)} {'gained' if most.share.change > 0 else 'lost'} {points(abs(most.share.change))[1:]}"


reports.add(ProductMix.name)(ProductMix())
