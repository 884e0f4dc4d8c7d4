"""Customers who come with a coupon far more often than others do."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import UNUSUAL, at_least, too_many

MIN_ORDERS = 6
MIN_CUSTOMERS = 100
# Below this part of orders with a coupon nobody depends on one.
MIN_PART = 0.2


class CouponDependent:
    """Coupons fall on orders at everybody's rate, unless somebody comes because of them."""

    name = "coupon_dependent"
    title = "Coupon-dependent customers"
    null = "Every order has a coupon with the same chance, whoever's it is: one in a hundred has so many by chance"
    treatment = "Smaller coupons, step by step, and a reason to come that is none: points or an early look"
    response = Response(bring=4, of=40, because="Of coupon money about a tenth can be saved without losing the order")
    stake = "the coupon money they get in 13 weeks"
    measure = "Customers by the part of their orders that had a coupon"
    unit = "count"
    reasons = (("Orders with a coupon", "count"), ("Orders", "count"), ("Coupon money in a year", "cents"))

    def look(self, year: Year) -> Seen:
        """Who used coupons more often than one in a hundred does by chance, and on a fifth of orders at least."""
        orders, coupons = year["orders_before"] + year["orders_after"], year["coupon_orders"]
        buyers = np.flatnonzero(orders >= MIN_ORDERS)
        used = float(coupons[buyers].sum())
        if len(buyers) < MIN_CUSTOMERS or not used:
            return nothing("Too few orders had a coupon")
        rate = used / float(orders[buyers].sum())
        hits, trials = coupons[buyers].astype(np.int64), orders[buyers].astype(np.int64)
        part = hits / trials
        depends = (at_least(hits, trials, rate) < UNUSUAL) & (part >= MIN_PART)
        members, count = buyers[depends], int(depends.sum())
        money = year["coupon_cents"][members]
        return Seen(
            p_value=too_many(count, len(buyers)),
            finding=f"{count:,} customers come with a coupon to {_percent(part[depends])} of their orders; "
            f"everybody does to {rate:.1%}",
            members=members,
            stake_cents=money * AFTER_DAYS / 364,
            reasons=np.stack([coupons[members], orders[members], money], axis=1),
            facts=[
                Fact("Customers with six orders and more", len(buyers), "count"),
                Fact("Coupon-dependent", count, "count"),
                Fact("Part of everybody's orders with a coupon", rate, "share"),
                Fact("Their part of all coupon money", _share(money, year["coupon_cents"]), "share"),
            ],
            bars=_bars(part, trials, rate),
        )


def _percent(parts: np.ndarray) -> str:
    return f"{float(parts.mean()) if len(parts) else 0.0:.0%}"


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / max(whole.sum(), 1.0))


def _bars(part: np.ndarray, trials: np.ndarray, rate: float) -> list[Bar]:
    names = ("none to 5%", "5 to 10%", "10 to 20%", "20 to 40%", "40% and more")
    edges = (0.0, 0.05, 0.1, 0.2, 0.4)
    counts = np.histogram(part, (*edges, 1.01))[0]
    above = [float(at_least(np.ceil(edge * trials).astype(np.int64), trials, rate).sum()) for edge in edges] + [0.0]
    return [
        Bar(name, float(count), more - most)
        for name, count, more, most in zip(names, counts, above, above[1:], strict=False)
    ]


detectors.add(CouponDependent.name)(CouponDependent())
