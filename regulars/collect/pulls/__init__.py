"""The shelf of pulls: places that do not send, so their rows are fetched, those behind a cursor only.

A plug-in is a `Pull`, registered under the kind that a definition names: `pulls.add("sql")(Pull(SqlTable, rows))`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from regulars.kit.registry import Shelf


class Connect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every definition says of its rows; a plug-in adds how to connect."""

    key: str
    """Column that tells rows apart."""
    cursor: str
    """Column that only grows when a row is added or changed: a time or a number."""


class Pull(NamedTuple):
    """What fetches rows."""

    settings: type[Connect]
    """What the table `connect` of a definition must say."""
    rows: Callable[[Any, object], Iterator[dict[str, Any]]]
    """The rows from this cursor value on (None: all), the cursor's own included."""
    is_ordered: bool
    """Rows come in the order of the cursor, so each batch may move it; else it moves when all have come."""


pulls: Shelf[Pull] = Shelf("pulls", __name__)
