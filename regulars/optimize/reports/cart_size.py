"""How much is in a cart: mean pieces with their interval, and the bands behind them."""

from __future__ import annotations

from typing import Any

from regulars.app import App
from regulars.optimize import bands, intervals, sales
from regulars.optimize.reports import TOO_EARLY, Parameter, ReportResult, nothing, reports
from regulars.optimize.reports.purchase_trends import PERIOD
from regulars.optimize.words import moved, signed

STARTS = [0, 2, 3, 6, 11, 21, 41]
NAMES = ["1 piece", "2 pieces", "3 to 5", "6 to 10", "11 to 20", "21 to 40", "41 and more"]


class CartSize:
    """Pieces an order; measured goods (fuel by the gallon) count as one."""

    name = "cart_size"
    title = "How much is in a cart?"
    parameters: tuple[Parameter, ...] = PERIOD

    def run(self, app: App, params: dict[str, Any]) -> ReportResult:
        found = sales.compared(app, params, sales.SQL.orders_by_pieces, sales.SQL.totals_by_owner)
        if found is None:
            return nothing(self, TOO_EARLY)
        period, (sizes, c) = found
        mean = intervals.of_ratios((c["pieces_now"], c["orders_now"]), (c["pieces_before"], c["orders_before"]))
        return ReportResult(
            name=self.name,
            title=f"A cart holds {mean.now:.1f} pieces, {moved(mean)} from {mean.before:.1f}",
            measure=f"Part of orders by pieces in the cart, {period.told}",
            unit="share",
            columns=bands.COLUMNS,
            rows=bands.rows(sizes, STARTS, NAMES),
            chart=bands.CHART,
            verdict=f"{mean.verdict}: the change lies between {signed(mean.low)} and {signed(mean.high)} pieces",
            as_of_day=period.until,
        )


reports.add(CartSize.name)(CartSize())
