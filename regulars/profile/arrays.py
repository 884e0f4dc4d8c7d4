"""Lists as PostgreSQL array literals: psycopg dumps a list element by element, many times the work of this."""

from __future__ import annotations

from collections.abc import Iterable


def plain(values: Iterable[int | bool]) -> str:
    """Numbers or truths, for a parameter that the statement casts."""
    return "{" + ",".join(map(str, values)) + "}"


def quoted(values: Iterable[object | None]) -> str:
    """Texts, or what reads as text such as instants; None becomes NULL."""
    return "{" + ",".join(["NULL" if value is None else _quote(str(value)) for value in values]) + "}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
