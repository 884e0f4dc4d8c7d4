"""Hours of the week that bring fewer orders than their day and their hour promise."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, HOURS, Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import fewer_than

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MIN_WEEKS = 13
# Hours are open that bring this much a week on average, by what their day and hour promise.
MIN_EXPECTED = 2.0
MIN_MISSING = 0.2
# Who usually comes so close to a slow hour can come in it.
NEAR_HOURS = 2


class SlowHours:
    """Expected is the day's part times the hour's part of all orders; the scatter is that of all hours over weeks."""

    name = "slow_hours"
    title = "Slow hours"
    null = (
        "Each day of the week has the same course, higher or lower: orders of an hour are the day's part times the "
        "hour's part, with the scatter from week to week that all hours show; all hours of the week judged together"
    )
    treatment = "Something that is there only in the slow hour: double points, a tasting, a quick lane"
    response = Response(bring=4, of=40, because="Offers by the hour move some visits; only part of them are new ones")
    stake = "what the slow hours miss in 13 weeks against what they promise, over those who come close to them"
    measure = "Orders a week in the slowest hours, and what their day and hour promise"
    unit = "number"
    reasons = (("Usual hour", "hour"), ("Orders in a year", "count"), ("Spent in a year", "cents"))

    def look(self, year: Year) -> Seen:
        """The hours with fewer orders than chance leaves, and who usually comes close to them."""
        weeks = len(year.hours)
        total = float(year.hours.sum())
        if weeks < MIN_WEEKS or not total:
            return nothing(f"There are fewer than {MIN_WEEKS} weeks of orders with a time")
        mean = year.hours.mean(axis=0).reshape(7, 24)
        promised = (mean.sum(axis=1, keepdims=True) * mean.sum(axis=0, keepdims=True) / mean.sum()).reshape(HOURS)
        is_open = promised >= MIN_EXPECTED
        if is_open.sum() < 24:
            return nothing("Too few hours have two orders a week")
        week_part = year.hours.sum(axis=1, keepdims=True) / total * weeks
        off = (year.hours - week_part * promised)[:, is_open]
        scatter = max(1.0, float((off - off.mean(axis=0)).var(axis=0, ddof=1).sum() / promised[is_open].sum()))
        observed = mean.reshape(HOURS)
        z = np.where(is_open, (observed - promised) / np.sqrt(scatter * np.maximum(promised, 1e-9) / weeks), 0.0)
        tests = int(is_open.sum())
        likely = fewer_than(z)
        slow = is_open & (likely * tests < 0.05) & (observed <= promised * (1 - MIN_MISSING))
        p_value = min(1.0, float(likely[slow].min()) * tests) if slow.any() else 1.0
        return self._seen(year, observed, promised, slow, p_value, is_open)

    def _seen(
        self,
        year: Year,
        observed: np.ndarray,
        promised: np.ndarray,
        slow: np.ndarray,
        p_value: float,
        is_open: np.ndarray,
    ) -> Seen:
        orders = year["orders_before"] + year["orders_after"]
        hours = np.flatnonzero(slow)
        missing = float((promised - observed)[slow].sum()) * AFTER_DAYS / 7
        order_cents = float(year["spend_year"].sum() / max(orders.sum(), 1.0))
        members = np.flatnonzero(_close(hours)[year.usual_hour] & (year.usual_hour >= 0))
        gap = (promised - observed) * is_open
        shown = np.argsort(-gap)[:6].tolist()
        names = [told(hour) for hour in hours[np.argsort(-gap[hours])].tolist()]
        return Seen(
            p_value=p_value,
            finding=f"{names[0]} brings {observed[hours].sum() / promised[hours].sum():.0%} of the orders that its day "
            f"and hour promise{f', as do {len(names) - 1} other hours' if len(names) > 1 else ''}"
            if names
            else "No hour of the week is slower than its day and hour promise",
            members=members,
            stake_cents=np.full(len(members), missing * order_cents / max(len(members), 1)),
            reasons=np.stack(
                [year.usual_hour[members].astype(np.float64), orders[members], year["spend_year"][members]], axis=1
            ),
            facts=[
                Fact("Open hours of the week", int(is_open.sum()), "count"),
                Fact("Slow ones", len(hours), "count"),
                Fact("Orders missing in 13 weeks", missing),
                Fact("An order, on average", order_cents, "cents"),
            ],
            bars=[Bar(told(hour), float(observed[hour]), float(promised[hour])) for hour in shown],
        )


def _close(hours: np.ndarray) -> np.ndarray:
    """For each hour of the week, whether it is no slow one and one is at most NEAR_HOURS away on the same day."""
    close = np.zeros(HOURS, dtype=bool)
    for hour in hours.tolist():
        day = hour // 24 * 24
        close[max(day, hour - NEAR_HOURS) : min(day + 24, hour + NEAR_HOURS + 1)] = True
    close[hours] = False
    return close


def told(hour: int) -> str:
    """Tuesday 14:00."""
    return f"{DAYS[hour // 24]} {hour % 24:02d}:00"


detectors.add(SlowHours.name)(SlowHours())
