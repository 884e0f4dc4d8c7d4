"""Numbers of the evidence as people read them. Pure."""

from __future__ import annotations

from regulars.analyze.opportunities.slow_hours import told as hour_told
from regulars.kit.money import money

SMALL_SHARE = 0.001


def told_value(value: float, unit: str, currency: str) -> str:
    """A number in words of its unit: cents, count, share, days, hour (of the week), or a plain one."""
    match unit:
        case "cents":
            return money(round(value), currency)
        case "share":
            return "under 0.1%" if 0 < value < SMALL_SHARE else f"{value:.1%}"
        case "days":
            return f"{value:,.0f} {'day' if round(value) == 1 else 'days'}"
        case "count":
            return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:,.1f}"
        case "hour":
            return hour_told(int(value))
        case _:
            return f"{value:,.1f}"
