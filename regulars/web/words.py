"""How numbers, money and time are said on a page. Pure; the templates' filters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from regulars import collect
from regulars.kit.money import MINUS
from regulars.kit.money import SYMBOLS as SYMBOLS
from regulars.kit.money import money as said

AVATAR_COLORS = 5
TRADE = {
    "email": "E-mail",
    "sms": "Text message",
    "post": "Letter",
    "card": "Loyalty card",
    "loyalty_card": "Loyalty card",
    "payment_token": "Payment token",
    "payment": "Payment token",
    "suppressed": "Not sent",
    "held": "Held out",
    "rfm": "Recency, frequency, spend",
    "zone": "Time zone",
    "admin": "Administrator",
    "traits.consent": "Stated in the profile",
}


def number(value: float | Decimal | None, decimals: int = 0) -> str:
    """1,234,567; a true minus; "Not known" for None."""
    if value is None:
        return "Not known"
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def money(cents: int | float | Decimal | None, currency: str = "USD") -> str:
    """$1,234 from 1,000 up, $61.20 below."""
    return "Not known" if cents is None else said(cents, currency)


def percent(part: float | None, decimals: int = 1) -> str:
    """61.8% from 0.618."""
    return "Not known" if part is None else number(part * 100, decimals) + "%"


def plural(count: int, one: str, many: str = "") -> str:
    """1 event, 1,204 events."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clock_time(instant: datetime, zone: ZoneInfo) -> str:
    """17:44 in the brand's zone."""
    return f"{instant.astimezone(zone):%H:%M}"


def day(instant: datetime | date | None, zone: ZoneInfo) -> str:
    """19 November 2026, in the brand's zone."""
    if instant is None:
        return "Not known"
    local = instant.astimezone(zone).date() if isinstance(instant, datetime) else instant
    return f"{local.day} {local:%B %Y}"


def moment(instant: datetime | None, zone: ZoneInfo) -> str:
    """19 Nov 2026, 17:44."""
    if instant is None:
        return "Not known"
    local = instant.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def day_heading(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Today, Yesterday, Thursday 19 November, with the year when it is another one."""
    local, today = instant.astimezone(zone).date(), now.astimezone(zone).date()
    if local == today:
        return "Today"
    if local == today - timedelta(days=1):
        return "Yesterday"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%A} {local.day} {local:%B}{year}"


def ago(instant: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """4 s ago, 6 min ago, 3 h ago; from a day on the date."""
    if instant is None:
        return "Never"
    seconds = int((now - instant).total_seconds())
    if seconds < 0 or seconds >= 86_400:
        return day(instant, zone)
    if seconds < 60:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 3_600 else f"{seconds // 3_600} h ago"


def full_name(first: str | None, last: str | None, customer: int) -> str:
    """How a customer is called on pages."""
    return " ".join(filter(None, [first, last])) or f"Customer {customer}"


def initials(name: str) -> str:
    """CS from Clementine Sorrel; ? when there is no name."""
    parts = [part for part in name.split() if part[0].isalpha()]
    if not parts:
        return "?"
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def avatar(key: int) -> str:
    """The color class of a person, always the same one."""
    return f"c{key % AVATAR_COLORS}"


def masked(value: str | None) -> str | None:
    """c…l@e…m, by the one rule of `collect.masked`."""
    return collect.masked(value) if value else value


def sentence(name: str) -> str:
    """An identifier of ours in words: days_since_last -> Days since last."""
    if name in TRADE:
        return TRADE[name]
    plain = name.replace("_", " ").replace("-", " ").strip()
    return plain[:1].upper() + plain[1:]


def opened(text: str) -> str:
    """A sentence begins with a capital."""
    return text[:1].upper() + text[1:]


def inside(sentence: str) -> str:
    """The words of a sentence within another one: no capital at its head, and no break of its own."""
    text = sentence.replace("; ", ", ")
    return text[:1].lower() + text[1:]


def identifier(kind: str) -> str:
    """The type of an identifier: login:members -> Login (members)."""
    name, _, space = kind.partition(":")
    return sentence(name) + (f" ({space})" if space else "")


def stated(value: str, field: str) -> str:
    """A profile field as it is read: an address on one line, a date of birth as a date."""
    if field == "address":
        return address(value)
    try:
        born = date.fromisoformat(value) if field == "birth_date" else None
    except ValueError:
        return value
    return f"{born.day} {born:%B %Y}" if born else value


def address(value: str) -> str:
    """An address kept as JSON, on one line."""
    try:
        parts = msgspec.json.decode(value, type=dict[str, str | None])
    except msgspec.MsgspecError:
        return value
    town = " ".join(filter(None, [parts.get("postcode"), parts.get("city")]))
    return ", ".join(filter(None, [parts.get("street"), town, parts.get("state"), parts.get("country")]))
