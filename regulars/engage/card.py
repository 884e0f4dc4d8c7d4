"""What to say to somebody who stands before us: pure. Trouble first, then what is useful, then one thing to do.

The customer may read along: no spend, no scores, no risk, and no word that sorts people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from regulars.kit.clock import day_date, day_number
from regulars.kit.settings import Settings
from regulars.model import Card

FACTS_SHOWN = 3
LOW_SCORE = 2
# A return or an unhappy answer is worth a word for this long; later it is history.
RETURN_FRESH_DAYS = 30
ANSWER_FRESH_DAYS = 180
BIRTHDAY_NEAR_DAYS = 7
POINTS_WORTH_SPENDING = 500
OVERDUE_FACTOR = 2
OVERDUE_GRACE_DAYS = 7
ORDERS_OF_A_REGULAR = 3
# Drawers of a till, not tastes: what is filed under one of these words says nothing about anybody.
NO_TASTE = frozenset(
    {
        "coupon",
        "coupons",
        "deposit",
        "deposits",
        "fee",
        "fees",
        "gift",
        "misc",
        "miscellaneous",
        "none",
        "other",
        "unknown",
    }
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one look gives about a customer."""

    customer: int
    first_name: str | None = None
    last_name: str | None = None
    birth_date: date | None = None
    points: int = 0
    offer: str | None = None
    """Title of the latest offer we wrote to them about."""
    offered_at: datetime | None = None
    offer_until: date | None = None
    """Its last day, as the letter says it."""
    left_email: bool = False
    """They unsubscribed from our e-mail."""
    traits: dict[str, Any] = {}


def card(known: Known, settings: Settings, now: datetime) -> Card:
    """The card of a moment: who, three facts, one action with its why, points."""
    today = day_number(now, settings.zone)
    facts = [*_troubles(known, today), *_useful(known, today)]
    action, why = next(_actions(known, today), (None, None))
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


def _troubles(known: Known, today: int) -> Iterator[str]:
    calls, back = known.traits.get("calls_90") or 0, _days_since(known, "last_return_day", today)
    if _is_unhappy(known, today):
        yield "Was not happy in the latest survey"
    if calls:
        yield f"Called us {_times(calls)} in the last 90 days"
    if back is not None and back <= RETURN_FRESH_DAYS:
        yield f"Brought something back {_ago(back)}"


def _useful(known: Known, today: int) -> Iterator[str]:
    traits = known.traits
    away, gap = _days_since(known, "last_order_day", today), traits.get("gap_mean_days")
    birthday = _days_to_birthday(known.birth_date, day_date(today))
    if birthday is not None and birthday < BIRTHDAY_NEAR_DAYS:
        yield f"Birthday {'today' if birthday == 0 else f'on {day_date(today + birthday):%A}'}"
    if away is not None:
        usual = f", usually every {_days(gap)}" if gap else ""
        yield f"Last order {_ago(away)}{usual}"
    category = str(traits.get("top_category") or "").lower()
    if _is_taste(category):
        yield f"Buys most from {category}"
    if known.left_email:
        yield "Gets no e-mail from us, as asked: say the news here"
    if traits.get("favorite_store"):
        yield f"Mostly in store {traits['favorite_store']}"
    if traits.get("orders") and traits.get("first_order_day") is not None:
        yield f"With us since {day_date(traits['first_order_day']):%B %Y}"
    if not traits.get("orders"):
        yield "No order yet"


def _actions(known: Known, today: int) -> Iterator[tuple[str, str]]:
    """What would be worth doing, best first."""
    traits = known.traits
    away, gap = _days_since(known, "last_order_day", today), traits.get("gap_mean_days")
    if known.offer and known.offered_at and known.offer_until and day_date(today) <= known.offer_until:
        # First, also before trouble: our letter says that the till knows of it.
        yield known.offer, f"We wrote about it on {known.offered_at:%-d %B}; until {known.offer_until:%-d %B}"
    if _is_unhappy(known, today):
        yield "Ask what we could do better, and listen", "The latest survey answer was not a happy one"
    if away is not None and gap and away > gap * OVERDUE_FACTOR + OVERDUE_GRACE_DAYS:
        yield "Say that it is good to see them again", f"The last order was {_ago(away)}"
    if known.points >= POINTS_WORTH_SPENDING:
        yield "Offer to spend points today", f"{known.points:,} points are there to use"
    if (traits.get("orders") or 0) >= ORDERS_OF_A_REGULAR and traits.get("channels") == 1:
        on_web = traits.get("last_channel") == "web"
        here, other = ("on the web", "the shops") if on_web else ("in the shops", "the web store")
        yield f"Mention {other}", f"All orders so far were {here}"


def _is_taste(category: str) -> bool:
    return bool(category) and NO_TASTE.isdisjoint(re.split(r"[^a-z]+", category))


def _is_unhappy(known: Known, today: int) -> bool:
    score, answered = known.traits.get("last_score"), _days_since(known, "last_answer_day", today)
    return score is not None and 0 < score <= LOW_SCORE and (answered is None or answered <= ANSWER_FRESH_DAYS)


def _days_since(known: Known, trait: str, today: int) -> int | None:
    day = known.traits.get(trait)
    return None if day is None else max(0, today - day)


def _days_to_birthday(born: date | None, today: date) -> int | None:
    """Days until the next birthday; one of 29 February is kept on 1 March in other years."""
    if born is None:
        return None
    nexts = (_birthday_in(born, year) for year in (today.year, today.year + 1))
    return next((day - today).days for day in nexts if day >= today)


def _birthday_in(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _ago(days: int) -> str:
    return "today" if days == 0 else f"{_days(days)} ago"


def _days(days: float) -> str:
    return "1 day" if round(days) == 1 else f"{round(days)} days"


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")
