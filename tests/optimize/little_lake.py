"""Facts of a lake whose answers are known."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from regulars.kit.clock import EPOCH_DAY

MONDAY = (datetime(2026, 3, 2, tzinfo=UTC).date() - EPOCH_DAY).days
Order = tuple[int, int, int, int, str]
"""Record, day, cents, pieces, category."""
Lake = Callable[[Sequence[Order]], None]


def fact(seq: int, line: int, event: str, order: Order) -> dict[str, Any]:
    record, day, cents, pieces, category = order
    return {
        "seq": seq, "line": line, "fact_id": seq * 4096 + line, "event": event,
        "occurred_us": (day * 24 + 11) * 3_600_000_000, "day": day, "revenue_cents": cents, "quantity": pieces,
        "category": category if line else None, "channel": "store", "store": "7", "household": f"h{record % 10}",
        "signature": record,
    }  # fmt: skip
