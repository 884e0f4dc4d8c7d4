"""How often somebody buys, as a picture: a year of baskets on one line, and whether the next one is overdue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from regulars import collect
from regulars.analyze import TraitValue
from regulars.app import App
from regulars.store import queries
from regulars.web import words

SQL = queries("regulars.web")
YEAR = timedelta(days=365)
# Newer ones first; more could not be told apart on one line.
BASKETS_MAX = 400
# Fewer days of buying make no rhythm.
RHYTHM_MIN_DAYS = 3
WIDTH, LEFT, RIGHT = 800, 16, 784
SMALLEST, LARGEST = 3.0, 9.0
SHOP, WEB = "--chart-1", "--chart-2"
ON_LINE = ("web", "app", "shop")


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase: where it stands, how large it is, what it says."""

    x: float
    radius: float
    color: str
    says: str


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture, in units of its view box."""

    title: str
    sentence: str
    baskets: list[Basket]
    months: list[tuple[float, str]]
    expected: float | None
    """Where the next basket belongs; None: there is no rhythm, or that day has gone by."""


def rhythm(app: App, customer: int, traits: list[TraitValue]) -> Rhythm | None:
    """A year of purchases up to now; None for somebody who bought nothing in it."""
    now = app.clock.now()
    given = {"customer": customer, "since": now - YEAR, "limit": BASKETS_MAX}
    rows = [
        (at, collect.cents(revenue) or 0, channel in ON_LINE or kind in ON_LINE)
        for at, revenue, channel, kind in app.db.execute(SQL.baskets, given)
    ]
    if not rows:
        return None
    known = {trait.name: trait.value for trait in traits}
    gap = _days(known.get("gap_mean_days")) if _days(known.get("order_days")) >= RHYTHM_MIN_DAYS else 0.0
    since = _days(known.get("days_since_order"))
    overdue = gap > 0 and since > gap + _days(known.get("gap_sd_days"))
    start, end = now - YEAR, now + timedelta(days=max(gap - since, 7))

    def place(at: datetime) -> float:
        return LEFT + (RIGHT - LEFT) * ((at - start) / (end - start))

    largest = max(cents for _, cents, _ in rows) or 1
    return Rhythm(
        title=_title(len(rows), gap, since, overdue),
        sentence=_sentence(len(rows), gap),
        baskets=[
            Basket(
                x=place(at),
                radius=SMALLEST + (LARGEST - SMALLEST) * max(0, cents / largest) ** 0.5,
                color=WEB if on_line else SHOP,
                says=f"{words.money(cents, app.settings.brand_currency)}, {words.day(at, app.settings.zone)}",
            )
            for at, cents, on_line in rows
        ],
        months=_months(start, now, place),
        expected=place(now + timedelta(days=gap - since)) if gap and since <= gap else None,
    )


def _days(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _title(bought: int, gap: float, since: float, overdue: bool) -> str:
    if not gap:
        return f"Bought {_times(bought)} in a year; no rhythm yet"
    every = f"Comes every {words.plural(round(gap), 'day')}" if round(gap) > 1 else "Comes every day"
    late = words.plural(round(since - gap), "day")
    return f"{every}; {late} overdue" if overdue else f"{every}; nothing is overdue"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, words.plural(count, "time"))


def _sentence(bought: int, gap: float) -> str:
    about = f", about every {words.plural(round(gap), 'day')}" if gap else ""
    return f"{words.plural(bought, 'purchase')} in a year{about}"


def _months(start: datetime, end: datetime, place: Callable[[datetime], float]) -> list[tuple[float, str]]:
    """Every second month, where it begins."""
    firsts = [
        datetime(start.year + (start.month + ahead) // 12, (start.month + ahead) % 12 + 1, 1, tzinfo=UTC)
        for ahead in range(0, 12, 2)
    ]
    return [(place(first), f"{first:%b}") for first in firsts if start <= first <= end]
