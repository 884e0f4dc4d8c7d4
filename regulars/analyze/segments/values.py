"""Values in sentences: written so that nothing of them is lost, and read back. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from regulars.analyze import rules
from regulars.kit.clock import EPOCH, day_date
from regulars.kit.money import MINUS, SYMBOLS

TEXT = r'"(?:[^"\\]|\\.)*"'
NUMBER = rf"{MINUS}?\d[\d,]*(?:\.\d+)?"
FORMS = {"date": r"\d{1,2} [A-Z][a-z]+ \d{4}", "share": NUMBER + "%", "days": NUMBER + " days?", "": NUMBER}
SIGN_OF: dict[str, Any] = {said: sign for sign, said in rules.NUMBERS.items()}


def quoted(text: str) -> str:
    """A text in quotation marks, as in JSON."""
    return json.dumps(text, ensure_ascii=False)


def exactly(value: int | float | str, unit: str = "", currency: str = "") -> str:
    """A value in words that lose nothing of it."""
    if isinstance(value, str):
        return quoted(value)
    if unit == "date":
        return f"{day_date(int(value)):%-d %B %Y}"
    number = Decimal(repr(value)) * (100 if unit == "share" else 1)
    if unit == "cents":
        number /= 100
        number = number.quantize(Decimal("0.01")) if number == round(number, 2) != round(number) else number
    text = f"{abs(number.normalize()):,f}" if unit != "cents" else f"{abs(number):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text and unit != "cents" else text
    minus = MINUS if number < 0 else ""
    if unit == "cents":
        return f"{minus}{symbol(currency)}{_whole(text)}"
    if unit == "days":
        return f"{minus}{text} {'day' if value == 1 else 'days'}"
    return f"{minus}{text}{'%' if unit == 'share' else ''}"


def _whole(text: str) -> str:
    return text.removesuffix(".00")


def symbol(currency: str) -> str:
    """What stands before an amount."""
    return SYMBOLS.get(currency, f"{currency} " if currency else "")


def form(unit: str, currency: str) -> str:
    """How a value of this unit is written, as a pattern."""
    return rf"{MINUS}?{re.escape(symbol(currency))}\d[\d,]*(?:\.\d+)?" if unit == "cents" else FORMS[unit]


def value_of(said: str, unit: str) -> Any:
    """The value that is written so."""
    if said.startswith('"'):
        return json.loads(said)
    if unit == "date":
        return (datetime.strptime(said, "%d %B %Y").replace(tzinfo=UTC) - EPOCH).days
    digits = re.sub(r"[^\d.]", "", said)
    number = Decimal(digits) * (-1 if said.startswith(MINUS) else 1)
    number = number * 100 if unit == "cents" else number / 100 if unit == "share" else number
    return int(number) if number == int(number) else float(number)
