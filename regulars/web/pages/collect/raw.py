"""A delivery as it came, for people: pretty, and with what could name somebody masked. Pure."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, cast

from regulars.web.words import masked

RAW_SHOWN_CHARACTERS = 20_000
# Rather one field too many: what a raw view hides can be looked up in the vendor's own pages.
PERSONAL_KEY = re.compile(
    r"mail|phone|mobile|name|address|street|city|zip|postal|postcode|company|birth|note|message|ip$|_ip|token|card"
    r"|fingerprint|lat|lon|member|contact|user_agent|url|account|iban",
    re.IGNORECASE,
)
PHONE = re.compile(r"\+?[\d\s().-]{7,20}")


def pretty(content: object) -> str:
    """Indented JSON, masked, and cut where it is long."""
    text = json.dumps(hidden(content), indent=2, ensure_ascii=False)
    return text if len(text) <= RAW_SHOWN_CHARACTERS else text[:RAW_SHOWN_CHARACTERS] + "\n…"


def hidden(value: object, key: str = "") -> Any:
    """The same with what could name somebody masked: by the name of its field, or by how it looks."""
    if isinstance(value, dict):
        return {name: hidden(inner, name) for name, inner in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [hidden(inner, key) for inner in cast(list[Any], value)]
    if isinstance(value, str):
        is_personal = PERSONAL_KEY.search(key) or "@" in value or (PHONE.fullmatch(value) and not value.isdecimal())
        return masked(value) if is_personal and not is_time_or_amount(value) else value
    return str(value) if isinstance(value, Decimal) else value


def is_time_or_amount(value: str) -> bool:
    """2026-03-01T10:00:00Z or 19.90: names nobody."""
    return re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-][\d:]+)?)?|-?\d{1,9}\.\d{1,4}", value) is not None
