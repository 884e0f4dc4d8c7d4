"""How much is paid at once: the mean with its interval, and the bands behind it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from regulars.app import App
from regulars.optimize import bands, intervals, sales
from regulars.optimize.reports import TOO_EARLY, Parameter, ReportResult, nothing, reports
from regulars.optimize.reports.purchase_trends import PERIOD
from regulars.optimize.words import SYMBOLS, money, moved

# In whole units of the currency.
STARTS = [0, 5, 10, 20, 40, 80, 160]


class CheckoutValue:
    """Money an order."""

    name = "checkout_value"
    title = "How much do customers pay at once?"
    parameters: tuple[Parameter, ...] = PERIOD

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        found = sales.compared(app, params, sales.SQL.orders_by_value, sales.SQL.totals_by_owner)
        if found is None:
            return nothing(self, TOO_EARLY)
        period, (sizes, c) = found
        currency = app.settings.brand_currency
        mean = intervals.of_ratios((c["revenue_now"], c["orders_now"]), (c["revenue_before"], c["orders_before"]))
        return ReportResult(
            name=self.name,
            title=f"A checkout is worth {money(mean.now, currency)}, {moved(mean)} from {money(mean.before, currency)}",
            measure=f"Part of orders by checkout value, {period.told}",
            unit="share",
            columns=bands.COLUMNS,
            rows=bands.rows(sizes, STARTS, names(currency)),
            chart=bands.CHART,
            verdict=f"{mean.verdict}: a change of {money(mean.low, currency)} to {money(mean.high, currency)}",
            as_of_day=period.until,
        )


def names(currency: str) -> list[str]:
    """$5 to $9.99 and so on."""
    sign = SYMBOLS.get(currency, f"{currency} ")
    inner = [f"{sign}{a} to {sign}{b - 1}.99" for a, b in pairwise(STARTS[1:])]
    return [f"under {sign}{STARTS[1]}", *inner, f"{sign}{STARTS[-1]} and more"]


reports.add(CheckoutValue.name)(CheckoutValue())
