"""Numbers as people read them in findings. Pure."""

from __future__ import annotations

from string import capwords

from regulars.kit.clock import day_date
from regulars.kit.money import SYMBOLS as SYMBOLS
from regulars.kit.money import money as money
from regulars.optimize.intervals import Difference

# A name of no more letters than this is left in its capitals.
CAPITALS_MEANT = 3
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def percent(share: float) -> str:
    """3.1%, without a sign."""
    return f"{abs(share) * 100:.1f}%"


def signed(number: float) -> str:
    """+1.25 or −0.40, with a true minus."""
    return f"{number:+.2f}".replace("-", "−")


def label(name: str) -> str:
    """A name of the range as people read it: Meat-pckgd for MEAT-PCKGD. Short ones (TV, TEA) may well be meant so."""
    letters = [sign for sign in name if sign.isalpha()]
    return capwords(name) if name.isupper() and len(letters) > CAPITALS_MEANT else name


def points(difference: float) -> str:
    """+0.9 pt: a difference of two shares."""
    return f"{'−' if difference < 0 else '+'}{abs(difference) * 100:.1f} pt"


def moved(difference: Difference) -> str:
    """ "up 3.1%", "down 3.1%", or "about level" while it is not proven."""
    if difference.share is None:
        return "new"
    direction = "up" if difference.change > 0 else "down"
    if difference.is_proven:
        return f"{direction} {percent(difference.share)}"
    return f"about level ({direction} {percent(difference.share)}, {difference.verdict})"


def weekday(day: int) -> int:
    """0 for Monday to 6 for Sunday; day 0 (1970-01-01) was a Thursday."""
    return (day + 3) % 7


def dated(day: int) -> str:
    """16 Nov 2026."""
    return f"{day_date(day):%-d %b %Y}"


def span(first: int, last: int) -> str:
    """26 Oct 2026 to 22 Nov 2026."""
    return f"{dated(first)} to {dated(last)}"


def opened(sentence: str) -> str:
    """A sentence begins with a capital."""
    return sentence[:1].upper() + sentence[1:]
