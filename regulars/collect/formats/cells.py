"""Typed cells (of Parquet, workbooks, databases) as JSON can say them. Nothing here is a plug-in."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """The row without its empty cells, values as JSON can say them."""
    content = {name: plain(value) for name, value in row.items()}
    return {name: value for name, value in content.items() if value is not None}


def plain(value: object) -> object:
    """What JSON can say; None: nothing."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in cast(dict[str, object], value).items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in cast(list[object], value)]
    return value
