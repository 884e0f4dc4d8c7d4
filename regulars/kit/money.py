"""How an amount is said, everywhere the same. Pure."""

from __future__ import annotations

from decimal import Decimal

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "JPY": "¥"}
MINUS = "−"
CENTS = 100
# From here on cents say nothing.
WHOLE_FROM_CENTS = 1_000 * CENTS


def money(cents: int | float | Decimal, currency: str) -> str:
    """$1,234 from 1,000 up, $61.20 below; a true minus; a currency without a sign of its own by its code."""
    whole = abs(cents) >= WHOLE_FROM_CENTS
    digits = f"{abs(Decimal(str(cents))) / CENTS:,.{0 if whole else 2}f}"
    return f"{MINUS if cents < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{digits}"
