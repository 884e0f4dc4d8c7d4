"""What to say to somebody who stands before us: pure. Trouble first, then habits, then one thing to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from regulars.kit.clock import day_date, day_number
from regulars.kit.settings import Settings
from regulars.model import Card

FACTS_SHOWN = 3
LOW_SCORE = 2
RETURN_RATE_HIGH = 0.05
# An offer we wrote about counts at the till for this long.
OFFER_OPEN = timedelta(days=14)
POINTS_WORTH_SPENDING = 500
OVERDUE_FACTOR = 2
OVERDUE_GRACE_DAYS = 7
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one look gives about a customer."""

    customer: int
    first_name: str | None
    last_name: str | None
    points: int
    offer: str | None
    """Title of the latest offer we wrote to them about."""
    offered_at: datetime | None
    traits: dict[str, Any]


def card(known: Known, settings: Settings, now: datetime) -> Card:
    """The card of a moment: who, three facts, one action with its why, points."""
    today = day_number(now, settings.zone)
    facts = [*_troubles(known), *_habits(known, settings, today)]
    action, why = next(_actions(known, now, today), (None, None))
    name = " ".join(part for part in (known.first_name, known.last_name) if part)
    return Card(
        customer=known.customer,
        name=name or f"Customer {known.customer}",
        greeting=f"Hello, {known.first_name}" if known.first_name else "Hello",
        facts=facts[:FACTS_SHOWN],
        action=action,
        action_why=why,
        points=known.points,
        as_of=now,
    )


def _troubles(known: Known) -> Iterator[str]:
    score, calls = known.traits.get("last_score"), known.traits.get("calls_90") or 0
    rate = known.traits.get("return_rate") or 0.0
    if score is not None and 0 < score <= LOW_SCORE:
        yield f"Was not happy: {score} of 5 in the latest survey"
    if calls:
        yield f"Called us {_times(calls)} in the last 90 days"
    if rate > RETURN_RATE_HIGH:
        yield f"Brought back {rate:.0%} of what was bought"


def _habits(known: Known, settings: Settings, today: int) -> Iterator[str]:
    traits = known.traits
    away, gap = _away(known, today), traits.get("gap_mean_days")
    if away is not None:
        usual = f", usually every {_days(gap)}" if gap else ""
        yield f"Last order {'today' if away == 0 else f'{_days(away)} ago'}{usual}"
    if traits.get("top_category"):
        yield f"Buys most from {str(traits['top_category']).lower()}"
    if traits.get("orders") and traits.get("first_order_day") is not None:
        since = day_date(traits["first_order_day"]).year
        money = _money(traits.get("spend_cents") or 0, settings.brand_currency)
        yield f"{traits['orders']:,} orders and {money} since {since}"
    if traits.get("favorite_store"):
        yield f"Mostly in store {traits['favorite_store']}"
    if not traits.get("orders"):
        yield "No order yet"


def _actions(known: Known, now: datetime, today: int) -> Iterator[tuple[str, str]]:
    """What would be worth doing, best first."""
    traits = known.traits
    score, away, gap = traits.get("last_score"), _away(known, today), traits.get("gap_mean_days")
    if score is not None and 0 < score <= LOW_SCORE:
        yield "Ask what we could do better, and listen", f"The latest survey answer was {score} of 5"
    if known.offer and known.offered_at and now - known.offered_at <= OFFER_OPEN:
        yield known.offer, f"We wrote about it on {known.offered_at:%-d %B}"
    if away is not None and gap and away > gap * OVERDUE_FACTOR + OVERDUE_GRACE_DAYS:
        yield "Say that it is good to have them back", f"Away for {_days(away)}, usually {_days(gap)}"
    if known.points >= POINTS_WORTH_SPENDING:
        yield f"Offer to spend points: {known.points:,} are there", "Points that are used bring people back"
    if (traits.get("orders") or 0) >= FACTS_SHOWN and traits.get("channels") == 1:
        other = "the shops" if traits.get("last_channel") == "web" else "the web store"
        yield f"Mention {other}", "Has bought in one place only so far"


def _away(known: Known, today: int) -> int | None:
    last = known.traits.get("last_order_day")
    return None if last is None else max(0, today - last)


def _days(days: float) -> str:
    return "1 day" if round(days) == 1 else f"{round(days)} days"


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _money(cents: int, currency: str) -> str:
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{cents // 100:,}" if symbol else f"{cents // 100:,} {currency}"
