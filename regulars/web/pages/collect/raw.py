"""A delivery as it came, for people: pretty, and seen as the one rule of masking says. Pure."""

from __future__ import annotations

import json
from decimal import Decimal

from regulars import collect
from regulars.collect import Look

RAW_SHOWN_CHARACTERS = 20_000


def pretty(content: object, look: Look = collect.hidden) -> str:
    """Indented JSON, cut where it is long."""
    return cut(json.dumps(look(content, (), {}), indent=2, ensure_ascii=False, default=written))


def body(raw: bytes, look: Look) -> str:
    """A delivery as `look` shows it; of what is no JSON, or nested too deep, only the size unless in the clear."""
    content = collect.content_of(raw)
    try:
        if content is not None:
            return pretty(content, look)
    except RecursionError:
        # The reader of deliveries goes deeper than what writes them down for people.
        pass
    return cut(raw.decode("utf-8", "replace")) if look is collect.in_the_clear else collect.masked_whole(len(raw))


def written(value: object) -> str:
    """An amount, which JSON has no exact form for."""
    assert isinstance(value, Decimal)
    return str(value)


def cut(text: str) -> str:
    """Its beginning, where it is long."""
    return text if len(text) <= RAW_SHOWN_CHARACTERS else text[:RAW_SHOWN_CHARACTERS] + "\n…"
